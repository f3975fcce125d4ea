/* loss.c - cross-entropy of rows of logits, as plain/loss.c has it.
 *
 * Sums run in float32 over VW columns of at most RUN logits, and in float64 beyond.
 */
#include "core/compute/simd/simd.h"

#include <string.h>

enum { RUN = 1024 };

static const float LOG2_E = 1.44269504f;

static float largest(const float *x, int V)
{
    float top = -INFINITY;
    int j = 0;
    if (V >= VW) {
        vf most = load(x);
        for (j = VW; j + VW <= V; j += VW) most = larger(load(x + j), most);
        top = largest_of(most);
    }
    for (; j < V; j++) top = x[j] > top ? x[j] : top;
    return top;
}

/* The sum of exp(x - top), which are left in p where it is given. */
INLINE double exp_sum(float *p, const float *x, float top, int V)
{
    double sum = 0;
    int j = 0;
    while (j + VW <= V) {
        vf part = { 0 };
        for (const int end = V - j < RUN ? V : j + RUN; j + VW <= end; j += VW) {
            const vf one = exp2_of((load(x + j) - splat(top)) * splat(LOG2_E));
            if (p) store(p + j, one);
            part += one;
        }
        sum += exact_sum_of(part);
    }
    if (j < V) {
        float tail[VW];
        store(tail, splat(-INFINITY));
        for (int i = j; i < V; i++) tail[i - j] = (x[i] - top) * LOG2_E;
        store(tail, exp2_of(load(tail)));
        for (int i = j; i < V; i++) sum += tail[i - j];
        if (p) memcpy(p + j, tail, sizeof *p * (size_t)(V - j));
    }
    return sum;
}

double SIMD(cross_entropy)(float *nll, const float *logits, const int32_t *target, int N, int V)
{
    double total = 0;
    for (int i = 0; i < N; i++, logits += V) {
        nll[i] = 0;
        if (target[i] < 0) continue;
        const float top = largest(logits, V);
        const double loss = log(exp_sum(NULL, logits, top, V)) + top - logits[target[i]];
        nll[i] = (float)loss;
        total += loss;
    }
    return total;
}

double SIMD(cross_entropy_backward)(float *nll, float *logits, const int32_t *target, int N, int V,
                                    float scale)
{
    double total = 0;
    for (int i = 0; i < N; i++, logits += V) {
        nll[i] = 0;
        if (target[i] < 0) {
            memset(logits, 0, sizeof *logits * (size_t)V);
            continue;
        }
        const float top = largest(logits, V), at = logits[target[i]];
        const double sum = exp_sum(logits, logits, top, V), loss = log(sum) + top - at;
        const float each = (float)(scale / sum);
        int j = 0;
        for (; j + VW <= V; j += VW) store(logits + j, load(logits + j) * splat(each));
        for (; j < V; j++) logits[j] *= each;
        logits[target[i]] -= scale;
        nll[i] = (float)loss;
        total += loss;
    }
    return total;
}
