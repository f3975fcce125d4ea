/* attention_tile.h - what forward and backward of tiled attention share (Dao et al.,
 * FlashAttention, 2022).
 *
 * The R = H / G query heads of one key/value head form a group.  Row i of a group is position i /
 * R, head i % R, and its own key is T - S + i / R.  A tile is a block of rows against a block of
 * keys.  Its rows are copied next to each other, with zero rows added up to whole strips of MR.
 * Only the scores of one strip (forward) or one tile (backward) exist at a time.
 *
 * Powers have base 2: the copy of q is multiplied by scale log2(e), so p = 2^(q . k - lse log2(e)).
 */
#ifndef CORE_COMPUTE_SIMD_ATTENTION_TILE_H
#define CORE_COMPUTE_SIMD_ATTENTION_TILE_H

#include "core/compute/attention.h"
#include "core/compute/simd/micro.h"
#include "core/compute/simd/pack.h"

#include <assert.h>
#include <stdbool.h>

enum {
    KEYS = 512,         /* most keys of a tile                               */
    TILE = 32 * KEYS,   /* floats of one operand of a tile                   */
    WIDEST = TILE / NR, /* the widest head that leaves room for a panel      */
    SCORES = KEYS + NR, /* floats between rows of scores: not a power of two */
};

static const float LOG2_E = 1.44269504f, LN_2 = 0.69314718f;

typedef struct group {
    const attention *a; /* with all fields filled in           */
    int g, R;           /* the key/value head; its query heads */
    uint64_t inverse;   /* 2^40 / R, rounded up                */
    int rows, first;    /* S R; the own key of row 0           */
    int E, Ev;          /* widths, rounded up to whole vectors */
    int keys;           /* most keys of a tile                 */
} group;

INLINE int min(int a, int b)
{
    return a < b ? a : b;
}

INLINE int max(int a, int b)
{
    return a > b ? a : b;
}

INLINE int round_up(int n, int unit)
{
    return (n + unit - 1) / unit * unit;
}

INLINE group group_of(const attention *a, int g)
{
    group s = { .a = a, .g = g, .R = a->H / a->G, .first = a->T - a->S };
    s.rows = a->S * s.R;
    s.inverse = (UINT64_C(1) << 40) / (uint64_t)s.R + 1;
    assert((int64_t)a->S * s.R <= 1 << 24 && s.R < 1 << 16);
    s.E = round_up(a->E, VW), s.Ev = round_up(a->Ev, VW);
    s.keys = min(KEYS, TILE / max(s.E, s.Ev) / NR * NR);
    return s;
}

/* i / R, exact while i R < 2^40.  A division would take as long as all other work on a row. */
INLINE int position_of(const group *s, int i)
{
    return (int)(((uint64_t)i * s->inverse) >> 40);
}

/* The own key of row i, which is the last one that it sees. */
INLINE int place_of(const group *s, int i)
{
    return s->first + position_of(s, i);
}

/* Offset of row i in a tensor with the strides row (between positions) and head. */
INLINE size_t offset(const group *s, int i, int row, int head)
{
    const int t = position_of(s, i);
    return (size_t)t * row + (size_t)(s->g * s->R + i - t * s->R) * head;
}

/* Set x (n) to 0. */
INLINE void clear(float *x, size_t n)
{
    size_t j = 0;
    for (; j + VW <= n; j += VW) store(x + j, (vf){ 0 });
    for (; j < n; j++) x[j] = 0;
}

/* Call body(..., n) with the usual head widths as constants: in a loop over two vectors, branches
 * cost more than the work. */
#define BY_WIDTH(n, body, ...)                                                                     \
    switch (n) {                                                                                   \
    case 16:                                                                                       \
        body(__VA_ARGS__, 16);                                                                     \
        break;                                                                                     \
    case 32:                                                                                       \
        body(__VA_ARGS__, 32);                                                                     \
        break;                                                                                     \
    case 64:                                                                                       \
        body(__VA_ARGS__, 64);                                                                     \
        break;                                                                                     \
    case 128:                                                                                      \
        body(__VA_ARGS__, 128);                                                                    \
        break;                                                                                     \
    default:                                                                                       \
        body(__VA_ARGS__, n);                                                                      \
    }

INLINE void copy_row_body(float *out, const float *x, float scale, int n)
{
    int j = 0;
#pragma GCC unroll 16
    for (; j + VW <= n; j += VW) store(out + j, load(x + j) * splat(scale));
    if (j < n) {
        store(out + j, (vf){ 0 });
        for (; j < n; j++) out[j] = x[j] * scale;
    }
}

/* out (n) = scale x (n), followed by zeros up to a whole vector. */
INLINE void copy_row(float *out, const float *x, int n, float scale)
{
    BY_WIDTH(n, copy_row_body, out, x, scale);
}

/* out = scale times rows i0..i1-1 of x, `wide` floats apart, followed by zero rows up to a whole
 * strip. */
static inline void copy_rows(float *out, const float *x, const group *s, int i0, int i1, int row,
                             int head, int width, int wide, float scale)
{
    for (int i = i0; i < i1; i++)
        copy_row(out + (size_t)(i - i0) * wide, x + offset(s, i, row, head), width, scale);
    const int rows = i1 - i0, whole = round_up(rows, MR);
    clear(out + (size_t)rows * wide, (size_t)(whole - rows) * wide);
}

/* The keys that some row of a strip sees, among a tile's keys j0..j0+keys-1.  from - j0 is rounded
 * down to whole vectors. */
typedef struct view {
    int from, n;   /* the first key; how many                   */
    int wide;      /* n, rounded up to whole vectors            */
    bool ragged;   /* some row does not see all `wide` of them  */
    int low, high; /* own keys of the first and of the last row */
} view;

INLINE view view_of(const group *s, int i, int i1, int j0, int keys)
{
    const int low = place_of(s, i), high = place_of(s, min(i + MR, i1) - 1);
    const int window = s->a->window, begin = low - window + 1;
    view v = { .low = low, .high = high };
    v.from = begin > j0 ? j0 + (begin - j0) / VW * VW : j0;
    v.n = min(j0 + keys, high + 1) - v.from;
    v.wide = round_up(v.n, VW);
    v.ragged = v.from + v.wide - 1 > low || v.from < high - window + 1;
    return v;
}

/* Replace p by `out` wherever a row of the strip that starts at row i does not see the key. */
INLINE void hide(float *p, const group *s, const view *v, int i, int i1, float out)
{
    for (int r = 0; r < MR; r++, p += SCORES) {
        const int place = place_of(s, min(i + r, i1 - 1)), past = place + 1 - v->from;
        const int first = min(place - s->a->window + 1 - v->from, v->wide);
        for (int c = max(past, 0) / VW * VW; c < v->wide; c += VW)
            store(p + c, select(counting() + c < past, load(p + c), splat(out)));
        for (int c = 0; c < first; c += VW)
            store(p + c, select(counting() + c >= first, load(p + c), splat(out)));
    }
}

/* C (MR, N) = or += A (MR, K) B (K, N), N a multiple of VW. */
INLINE void strip_product(int rows, int mode, float *C, long ldc, const float *A, long ai, long ak,
                          const float *B, long ldb, int N, long K)
{
    int n = 0;
    for (; n + NR <= N; n += NR) micro(rows, TWO, mode, NEAR, C + n, ldc, A, ai, ak, B + n, ldb, K);
    if (n < N) micro(rows, ONE, mode, NEAR, C + n, ldc, A, ai, ak, B + n, ldb, K);
}

#endif
