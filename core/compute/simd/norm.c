/* norm.c - RMSNorm, as plain/norm.c has it; entries VW at a time, the rest one by one.
 *
 * Sums run in float32 over VW columns of at most 1024 entries, and in float64 beyond.
 */
#include "core/compute/simd/simd.h"

enum { RUN = 1024 };

/* sum of a_j b_j, or of a_j b_j c_j where c is given. */
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

void SIMD(rmsnorm)(float *y, float *r, const float *x, const float *gain, int N, int D, float eps)
{
    for (int i = 0; i < N; i++, x += D, y += D) {
        const float rate = (float)(1 / sqrt(dot(x, x, NULL, D) / D + eps));
        int j = 0;
        r[i] = rate;
        for (; j + VW <= D; j += VW) store(y + j, load(x + j) * splat(rate) * load(gain + j));
        for (; j < D; j++) y[j] = x[j] * rate * gain[j];
    }
}

void SIMD(rmsnorm_backward)(float *dx, float *dgain, const float *dy, const float *x,
                            const float *r, const float *gain, int N, int D, float beta)
{
    for (int i = 0; i < N; i++, x += D, dy += D, dx += D) {
        const float rate = r[i];
        const float pull = (float)(dot(dy, gain, x, D) * rate * rate * rate / D);
        int j = 0;
        for (; j + VW <= D; j += VW) {
            const vf g = load(dy + j) * splat(rate), at = load(x + j);
            const vf d = g * load(gain + j) - at * splat(pull);
            store(dgain + j, load(dgain + j) + g * at);
            store(dx + j, beta == 0 ? d : d + splat(beta) * load(dx + j));
        }
        for (; j < D; j++) {
            const float g = dy[j] * rate, d = g * gain[j] - x[j] * pull;
            dgain[j] += g * x[j];
            dx[j] = beta == 0 ? d : d + beta * dx[j];
        }
    }
}
