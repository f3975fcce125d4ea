/* rows.c - plain kernels that work on one row at a time: norms and cross-entropy.
 *
 * Norm of a row x of D entries; over = D is RMSNorm (B. Zhang and R. Sennrich, Root mean square
 * layer normalization, 2019), over = 1 makes its length 1:
 *
 *     y_j = x_j r gain_j      r = (sum_j x_j^2 / over + eps)^(-1/2)
 *     dx_j = r gain_j dy_j - x_j r^3 / over sum_i dy_i gain_i x_i      dgain_j += dy_j x_j r
 *
 * Cross-entropy of a row of V logits:
 *
 *     nll = log sum_j exp(x_j - max) + max - x_target      dx_j = scale (softmax_j - [j = target])
 *
 * Sums are in float64.
 */
#include "core/compute/plain/plain.h"

#include <math.h>
#include <string.h>

void plain_norm(float *y, float *r, const float *x, const float *gain, int N, int D, int over,
                float eps)
{
    for (int i = 0; i < N; i++, x += D, y += D) {
        double sum = 0;
        for (int j = 0; j < D; j++) sum += (double)x[j] * x[j];
        r[i] = (float)(1 / sqrt(sum / over + eps));
        for (int j = 0; j < D; j++) y[j] = x[j] * r[i] * (gain ? gain[j] : 1);
    }
}

void plain_norm_backward(float *dx, float *dgain, const float *dy, const float *x, const float *r,
                         const float *gain, int N, int D, int over, float beta)
{
    for (int i = 0; i < N; i++, x += D, dy += D, dx += D) {
        double sum = 0;
        for (int j = 0; j < D; j++) sum += (double)dy[j] * (gain ? gain[j] : 1) * x[j];
        const float pull = (float)(sum * r[i] * r[i] * r[i] / over);
        for (int j = 0; j < D; j++) {
            const float g = dy[j] * r[i], d = g * (gain ? gain[j] : 1) - x[j] * pull;
            if (gain) dgain[j] += g * x[j];
            dx[j] = beta == 0 ? d : d + beta * dx[j];
        }
    }
}

/* Log-sum-exp of x (V).  A NaN is never taken as the maximum, but it makes the sum NaN. */
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
