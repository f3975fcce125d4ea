/* attention_backward.c - the gradients of tiled attention (Dao et al., FlashAttention, 2022).
 *
 *     dv_s = sum_i p_is do_i                       p_is = 2^(z_is - lse_i log2(e))
 *     ds_is = p_is (do_i . v_s - do_i . o_i)       dk_s = scale sum_i ds_is q_i
 *     dq_i = scale sum_s ds_is k_s                 z_is = q_i . k_s, bent by attention_bend.h
 *
 * The outer loop runs over blocks of keys.  So dk and dv of a block are summed in place, and each
 * block adds its part to dq.  Several threads may work on different blocks at once, each some rows
 * behind the block before it: dq is then summed in the same order, and no memory for partial sums
 * is needed.
 */
#include "core/compute/plain/plain.h"
#include "core/compute/simd/attention_bend.h"
#include "core/compute/simd/attention_score.h"
#include "core/compute/simd/simd.h"
#include "core/compute/threads.h"

#include <limits.h>
#include <sched.h>
#include <stdatomic.h>

enum {
    ROWS = 64,
    BLOCKS = 4096, /* most blocks of keys: at least half a million keys */
    SPINS = 4000,  /* tries before a waiting thread lets others run     */
};

/* A block of keys and values in the layouts that are needed, and its gradients. */
typedef struct keys {
    int from, n;
    _Alignas(64) float kt[TILE], vt[TILE]; /* K^T and V^T in panels     */
    float k[TILE];                         /* k in rows                 */
    float dk[TILE], dv[TILE];              /* in rows; dk without scale */
} keys;

/* A block of rows, and its p and ds against a block of keys. */
typedef struct rows {
    int from, to;
    _Alignas(64) float q[TILE], dO[TILE];
    float lse[ROWS + MR], mean[ROWS + MR]; /* lse log2(e), and do . o      */
    _Alignas(64) float p[(ROWS + MR) * SCORES], ds[(ROWS + MR) * SCORES];
} rows;

static void keys_load(keys *c, const float *k, const float *v, const group *s, int j0, int n)
{
    const attention *a = s->a;
    k += (size_t)j0 * a->k_row + (size_t)s->g * a->k_head;
    v += (size_t)j0 * a->v_row + (size_t)s->g * a->v_head;
    c->from = j0, c->n = n;
    pack_columns(c->kt, k, a->k_row, a->E, n);
    pack_columns(c->vt, v, a->v_row, a->Ev, n);
    for (int j = 0; j < n; j++)
        copy_row(c->k + (size_t)j * s->E, k + (size_t)j * a->k_row, a->E, 1);
    clear(c->dk, (size_t)n * s->E);
    clear(c->dv, (size_t)n * s->Ev);
}

/* out (n) = scale x (n). */
INLINE void put_row(float *out, const float *x, int n, float scale)
{
    int j = 0;
    for (; j + VW <= n; j += VW) store(out + j, load(x + j) * splat(scale));
    for (; j < n; j++) out[j] = x[j] * scale;
}

static void keys_store(float *dk, float *dv, const keys *c, const group *s)
{
    const attention *a = s->a;
    for (int j = 0; j < c->n; j++) {
        const size_t at = (size_t)(c->from + j);
        put_row(dk + at * a->k_row + (size_t)s->g * a->k_head, c->dk + (size_t)j * s->E, a->E,
                LN_2); /* q carries log2(e) */
        put_row(dv + at * a->v_row + (size_t)s->g * a->v_head, c->dv + (size_t)j * s->Ev, a->Ev, 1);
    }
}

/* *out = x (n) . y (n). */
INLINE void dot_body(float *out, const float *x, const float *y, int n)
{
    vf sum = { 0 };
    float rest = 0;
    int j = 0;
#pragma GCC unroll 16
    for (; j + VW <= n; j += VW) sum += load(x + j) * load(y + j);
    for (; j < n; j++) rest += x[j] * y[j];
    *out = sum_of(sum) + rest;
}

/* out (n) += scale x (n). */
INLINE void add_row_body(float *out, const float *x, float scale, int n)
{
    int j = 0;
#pragma GCC unroll 16
    for (; j + VW <= n; j += VW) store(out + j, load(out + j) + load(x + j) * splat(scale));
    for (; j < n; j++) out[j] += x[j] * scale;
}

static void rows_load(rows *t, const float *q, const float *dO, const float *o, const float *lse,
                      const group *s, int i0, int i1)
{
    const attention *a = s->a;
    t->from = i0, t->to = i1;
    copy_rows(t->q, q, s, i0, i1, a->q_row, a->q_head, a->E, s->E, a->scale * LOG2_E);
    copy_rows(t->dO, dO, s, i0, i1, a->o_row, a->o_head, a->Ev, s->Ev, 1);
    for (int i = i0; i < i1; i++) {
        const size_t at = offset(s, i, a->o_row, a->o_head);
        t->lse[i - i0] = lse[offset(s, i, a->H, 1)] * LOG2_E;
        BY_WIDTH(a->Ev, dot_body, t->mean + (i - i0), dO + at, o + at);
    }
    for (int i = i1 - i0; i < round_up(i1 - i0, MR); i++) /* zero rows: p = 0 */
        t->lse[i] = INFINITY, t->mean[i] = 0;
}

/* Compute p and ds of one strip of rows, and add what these keys contribute to its dq.  bent:
 * scores are not products alone; slope (MR, SCORES) is then room for the derivative of the cap. */
INLINE void strip_backward(bool bent, float *slope, float *dq, rows *t, const keys *c,
                           const group *s, int i)
{
    const attention *a = s->a;
    const view v = view_of(s, i, t->to, c->from, c->n);
    if (v.n <= 0) return;
    const int r0 = i - t->from, column = v.from - c->from;
    float *p = t->p + (size_t)r0 * SCORES + column, *ds = t->ds + (size_t)r0 * SCORES + column;
    score(bent ? RAW : SHIFTED, p, t->q + (size_t)r0 * s->E, c->kt, column, v.wide, a->E, s->E,
          t->lse + r0, NULL);
    if (bent) bend(p, slope, t->lse + r0, s, &v, i, t->to, true);
    if (v.ragged) hide(p, s, &v, i, t->to, 0);
    score(TIMES, ds, t->dO + (size_t)r0 * s->Ev, c->vt, column, v.wide, a->Ev, s->Ev, t->mean + r0,
          p);
    if (bent) bend_backward(ds, slope, s, &v, i, t->to);

    _Alignas(64) float part[MR * WIDEST];
    strip_product(MR, SET, part, s->E, ds, SCORES, 1, c->k + (size_t)column * s->E, s->E, s->E,
                  v.n);
    for (int r = 0; r < MR && i + r < t->to; r++) {
        float *to = dq + offset(s, i + r, a->q_row, a->q_head);
        BY_WIDTH(a->E, add_row_body, to, part + r * s->E, a->scale);
    }
}

static void strip_straight(float *dq, rows *t, const keys *c, const group *s, int i)
{
    strip_backward(false, NULL, dq, t, c, s, i);
}

static void strip_bent(float *dq, rows *t, const keys *c, const group *s, int i)
{
    _Alignas(64) float slope[MR * SCORES];
    strip_backward(true, slope, dq, t, c, s, i);
}

/* Add what these rows contribute to dk and dv.  Keys are taken in strips that never cross a
 * multiple of VW columns, because strip_backward writes p and ds in whole vectors. */
static void keys_backward(keys *c, const rows *t, const group *s)
{
    for (int jp = 0; jp < c->n; jp += VW)
        for (int j = jp; j < min(jp + VW, c->n); j += MR) {
            const int n = min(min(MR, jp + VW - j), c->n - j), key = c->from + j;
            const int seen = (key - s->first) * s->R; /* the first row that sees this key */
            const long past = (long)(key + n - 1 + s->a->window - s->first) * s->R;
            const int from = max(t->from, t->from + (seen - t->from) / MR * MR);
            const int to = past < t->to ? (int)past : t->to;
            if (seen >= t->to || from >= to) continue;
            const size_t at = (size_t)(from - t->from);
            strip_product(n, ADD, c->dv + (size_t)j * s->Ev, s->Ev, t->p + at * SCORES + j, 1,
                          SCORES, t->dO + at * s->Ev, s->Ev, s->Ev, to - from);
            strip_product(n, ADD, c->dk + (size_t)j * s->E, s->E, t->ds + at * SCORES + j, 1,
                          SCORES, t->q + at * s->E, s->E, s->E, to - from);
        }
}

/* All blocks of keys of all groups; each block is a piece of the grid.  Every block adds to dq, and
 * does so after the block before it: done[block] is the row up to which it has added. */
typedef struct backward {
    float *dq, *dk, *dv;
    const float *dO, *o, *lse, *q, *k, *v;
    const attention *a;
    int first;  /* group of the first piece  */
    int blocks; /* blocks of keys in a group */
    atomic_int done[BLOCKS];
} backward;

static void wait_for(const atomic_int *done, int row)
{
    for (int i = 0; atomic_load_explicit(done, memory_order_acquire) < row; i++)
        if (i < SPINS)
            _mm_pause();
        else
            sched_yield();
}

static void piece(void *arg, int i)
{
    backward *b = arg;
    const attention *a = b->a;
    const group s = group_of(a, b->first + i / b->blocks);
    const int block = i % b->blocks, j = block * s.keys, n = min(s.keys, a->T - j);
    const int step = min(ROWS, TILE / max(s.E, s.Ev)) / MR * MR;
    const long past = (long)(j + n - 1 + a->window - s.first) * s.R;
    const int from = max(0, (j - s.first) * s.R);
    const int to = past < s.rows ? (int)past : s.rows;
    keys c;
    rows t;
    for (int r = 0; block == 0 && r < s.rows; r++)
        clear(b->dq + offset(&s, r, a->q_row, a->q_head), (size_t)a->E);
    for (int r = 0; a->dbias && r < s.R; r++)
        clear(a->dbias + (size_t)(s.g * s.R + r) * a->bias_head + j, (size_t)n);
    keys_load(&c, b->k, b->v, &s, j, n);
    for (int i0 = from; i0 < to; i0 += step) {
        rows_load(&t, b->q, b->dO, b->o, b->lse, &s, i0, min(i0 + step, to));
        if (block > 0) wait_for(&b->done[i - 1], t.to);
        for (int r = t.from; r < t.to; r += MR)
            (bends(a) ? strip_bent : strip_straight)(b->dq, &t, &c, &s, r);
        atomic_store_explicit(&b->done[i], t.to, memory_order_release);
        keys_backward(&c, &t, &s);
    }
    if (block > 0) wait_for(&b->done[i - 1], INT_MAX);
    atomic_store_explicit(&b->done[i], INT_MAX, memory_order_release);
    keys_store(b->dk, b->dv, &c, &s);
}

void SIMD(attention_backward)(float *dq, float *dk, float *dv, const float *dO, const float *o,
                              const float *lse, const float *q, const float *k, const float *v,
                              const attention *a)
{
    const group s = group_of(a, 0);
    const int blocks = s.keys > 0 ? (a->T + s.keys - 1) / s.keys : 0;
    if (max(a->E, a->Ev) > WIDEST || blocks > BLOCKS) {
        plain_attention_backward(dq, dk, dv, dO, o, lse, q, k, v, a);
        return;
    }
    backward b = { .dq = dq, .dk = dk, .dv = dv, .dO = dO, .o = o, .lse = lse, .blocks = blocks };
    b.q = q, b.k = k, b.v = v, b.a = a;
    const int at_once = min(a->G, BLOCKS / blocks);
    for (; b.first < a->G; b.first += at_once) {
        const int pieces = min(at_once, a->G - b.first) * blocks;
        for (int i = 0; i < pieces; i++) atomic_store(&b.done[i], 0);
        threads_grid(pieces, piece, &b);
    }
}
