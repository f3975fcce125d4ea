/* elementwise.c - vector kernels that work on one entry (RoPE: one pair) at a time: SwiGLU, RoPE,
 * vector sums and AdamW, by the equations in plain/elementwise.c.
 *
 * In SwiGLU and AdamW the last entries, fewer than a vector, are copied into a whole vector on the
 * stack, so that every entry gets the same arithmetic wherever it lies.
 */
#include "core/compute/simd/simd.h"

#include <string.h>

INLINE vf sigmoid(vf x)
{
    return splat(1) / (splat(1) + exp_of(-x));
}

INLINE vf unit(vf gate, vf up)
{
    return gate * sigmoid(gate) * up;
}

void SIMD(swiglu)(float *y, const float *gate, const float *up, size_t n)
{
    size_t i = 0;
    for (; i + VW <= n; i += VW) store(y + i, unit(load(gate + i), load(up + i)));
    if (i < n) {
        float g[VW] = { 0 }, u[VW] = { 0 };
        memcpy(g, gate + i, (n - i) * sizeof *g), memcpy(u, up + i, (n - i) * sizeof *u);
        store(g, unit(load(g), load(u)));
        memcpy(y + i, g, (n - i) * sizeof *y);
    }
}

/* In place, one vector each: gate, up and dy become dgate, dup and y. */
INLINE void unit_backward(float *gate, float *up, float *dy)
{
    const vf g = load(gate), u = load(up), d = load(dy), s = sigmoid(g), silu = g * s;
    store(gate, d * u * (s + silu * (splat(1) - s)));
    store(up, d * silu);
    store(dy, silu * u);
}

void SIMD(swiglu_backward)(float *dgate, float *dup, float *y, const float *dy, const float *gate,
                           const float *up, size_t n)
{
    for (size_t i = 0; i < n; i += VW) {
        const size_t bytes = (n - i < VW ? n - i : VW) * sizeof(float);
        float g[VW] = { 0 }, u[VW] = { 0 }, d[VW] = { 0 };
        if (bytes == sizeof g) {
            store(g, load(gate + i)), store(u, load(up + i)), store(d, load(dy + i));
            unit_backward(g, u, d);
            store(dgate + i, load(g)), store(dup + i, load(u)), store(y + i, load(d));
        } else {
            memcpy(g, gate + i, bytes), memcpy(u, up + i, bytes), memcpy(d, dy + i, bytes);
            unit_backward(g, u, d);
            memcpy(dgate + i, g, bytes), memcpy(dup + i, u, bytes), memcpy(y + i, d, bytes);
        }
    }
}

void SIMD(rope_turn)(float *x, const float *cos, const float *sin, int S, int H, int stride,
                     int half, float sign)
{
    for (int i = 0; i < S; i++, cos += half, sin += half)
        for (int h = 0; h < H; h++, x += stride) {
            float *a = x, *b = x + half;
            int j = 0;
            for (; j + VW <= half; j += VW) {
                const vf u = load(a + j), v = load(b + j), c = load(cos + j);
                const vf s = splat(sign) * load(sin + j);
                store(a + j, u * c - v * s);
                store(b + j, v * c + u * s);
            }
            for (; j < half; j++) {
                const float u = a[j], v = b[j], s = sign * sin[j];
                a[j] = u * cos[j] - v * s;
                b[j] = v * cos[j] + u * s;
            }
        }
}

void SIMD(vector_add)(float *y, const float *x, size_t n)
{
    size_t i = 0;
    for (; i + VW <= n; i += VW) store(y + i, load(y + i) + load(x + i));
    for (; i < n; i++) y[i] += x[i];
}

/* Squares are taken in float64: the square of a float may overflow a float, and the gradient's norm
 * decides how much the gradient is clipped. */
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

/* What all entries of one AdamW update share, in every lane of a vector. */
typedef struct rates {
    vf b1, b2, eps, clip, keep, step, correct;
} rates;

INLINE void update(float *w, float *m, float *v, const float *g, const rates *r)
{
    const vf x = load(g) * r->clip, one = splat(1);
    const vf m1 = r->b1 * load(m) + (one - r->b1) * x;
    const vf v1 = r->b2 * load(v) + (one - r->b2) * x * x;
    store(m, m1), store(v, v1);
    store(w, r->keep * load(w) - r->step * m1 / (square_root(v1 * r->correct) + r->eps));
}

void SIMD(adamw_update)(float *w, float *m, float *v, const float *g, size_t n, const adamw *a)
{
    const rates r = {
        .b1 = splat((float)a->beta1),
        .b2 = splat((float)a->beta2),
        .eps = splat((float)a->eps),
        .clip = splat((float)a->clip),
        .keep = splat((float)(1 - a->lr * a->decay)),
        .step = splat((float)(a->lr / (1 - pow(a->beta1, (double)a->t)))),
        .correct = splat((float)(1 / (1 - pow(a->beta2, (double)a->t)))),
    };
    size_t i = 0;
    for (; i + VW <= n; i += VW) update(w + i, m + i, v + i, g + i, &r);
    if (i < n) {
        const size_t bytes = (n - i) * sizeof(float);
        float w1[VW] = { 0 }, m1[VW] = { 0 }, v1[VW] = { 0 }, g1[VW] = { 0 };
        memcpy(w1, w + i, bytes), memcpy(m1, m + i, bytes);
        memcpy(v1, v + i, bytes), memcpy(g1, g + i, bytes);
        update(w1, m1, v1, g1, &r);
        memcpy(w + i, w1, bytes), memcpy(m + i, m1, bytes), memcpy(v + i, v1, bytes);
    }
}
