/* gates.c - vector kernels of gates, by the equations in plain/gates.c: sigmoid gate, softplus,
 * log-sigmoid and product.
 *
 * With u = exp(-|x|) in [0, 1] and z = u / (2 + u) in [0, 1/3],
 *
 *     log1p(u) = 2 atanh(z) = 2 z (1 + z^2 / 3 + z^4 / 5 + ... + z^12 / 13)
 *
 * with a relative error below 2e-8, also where u is tiny.  The last entries, fewer than a vector,
 * are computed as part of a whole one, so that every entry gets the same arithmetic.
 */
#include "core/compute/simd/simd.h"

INLINE vf sigmoid(vf x)
{
    return splat(1) / (splat(1) + exp_of(-x));
}

INLINE vf log1p_of(vf u)
{
    const vf z = u / (u + splat(2)), z2 = z * z;
    vf p = splat(1 / 13.0f);
    p = p * z2 + splat(1 / 11.0f);
    p = p * z2 + splat(1 / 9.0f);
    p = p * z2 + splat(1 / 7.0f);
    p = p * z2 + splat(1 / 5.0f);
    p = p * z2 + splat(1 / 3.0f);
    return (z + z) * (p * z2 + splat(1));
}

/* larger() and smaller() take their second argument where either is NaN, so x has to be that. */
INLINE vf softplus_of(vf x)
{
    return larger(splat(0), x) + log1p_of(exp_of(smaller(x, -x)));
}

void SIMD(sigmoid_gate)(float *y, const float *x, const float *g, size_t N, int width)
{
    if (width == 1) {
        for (size_t i = 0; i < N; i += VW)
            store_part(y + i, load_part(x + i, N - i) * sigmoid(load_part(g + i, N - i)), N - i);
        return;
    }
    for (size_t i = 0; i < N; i++, x += width, y += width) {
        const vf s = sigmoid(splat(g[i]));
        int j = 0;
        for (; j + VW <= width; j += VW) store(y + j, load(x + j) * s);
        for (; j < width; j++) y[j] = x[j] * s[0];
    }
}

void SIMD(sigmoid_gate_backward)(float *dx, float *dg, const float *dy, const float *x,
                                 const float *g, size_t N, int width)
{
    if (width == 1) {
        for (size_t i = 0; i < N; i += VW) {
            const size_t n = N - i;
            const vf s = sigmoid(load_part(g + i, n)), d = load_part(dy + i, n);
            store_part(dg + i, d * load_part(x + i, n) * s * (splat(1) - s), n);
            store_part(dx + i, d * s, n);
        }
        return;
    }
    for (size_t i = 0; i < N; i++, x += width, dy += width, dx += width) {
        const vf s = sigmoid(splat(g[i]));
        vf sum = { 0 };
        float rest = 0;
        int j = 0;
        for (; j + VW <= width; j += VW) {
            const vf d = load(dy + j);
            sum += d * load(x + j);
            store(dx + j, d * s);
        }
        for (; j < width; j++) {
            rest += dy[j] * x[j];
            dx[j] = dy[j] * s[0];
        }
        dg[i] = (sum_of(sum) + rest) * s[0] * (1 - s[0]);
    }
}

void SIMD(softplus)(float *y, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i += VW)
        store_part(y + i, softplus_of(load_part(x + i, n - i)), n - i);
}

void SIMD(softplus_backward)(float *dx, const float *dy, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i += VW)
        store_part(dx + i, load_part(dy + i, n - i) * sigmoid(load_part(x + i, n - i)), n - i);
}

void SIMD(log_sigmoid)(float *y, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i += VW)
        store_part(y + i, -softplus_of(-load_part(x + i, n - i)), n - i);
}

void SIMD(log_sigmoid_backward)(float *dx, const float *dy, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i += VW)
        store_part(dx + i, load_part(dy + i, n - i) * sigmoid(-load_part(x + i, n - i)), n - i);
}

void SIMD(vector_multiply)(float *y, const float *a, const float *b, size_t n)
{
    for (size_t i = 0; i < n; i += VW)
        store_part(y + i, load_part(a + i, n - i) * load_part(b + i, n - i), n - i);
}

void SIMD(vector_multiply_backward)(float *da, float *db, const float *dy, const float *a,
                                    const float *b, size_t n)
{
    for (size_t i = 0; i < n; i += VW) {
        const vf d = load_part(dy + i, n - i), u = load_part(a + i, n - i);
        const vf v = load_part(b + i, n - i); /* read before an output takes their place */
        store_part(da + i, d * v, n - i);
        store_part(db + i, d * u, n - i);
    }
}
