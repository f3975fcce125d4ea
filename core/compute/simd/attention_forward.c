/* attention_forward.c - tiled attention (Dao et al., FlashAttention, 2022) without an online
 * softmax where none is needed.
 *
 *     o_i = sum_s p_is v_s / sum_s p_is             p_is = 2^(z_is - top_i)
 *     lse_i = ln(2) (top_i + log2 sum_s p_is)       z_is = q_i . k_s, bent by attention_bend.h
 *
 * The first attempt at a tile takes top = 0.  Rows whose sum lies in (2^-40, 2^100) lose no
 * precision; in a model that trains, these are all rows.  The other rows are taken from a second
 * attempt, in which top is the running maximum (online softmax: Milakov and Gimelshein 2018).  Only
 * these rows are replaced, so the result of a row does not depend on later rows of its tile.
 *
 * Values that are not finite are left out and added separately, only to the rows that see them: a
 * strip multiplies values that only its later rows see by zeros for the earlier rows, and 0 times
 * NaN is not 0.
 */
#include "core/compute/plain/plain.h"
#include "core/compute/simd/attention_bend.h"
#include "core/compute/simd/attention_score.h"
#include "core/compute/simd/simd.h"
#include "core/compute/threads.h"

enum { ROWS = 512 };

static const float HIDDEN = -1e30f;

/* Rows of a tile: sum of p, top, and pv (rows, Ev rounded up), the sum of p v. */
typedef struct rows {
    _Alignas(64) float sum[ROWS], top[ROWS];
    float pv[TILE];
} rows;

/* Keys from..from+n-1 and their values. */
typedef struct keys {
    int from, n;
    bool odd;                            /* some value is not finite; it is 0 in v */
    const float *value;                  /* the original values                    */
    _Alignas(64) float k[TILE], v[TILE]; /* K^T in panels; v in rows               */
} keys;

/* out (n, Ev) = rows of v, with 0 for values that are not finite.  Were there any? */
static bool copy_values(float *out, const float *v, int n, const group *s)
{
    const int Ev = s->a->Ev;
    vi odd = { 0 };
    for (int i = 0; i < n; i++, v += s->a->v_row, out += s->Ev) {
        copy_row(out, v, Ev, 1);
        for (int j = 0; j < s->Ev; j += VW) {
            const vf x = load(out + j);
            const vi finite = x - x == 0;
            odd |= ~finite;
            store(out + j, (vf)((vi)x & finite));
        }
    }
    int any = 0;
    for (int i = 0; i < VW; i++) any |= odd[i];
    return any != 0;
}

static void keys_load(keys *t, const float *k, const float *v, const group *s, int j0, int n)
{
    const attention *a = s->a;
    t->from = j0, t->n = n;
    t->value = v + (size_t)s->g * a->v_head;
    pack_columns(t->k, k + (size_t)j0 * a->k_row + (size_t)s->g * a->k_head, a->k_row, a->E, n);
    t->odd = copy_values(t->v, t->value + (size_t)j0 * a->v_row, n, s);
}

/* Add what copy_values left out: pv of each row += p times value, for the keys that the row sees.
 */
static void add_odd(rows *t, const float *p, const keys *c, const view *v, const group *s, int i,
                    int i0, int i1)
{
    const attention *a = s->a;
    for (int r = 0; r < MR && i + r < i1; r++, p += SCORES) {
        const int place = place_of(s, i + r);
        const int from = max(v->from, place - a->window + 1);
        const int to = min(place + 1, c->from + c->n);
        float *pv = t->pv + (size_t)(i + r - i0) * s->Ev;
        for (int j = from; j < to; j++)
            for (int e = 0; e < a->Ev; e++) {
                const float x = c->value[(size_t)j * a->v_row + e];
                if (!isfinite(x)) pv[e] += p[j - v->from] * x;
            }
    }
}

/* Replace the scores p of one row by powers below a running maximum; scale earlier sums to match.
 */
static void fold(float *p, float *sum, float *top, float *pv, int wide, int Ev)
{
    vf most = load(p);
    for (int c = VW; c < wide; c += VW) most = larger(load(p + c), most);
    const float high = largest_of(most);
    if (high > *top) {
        const float shrink = exp2f(*top - high);
        for (int e = 0; e < Ev; e += VW) store(pv + e, load(pv + e) * splat(shrink));
        *sum *= shrink;
        *top = high;
    }
    for (int c = 0; c < wide; c += VW) store(p + c, exp2_of(load(p + c) - splat(*top)));
}

/* Add one strip of rows against the keys of a tile; carry: with a running maximum; bent: scores are
 * not products alone. */
INLINE void add_strip(bool carry, bool bent, rows *t, const float *q, const keys *c, const group *s,
                      int i, int i0, int i1)
{
    _Alignas(64) float p[MR * SCORES];
    const view v = view_of(s, i, i1, c->from, c->n);
    if (v.n <= 0) return;
    float *pv = t->pv + (size_t)(i - i0) * s->Ev;
    score(carry || bent ? RAW : POWER, p, q, c->k, v.from - c->from, v.wide, s->a->E, s->E, NULL,
          NULL);
    if (bent) bend(p, NULL, NULL, s, &v, i, i1, !carry);
    if (v.ragged) hide(p, s, &v, i, i1, carry ? HIDDEN : 0);
    for (int r = 0; carry && r < MR; r++)
        fold(p + r * SCORES, &t->sum[i - i0 + r], &t->top[i - i0 + r], pv + r * s->Ev, v.wide,
             s->Ev);
    vf sum[MR] = { { 0 } };
    for (int x = 0; x < v.wide; x += VW)
#pragma GCC unroll 8
        for (int r = 0; r < MR; r++) sum[r] += load(p + r * SCORES + x);
    for (int r = 0; r < MR; r++) t->sum[i - i0 + r] += sum_of(sum[r]);
    strip_product(MR, ADD, pv, s->Ev, p, SCORES, 1, c->v + (size_t)(v.from - c->from) * s->Ev,
                  s->Ev, s->Ev, v.n);
    if (c->odd) add_odd(t, p, c, &v, s, i, i0, i1);
}

static void strip_free(rows *t, const float *q, const keys *c, const group *s, int i, int i0,
                       int i1)
{
    add_strip(false, false, t, q, c, s, i, i0, i1);
}

static void strip_carry(rows *t, const float *q, const keys *c, const group *s, int i, int i0,
                        int i1)
{
    add_strip(true, false, t, q, c, s, i, i0, i1);
}

static void strip_free_bent(rows *t, const float *q, const keys *c, const group *s, int i, int i0,
                            int i1)
{
    add_strip(false, true, t, q, c, s, i, i0, i1);
}

static void strip_carry_bent(rows *t, const float *q, const keys *c, const group *s, int i, int i0,
                             int i1)
{
    add_strip(true, true, t, q, c, s, i, i0, i1);
}

/* Rows i0..i1-1 against all their keys; with the maximum carried along, or without. */
static void attempt(bool carry, rows *t, const float *q, const float *k, const float *v,
                    const group *s, int i0, int i1)
{
    static void (*const STRIP[2][2])(rows *, const float *, const keys *, const group *, int, int,
                                     int) = { { strip_free, strip_carry },
                                              { strip_free_bent, strip_carry_bent } };
    keys c;
    const int whole = round_up(i1 - i0, MR), bent = bends(s->a);
    clear(t->pv, (size_t)whole * s->Ev);
    for (int i = 0; i < whole; i++) t->sum[i] = 0, t->top[i] = carry ? HIDDEN : 0;
    const int from = max(0, place_of(s, i0) - s->a->window + 1), to = place_of(s, i1 - 1) + 1;
    for (int j = from; j < to; j += s->keys) {
        keys_load(&c, k, v, s, j, min(s->keys, to - j));
        for (int i = i0; i < i1; i += MR)
            STRIP[bent][carry](t, q + (size_t)(i - i0) * s->E, &c, s, i, i0, i1);
    }
}

static bool fine(float sum)
{
    return sum > 0x1p-40f && sum < 0x1p100f;
}

/* Compute o and lse of rows i0..i1-1 of one group. */
static void tile_forward(float *o, float *lse, const float *q, const float *k, const float *v,
                         const group *s, int i0, int i1)
{
    const attention *a = s->a;
    _Alignas(64) float copy[TILE];
    rows free, carried;
    copy_rows(copy, q, s, i0, i1, a->q_row, a->q_head, a->E, s->E, a->scale * LOG2_E);
    attempt(false, &free, copy, k, v, s, i0, i1);
    bool all = true;
    for (int i = 0; i < i1 - i0; i++) all = all && fine(free.sum[i]);
    if (!all) attempt(true, &carried, copy, k, v, s, i0, i1);

    for (int i = 0; i < i1 - i0; i++) {
        const rows *t = fine(free.sum[i]) ? &free : &carried;
        const float *pv = t->pv + (size_t)i * s->Ev, share = 1 / t->sum[i];
        float *out = o + offset(s, i0 + i, a->o_row, a->o_head);
        int e = 0;
        for (; e + VW <= a->Ev; e += VW) store(out + e, load(pv + e) * splat(share));
        for (; e < a->Ev; e++) out[e] = pv[e] * share;
        if (lse) lse[offset(s, i0 + i, a->H, 1)] = (t->top[i] + log2f(t->sum[i])) * LN_2;
    }
}

/* All tiles of all groups; each tile is a piece of the grid. */
typedef struct forward {
    float *o, *lse;
    const float *q, *k, *v;
    const attention *a;
    int step, tiles; /* rows of a tile; tiles of a group */
} forward;

static void piece(void *arg, int i)
{
    const forward *f = arg;
    const group s = group_of(f->a, i / f->tiles);
    const int from = i % f->tiles * f->step;
    tile_forward(f->o, f->lse, f->q, f->k, f->v, &s, from, min(from + f->step, s.rows));
}

void SIMD(attention_forward)(float *o, float *lse, const float *q, const float *k, const float *v,
                             const attention *a)
{
    if (max(a->E, a->Ev) > WIDEST) {
        plain_attention_forward(o, lse, q, k, v, a);
        return;
    }
    const group s = group_of(a, 0);
    forward f = { .o = o, .lse = lse, .q = q, .k = k, .v = v, .a = a };
    f.step = min(ROWS, TILE / max(s.E, s.Ev)) / MR * MR;
    f.tiles = (s.rows + f.step - 1) / f.step;
    threads_grid(a->G * f.tiles, piece, &f);
}
