/* swiglu.c - the gated unit of the feed-forward layer, entry by entry.
 *
 *     y = g s u      s = 1 / (1 + exp(-g))
 *     dg = dy u (s + g s (1 - s))      du = dy g s
 *
 * N. Shazeer, GLU variants improve transformer, 2020.
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
