/* vector.c - sums over vectors, as plain/vector.c has them. */
#include "core/compute/simd/simd.h"

void SIMD(vector_add)(float *y, const float *x, size_t n)
{
    size_t i = 0;
    for (; i + VW <= n; i += VW) store(y + i, load(y + i) + load(x + i));
    for (; i < n; i++) y[i] += x[i];
}

/* Every square in float64: the gradient's norm decides how much of it is clipped, and squares of
 * what a float holds need not fit one. */
double SIMD(vector_square_sum)(const float *x, size_t n)
{
    enum { HALF = VW / 2 };
    typedef float narrow __attribute__((vector_size(4 * HALF), aligned(4), may_alias));
    typedef double wide __attribute__((vector_size(8 * HALF)));
    wide sum[4] = { { 0 } };
    double total = 0;
    size_t i = 0;
    for (; i + 4 * HALF <= n; i += 4 * HALF)
        for (int j = 0; j < 4; j++) {
            const wide at = __builtin_convertvector(*(const narrow *)(x + i + j * HALF), wide);
            sum[j] += at * at;
        }
    sum[0] += sum[1], sum[2] += sum[3], sum[0] += sum[2];
    for (int j = 0; j < HALF; j++) total += sum[0][j];
    for (; i < n; i++) total += (double)x[i] * x[i];
    return total;
}
