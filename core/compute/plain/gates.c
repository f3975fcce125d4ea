/* gates.c - plain kernels of gates: sigmoid gate, softplus, log-sigmoid and product.
 *
 * With s = sigmoid(g) = 1 / (1 + exp(-g)), one gate g for a row x of `width` entries:
 *
 *     y_j = x_j s      dx_j = dy_j s      dg = s (1 - s) sum_j dy_j x_j
 *
 *     softplus(x) = log(1 + exp(x)) = max(x, 0) + log1p(exp(-|x|))      its slope is sigmoid(x)
 *     log_sigmoid(x) = -softplus(-x)                                    its slope is sigmoid(-x)
 */
#include "core/compute/plain/plain.h"

#include <math.h>

/* exp(-g) may overflow: 1 / infinity is the 0 that it should be. */
static float sigmoid(float g)
{
    return 1 / (1 + expf(-g));
}

void plain_sigmoid_gate(float *y, const float *x, const float *g, size_t N, int width)
{
    for (size_t i = 0; i < N; i++, x += width, y += width) {
        const float s = sigmoid(g[i]);
        for (int j = 0; j < width; j++) y[j] = x[j] * s;
    }
}

void plain_sigmoid_gate_backward(float *dx, float *dg, const float *dy, const float *x,
                                 const float *g, size_t N, int width)
{
    for (size_t i = 0; i < N; i++, x += width, dy += width, dx += width) {
        const float s = sigmoid(g[i]);
        double sum = 0;
        for (int j = 0; j < width; j++) {
            sum += (double)dy[j] * x[j];
            dx[j] = dy[j] * s;
        }
        dg[i] = (float)sum * s * (1 - s);
    }
}

void plain_softplus(float *y, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) y[i] = (x[i] < 0 ? 0 : x[i]) + log1pf(expf(-fabsf(x[i])));
}

void plain_softplus_backward(float *dx, const float *dy, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) dx[i] = dy[i] * sigmoid(x[i]);
}

void plain_log_sigmoid(float *y, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) y[i] = (x[i] > 0 ? 0 : x[i]) - log1pf(expf(-fabsf(x[i])));
}

void plain_log_sigmoid_backward(float *dx, const float *dy, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) dx[i] = dy[i] * sigmoid(-x[i]);
}

void plain_vector_multiply(float *y, const float *a, const float *b, size_t n)
{
    for (size_t i = 0; i < n; i++) y[i] = a[i] * b[i];
}

void plain_vector_multiply_backward(float *da, float *db, const float *dy, const float *a,
                                    const float *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const float d = dy[i], u = a[i], v = b[i]; /* read before an output takes their place */
        da[i] = d * v;
        db[i] = d * u;
    }
}
