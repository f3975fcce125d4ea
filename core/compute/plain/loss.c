/* loss.c - cross-entropy of rows of logits, sums in float64.
 *
 *     nll = log sum_j exp(x_j - max) + max - x_target      dx_j = scale (softmax_j - [j = target])
 */
#include "core/compute/plain/plain.h"

#include <math.h>
#include <string.h>

/* Log-sum-exp of a row.  A NaN never wins the maximum, but makes the sum NaN. */
static double log_sum_exp(const float *x, int V)
{
    float top = x[0];
    double sum = 0;
    for (int j = 1; j < V; j++) top = x[j] > top ? x[j] : top;
    for (int j = 0; j < V; j++) sum += exp((double)x[j] - top);
    return log(sum) + top;
}

double plain_cross_entropy(float *nll, const float *logits, const int32_t *target, int N, int V)
{
    double total = 0;
    for (int i = 0; i < N; i++, logits += V) {
        nll[i] = 0;
        if (target[i] < 0) continue;
        const double loss = log_sum_exp(logits, V) - logits[target[i]];
        nll[i] = (float)loss;
        total += loss;
    }
    return total;
}

double plain_cross_entropy_backward(float *nll, float *logits, const int32_t *target, int N, int V,
                                    float scale)
{
    double total = 0;
    for (int i = 0; i < N; i++, logits += V) {
        nll[i] = 0;
        if (target[i] < 0) {
            memset(logits, 0, sizeof *logits * (size_t)V);
            continue;
        }
        const double all = log_sum_exp(logits, V), loss = all - logits[target[i]];
        for (int j = 0; j < V; j++) logits[j] = (float)(scale * exp(logits[j] - all));
        logits[target[i]] -= scale;
        nll[i] = (float)loss;
        total += loss;
    }
    return total;
}
