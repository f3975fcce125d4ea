/* adamw.c - one step of AdamW, entry by entry; the equation is in kernels.h.
 *
 * I. Loshchilov and F. Hutter, Decoupled weight decay regularization, 2019.
 */
#include "core/compute/plain/plain.h"

#include <math.h>

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
