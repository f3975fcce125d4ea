/* elementwise.c - plain kernels that work on one entry (RoPE: one pair) at a time: SwiGLU, RoPE,
 * vector sums and AdamW.
 *
 * SwiGLU (N. Shazeer, GLU variants improve transformer, 2020), gate g and input u:
 *
 *     y = g s u      s = 1 / (1 + exp(-g))
 *     dg = dy u (s + g s (1 - s))      du = dy g s
 *
 * RoPE rotates pairs by the angles in core/compute/rope.h; AdamW's update is in kernels.h
 * (I. Loshchilov and F. Hutter, Decoupled weight decay regularization, 2019).
 */
#include "core/compute/plain/plain.h"

#include <math.h>

void plain_swiglu(float *y, const float *gate, const float *up, size_t n)
{
    for (size_t i = 0; i < n; i++) y[i] = gate[i] * up[i] / (1 + expf(-gate[i]));
}

void plain_swiglu_backward(float *dgate, float *dup, float *y, const float *dy, const float *gate,
                           const float *up, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const float g = gate[i], u = up[i], d = dy[i], s = 1 / (1 + expf(-g)), silu = g * s;
        dgate[i] = d * u * (s + silu * (1 - s));
        dup[i] = d * silu;
        y[i] = silu * u;
    }
}

void plain_rope_turn(float *x, const float *cos, const float *sin, int S, int H, int stride,
                     int half, float sign)
{
    for (int i = 0; i < S; i++, cos += half, sin += half)
        for (int h = 0; h < H; h++, x += stride)
            for (int j = 0; j < half; j++) {
                const float u = x[j], v = x[j + half], s = sign * sin[j];
                x[j] = u * cos[j] - v * s;
                x[j + half] = v * cos[j] + u * s;
            }
}

void plain_vector_add(float *y, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) y[i] += x[i];
}

double plain_vector_square_sum(const float *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double)x[i] * x[i];
    return sum;
}

void plain_adamw_update(float *w, float *m, float *v, const float *g, size_t n, const adamw *a)
{
    const float b1 = (float)a->beta1, b2 = (float)a->beta2, eps = (float)a->eps;
    const float clip = (float)a->clip, keep = (float)(1 - a->lr * a->decay);
    const float step = (float)(a->lr / (1 - pow(a->beta1, (double)a->t)));
    const float correct = (float)(1 / (1 - pow(a->beta2, (double)a->t)));
    for (size_t i = 0; i < n; i++) {
        const float x = g[i] * clip;
        m[i] = b1 * m[i] + (1 - b1) * x;
        v[i] = b2 * v[i] + (1 - b2) * x * x;
        w[i] = keep * w[i] - step * m[i] / (sqrtf(v[i] * correct) + eps);
    }
}
