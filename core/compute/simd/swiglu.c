/* swiglu.c - the gated unit, as plain/swiglu.c has it.
 *
 * The last entries, fewer than a vector, go through one on the stack, so that every entry gets the
 * same arithmetic wherever it lies.
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

/* Three vectors in, the three of swiglu_backward out: dgate, dup, y instead of gate, up, dy. */
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
