/* adamw.c - one step of AdamW (kernels.h has the equation), a vector of entries at a time. */
#include "core/compute/simd/simd.h"

#include <string.h>

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
    if (i < n) { /* the rest, through vectors on the stack */
        const size_t bytes = (n - i) * sizeof(float);
        float w1[VW] = { 0 }, m1[VW] = { 0 }, v1[VW] = { 0 }, g1[VW] = { 0 };
        memcpy(w1, w + i, bytes), memcpy(m1, m + i, bytes);
        memcpy(v1, v + i, bytes), memcpy(g1, g + i, bytes);
        update(w1, m1, v1, g1, &r);
        memcpy(w + i, w1, bytes), memcpy(m + i, m1, bytes), memcpy(v + i, v1, bytes);
    }
}
