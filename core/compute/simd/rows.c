/* rows.c - vector kernels that work on one row at a time: norms and cross-entropy, by the
 * equations in plain/rows.c.
 *
 * A stretch of at most RUN entries is summed in float32, as VW partial sums; these are added up in
 * float64.
 */
#include "core/compute/simd/simd.h"

#include <string.h>

enum { RUN = 1024 };

static const float LOG2_E = 1.44269504f;

/* sum_j a_j b_j, or sum_j a_j b_j c_j if c is not NULL; a, b and c (D). */
INLINE double dot(const float *a, const float *b, const float *c, int D)
{
    double sum = 0;
    int j = 0;
    while (j + VW <= D) {
        vf part = { 0 };
        for (const int end = D - j < RUN ? D : j + RUN; j + VW <= end; j += VW) {
            const vf ab = load(a + j) * load(b + j);
            part += c ? ab * load(c + j) : ab;
        }
        sum += exact_sum_of(part);
    }
    for (; j < D; j++) sum += (double)a[j] * b[j] * (c ? c[j] : 1);
    return sum;
}

void SIMD(norm)(float *y, float *r, const float *x, const float *gain, int N, int D, int over,
                float eps)
{
    for (int i = 0; i < N; i++, x += D, y += D) {
        const float rate = (float)(1 / sqrt(dot(x, x, NULL, D) / over + eps));
        int j = 0;
        r[i] = rate;
        for (; gain && j + VW <= D; j += VW)
            store(y + j, load(x + j) * splat(rate) * load(gain + j));
        for (; j + VW <= D; j += VW) store(y + j, load(x + j) * splat(rate));
        for (; j < D; j++) y[j] = x[j] * rate * (gain ? gain[j] : 1);
    }
}

/* With a gain or without, as a constant: then the arithmetic of one doesn't depend on the other. */
INLINE void norm_backward(bool gained, float *dx, float *dgain, const float *dy, const float *x,
                          const float *r, const float *gain, int N, int D, int over, float beta)
{
    for (int i = 0; i < N; i++, x += D, dy += D, dx += D) {
        const float rate = r[i];
        const double sum = gained ? dot(dy, gain, x, D) : dot(dy, x, NULL, D);
        const float pull = (float)(sum * rate * rate * rate / over);
        int j = 0;
        for (; j + VW <= D; j += VW) {
            const vf g = load(dy + j) * splat(rate), at = load(x + j);
            const vf d = (gained ? g * load(gain + j) : g) - at * splat(pull);
            if (gained) store(dgain + j, load(dgain + j) + g * at);
            store(dx + j, beta == 0 ? d : d + splat(beta) * load(dx + j));
        }
        for (; j < D; j++) {
            const float g = dy[j] * rate, d = (gained ? g * gain[j] : g) - x[j] * pull;
            if (gained) dgain[j] += g * x[j];
            dx[j] = beta == 0 ? d : d + beta * dx[j];
        }
    }
}

void SIMD(norm_backward)(float *dx, float *dgain, const float *dy, const float *x, const float *r,
                         const float *gain, int N, int D, int over, float beta)
{
    if (gain)
        norm_backward(true, dx, dgain, dy, x, r, gain, N, D, over, beta);
    else
        norm_backward(false, dx, dgain, dy, x, r, gain, N, D, over, beta);
}

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

/* sum_j exp(x_j - top) over x (V).  If p (V) is not NULL, it receives the terms; p may be x. */
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
