/* attention_bend.h - scores that are not products alone: soft-cap and bias, for a strip of rows.
 *
 *     z_is = cap(q_i . k_s) + c_i - c_s      cap(z) = z, or softcap tanh(z / softcap)
 *
 * These need the scores of a strip once more, after score() and before their powers, so attention
 * without them does not come here.  Scores and softcap carry a factor log2(e) (attention_tile.h).
 */
#ifndef CORE_COMPUTE_SIMD_ATTENTION_BEND_H
#define CORE_COMPUTE_SIMD_ATTENTION_BEND_H

#include "core/compute/simd/attention_tile.h"

/* Does attention with these arguments need any of this? */
INLINE bool bends(const attention *a)
{
    return a->softcap > 0 || a->bias;
}

/* The head of row i. */
INLINE int head_of(const group *s, int i)
{
    return s->g * s->R + i - position_of(s, i) * s->R;
}

/* p (MR, v->wide) becomes z - by, or 2^(z - by) if `power`; by (MR) may be NULL, which is 0. slope,
 * laid out like p, receives the derivative of the cap if there is one; it may be NULL.  Keys that a
 * row does not see get a number that means nothing. */
INLINE void bend(float *p, float *slope, const float *by, const group *s, const view *v, int i,
                 int i1, bool power)
{
    const attention *a = s->a;
    const float cap = a->softcap * LOG2_E;
    for (int r = 0; r < MR; r++, p += SCORES) {
        const int row = min(i + r, i1 - 1);
        const float *c = a->bias ? a->bias + (size_t)head_of(s, row) * a->bias_head : NULL;
        const vf own = splat(c ? c[place_of(s, row)] : 0), shift = splat(by ? by[r] : 0);
        for (int j = 0; j < v->wide; j += VW) {
            vf x = load(p + j);
            if (cap > 0) {
                const vf t = tanh_of(x * splat(1 / cap));
                if (slope) store(slope + r * SCORES + j, splat(1) - t * t);
                x = splat(cap) * t;
            }
            if (c) {
                const int key = v->from + j;
                x += (own - load_part(c + key, (size_t)(a->T - key))) * splat(LOG2_E);
            }
            store(p + j, power ? exp2_of(x - shift) : x - shift);
        }
    }
}

/* ds (MR, v->wide), the gradient of z, is subtracted from dbias and becomes that of q . k. */
INLINE void bend_backward(float *ds, const float *slope, const group *s, const view *v, int i,
                          int i1)
{
    const attention *a = s->a;
    for (int r = 0; r < MR && i + r < i1; r++) {
        float *row = ds + r * SCORES;
        if (a->dbias) {
            float *dbias = a->dbias + (size_t)head_of(s, i + r) * a->bias_head + v->from;
            for (int j = 0; j < v->n; j += VW) {
                const size_t n = (size_t)(v->n - j);
                store_part(dbias + j, load_part(dbias + j, n) - load(row + j), n);
            }
        }
        for (int j = 0; a->softcap > 0 && j < v->wide; j += VW)
            store(row + j, load(row + j) * load(slope + r * SCORES + j));
    }
}

#endif
