/* attention_one.c - attention of one query position over a long past: a step of decoding.
 *
 *     o_h = sum_s p_hs v_s / sum_s p_hs        p_hs = 2^(q_h . k_s - top_h)
 *
 * The step is bound by reading keys and values, so each is read once, in the order in which it lies
 * in memory: a key for all its heads.  The R = H / G query heads of one key/value head are the rows
 * of one product, so with fewer key/value heads less is read for the same arithmetic (Shazeer 2019;
 * Ainslie et al. 2023).  Soft-cap and bias are applied to the scores of a tile.
 *
 * Keys are cut into pieces for idle threads and pieces into tiles, by the shape alone.  A piece
 * carries a running maximum from tile to tile (Milakov and Gimelshein 2018), and the sums of the
 * pieces are put together in their order (flash-decoding: Dao et al. 2023).
 */
#include "core/compute/simd/micro.h"
#include "core/compute/simd/simd.h"
#include "core/compute/threads.h"

#include <stdbool.h>
#include <string.h>

enum {
    KEYS = 64,             /* keys of a tile                                          */
    STEP = 8,              /* values that are added in one go                         */
    PIECES = 16,           /* most pieces                                             */
    PIECE = 1 << 15,       /* fewest floats of keys and values in a piece             */
    WIDTH = 8192,          /* most H E and H Ev                                       */
    HEADS = 256,           /* most H                                                  */
    SHARED = PIECES << 12, /* floats for the sums of all pieces                       */
    EXTRA = 16,            /* floats after the sum of p v of a head: top, sum of p    */
    REACH = 4,             /* rows of keys or values that are prefetched ahead        */
};

static const float LOG2_E = 1.44269504f, LN_2 = 0.69314718f;

static int min(int a, int b)
{
    return a < b ? a : b;
}

typedef struct work {
    const float *q; /* (H, E), times scale log2(e) */
    const float *k, *v;
    const attention *a;
    int from, each; /* the first key; keys of a piece */
    float *part;    /* (pieces, H, Ev + EXTRA) */
} work;

/* p (heads, KEYS) = scores of `n` keys: four rows of q or four keys share what they load. */
INLINE void score_body(int heads, int keys, float *p, const float *q, const float *k, long k_row,
                       int E)
{
    vf c[4][4];
#pragma GCC unroll 4
    for (int i = 0; i < heads; i++)
#pragma GCC unroll 4
        for (int j = 0; j < keys; j++) c[i][j] = (vf){ 0 };
    for (int e = 0; e < E; e += VW) {
        vf x[4];
#pragma GCC unroll 4
        for (int j = 0; j < keys; j++) x[j] = load(k + j * k_row + e);
#pragma GCC unroll 4
        for (int i = 0; i < heads; i++) {
            const vf y = load(q + i * E + e);
#pragma GCC unroll 4
            for (int j = 0; j < keys; j++) c[i][j] += y * x[j];
        }
    }
#pragma GCC unroll 4
    for (int i = 0; i < heads; i++)
#pragma GCC unroll 4
        for (int j = 0; j < keys; j++) p[i * KEYS + j] = sum_of(c[i][j]);
}

/* The scores of R heads against `keys` (1 or 2) keys; each is the same sum whichever body it is in.
 */
INLINE void score_heads(int keys, float *p, const float *q, const float *k, long k_row, int E,
                        int R)
{
    int r = 0;
    for (; r + 4 <= R; r += 4) score_body(4, keys, p + r * KEYS, q + r * E, k, k_row, E);
    if (R - r >= 2) score_body(2, keys, p + r * KEYS, q + r * E, k, k_row, E), r += 2;
    if (R - r == 1) score_body(1, keys, p + r * KEYS, q + r * E, k, k_row, E);
}

static void scores(float *p, const work *w, int from, int n)
{
    const attention *a = w->a;
    const int R = a->H / a->G, ahead = REACH * a->k_row;
    for (int s = 0; s < n; s += 2)
        for (int g = 0; g < a->G; g++) {
            const float *k = w->k + (size_t)(from + s) * a->k_row + (size_t)g * a->k_head;
            float *out = p + (size_t)g * R * KEYS + s;
            for (int e = 0; e < a->E; e += 16)
                __builtin_prefetch(k + ahead + e), __builtin_prefetch(k + ahead + a->k_row + e);
            if (s + 2 <= n)
                score_heads(2, out, w->q + (size_t)g * R * a->E, k, a->k_row, a->E, R);
            else
                score_heads(1, out, w->q + (size_t)g * R * a->E, k, a->k_row, a->E, R);
        }
}

/* Soft-cap and bias (attention.h) of n scores of head h, keys from `from` on; scores and cap carry
 * a factor log2(e).  The query is at key T - 1. */
static void bend_scores(float *p, const attention *a, int h, int from, int n)
{
    const float cap = a->softcap * LOG2_E;
    const float *c = a->bias ? a->bias + (size_t)h * a->bias_head : NULL;
    for (int s = 0; s < n; s += VW) {
        vf x = load(p + s);
        if (cap > 0) x = splat(cap) * tanh_of(x * splat(1 / cap));
        if (c) {
            const vf past = load_part(c + from + s, (size_t)min(VW, n - s));
            x += (splat(c[a->T - 1]) - past) * splat(LOG2_E);
        }
        store(p + s, x);
    }
}

/* Scores p (n) of one head become powers; its sums so far are brought to the new maximum. */
static void fold(float *p, int n, float *pv, float *top, float *sum, int Ev)
{
    float high = *top;
    for (int s = 0; s < n; s++) high = p[s] > high ? p[s] : high;
    if (high > *top) {
        const float shrink = exp2f(*top - high);
        for (int e = 0; e < Ev; e += VW) store(pv + e, load(pv + e) * splat(shrink));
        *sum *= shrink, *top = high;
    }
    for (int s = n; s < (n + VW - 1) / VW * VW; s++) p[s] = -INFINITY;
    vf add = { 0 };
    for (int s = 0; s < n; s += VW) {
        const vf x = exp2_of(load(p + s) - splat(high));
        store(p + s, x);
        add += x;
    }
    *sum += sum_of(add);
}

/* pv (R, Ev) += p (R, n) v, where rows of pv and p are `wide` and KEYS apart. */
static void add_values(float *pv, long wide, const float *p, const float *v, const attention *a,
                       int n, int R)
{
    for (int r = 0; r < R; r += MR) {
        const int rows = min(MR, R - r);
        int e = 0;
        for (; e + NR <= a->Ev; e += NR)
            micro(rows, TWO, ADD, NEAR, pv + r * wide + e, wide, p + r * KEYS, KEYS, 1, v + e,
                  a->v_row, n);
        if (e < a->Ev)
            micro(rows, ONE, ADD, NEAR, pv + r * wide + e, wide, p + r * KEYS, KEYS, 1, v + e,
                  a->v_row, n);
    }
}

static void values(float *pv, long wide, const float *p, const work *w, int from, int n)
{
    const attention *a = w->a;
    const int R = a->H / a->G;
    for (int s = 0; s < n; s += STEP)
        for (int g = 0; g < a->G; g++) {
            const float *v = w->v + (size_t)(from + s) * a->v_row + (size_t)g * a->v_head;
            for (int j = 0; j < STEP; j++)
                for (int e = 0; e < a->Ev; e += 16)
                    __builtin_prefetch(v + (size_t)(STEP + j) * a->v_row + e);
            add_values(pv + (size_t)g * R * wide, wide, p + (size_t)g * R * KEYS + s, v, a,
                       min(STEP, n - s), R);
        }
}

static void piece(void *arg, int i)
{
    const work *w = arg;
    const attention *a = w->a;
    _Alignas(64) float p[HEADS * KEYS];
    const int wide = a->Ev + EXTRA, from = w->from + i * w->each, to = min(from + w->each, a->T);
    float *pv = w->part + (size_t)i * a->H * wide;
    memset(pv, 0, (size_t)a->H * wide * sizeof *pv);
    for (int h = 0; h < a->H; h++) pv[h * wide + a->Ev] = -1e30f;
    for (int s = from; s < to; s += KEYS) {
        const int n = min(KEYS, to - s);
        scores(p, w, s, n);
        for (int h = 0; h < a->H; h++) {
            float *sums = pv + h * wide;
            if (a->softcap > 0 || a->bias) bend_scores(p + h * KEYS, a, h, s, n);
            fold(p + h * KEYS, n, sums, &sums[a->Ev], &sums[a->Ev + 1], a->Ev);
        }
        values(pv, wide, p, w, s, n);
    }
}

/* o and lse of head h, from the sums of all pieces. */
static void join(float *o, float *lse, const work *w, int pieces, int h)
{
    const int Ev = w->a->Ev, wide = Ev + EXTRA;
    const float *part = w->part + (size_t)h * wide;
    const size_t next = (size_t)w->a->H * wide;
    float top = part[Ev], sum = 0;
    for (int i = 1; i < pieces; i++) top = fmaxf(top, part[i * next + Ev]);
    memset(o, 0, (size_t)Ev * sizeof *o);
    for (int i = 0; i < pieces; i++) {
        const float *x = part + i * next, share = exp2f(x[Ev] - top);
        sum += x[Ev + 1] * share;
        for (int e = 0; e < Ev; e++) o[e] += x[e] * share;
    }
    for (int e = 0; e < Ev; e++) o[e] /= sum;
    if (lse) *lse = (top + log2f(sum)) * LN_2;
}

bool SIMD(attention_one)(float *o, float *lse, const float *q, const float *k, const float *v,
                         const attention *a)
{
    if (a->S != 1 || a->T == 1 || a->E % VW || a->Ev % VW || a->H > HEADS || a->H * a->E > WIDTH ||
        a->H * (a->Ev + EXTRA) > SHARED / 2)
        return false;
    _Alignas(64) float copy[WIDTH], part[SHARED];
    const int from = a->T - min(a->T, a->window), n = a->T - from;
    const long row = (long)a->G * (a->E + a->Ev);
    const long most = min(PIECES, SHARED / (a->H * (a->Ev + EXTRA)));
    const int wanted = (int)(n * row / PIECE < most ? n * row / PIECE + 1 : most);
    work w = { .q = copy, .k = k, .v = v, .a = a, .from = from, .part = part };
    w.each = (n + wanted - 1) / wanted;
    const int pieces = (n + w.each - 1) / w.each;
    const vf scale = splat(a->scale * LOG2_E);
    for (int h = 0; h < a->H; h++)
        for (int e = 0; e < a->E; e += VW)
            store(copy + h * a->E + e, load(q + (size_t)h * a->q_head + e) * scale);
    threads_grid(pieces, piece, &w);
    for (int h = 0; h < a->H; h++)
        join(o + (size_t)h * a->o_head, lse ? lse + h : NULL, &w, pieces, h);
    return true;
}
