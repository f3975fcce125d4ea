/* attention.c - tiled causal attention by matrix products, with online softmax (Milakov and
 * Gimelshein 2018; Dao et al., FlashAttention, 2022).
 *
 *     o_i = sum_s p_is v_s      p_is = exp(z_is - lse_i)      s <= i, i - s < window
 *     z_is = cap(scale q_i . k_s) + c_i - c_s, see attention.h for cap and c
 *
 * A block is `heads` query heads of one key/value head at n query positions.  A tile holds the
 * scores of a block against up to KEYS keys, on the stack; its row r is head r / n, position r % n.
 * Tiles are visited in an order that depends on shapes alone.
 */
#include "core/compute/openblas/openblas.h"
#include "core/compute/plain/plain.h"
#include "core/compute/threads.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum {
    ROWS = 256,   /* most rows of a tile                       */
    QUERIES = 64, /* most query positions of a block           */
    KEYS = 64,    /* most keys of a tile                       */
    COLUMNS = 64, /* most columns of v that are copied at once */
};

typedef struct block {
    int h, heads; /* query heads h..h+heads-1                     */
    int i, n;     /* query positions i..i+n-1                     */
    int g;        /* their one key/value head                     */
    int from, to; /* keys from..to-1: those that any of them sees */
} block;

static int min(int a, int b)
{
    return a < b ? a : b;
}

static int max(int a, int b)
{
    return a > b ? a : b;
}

/* Move b to the next block of heads h0..h1-1, or to the first one if b is zero except for h = h0.
 * False if there is none. */
static bool next(block *b, const attention *a, int h1)
{
    const int group = a->H / a->G;
    b->i += b->n;
    if (b->i == a->S) b->i = 0, b->h += b->heads;
    if (b->h == h1) return false;
    b->g = b->h / group;
    b->heads = min((b->g + 1) * group - b->h, ROWS);
    b->n = min(a->S - b->i, min(QUERIES, ROWS / b->heads));
    const int p = a->T - a->S + b->i; /* the key at the first query's position */
    b->from = max(0, p - a->window + 1);
    b->to = p + b->n;
    return true;
}

/* Of the tile with keys s..s+keys-1, position b->i + i sees keys s+lo..s+hi-1. */
static void seen(int *lo, int *hi, const attention *a, const block *b, int i, int s, int keys)
{
    const int p = a->T - a->S + b->i + i;
    *lo = max(0, p - a->window + 1 - s);
    *hi = min(keys, p + 1 - s);
}

/* Offset of row r in a tensor with these strides, from the start of the block. */
static size_t offset(const block *b, int r, int row, int head)
{
    return (size_t)(r % b->n) * row + (size_t)(r / b->n) * head;
}

/* Products of a tile (heads n, KEYS) with x (n, heads, width), whose strides are row and head: one
 * product for each head, or a single one over all heads if n = 1.
 *
 *     tile_nt: tile = alpha x k^T
 *     tile_nn: x += alpha tile k
 *     tile_tn: dk += alpha tile^T x
 */
static void tile_nt(float *tile, const float *x, int row, int head, const float *k, int ldk,
                    const block *b, int keys, int width, float alpha)
{
    if (b->n == 1)
        blas_gemm_nt(tile, KEYS, x, head, k, ldk, b->heads, keys, width, alpha, 0);
    else
        for (int h = 0; h < b->heads; h++)
            blas_gemm_nt(tile + (size_t)h * b->n * KEYS, KEYS, x + (size_t)h * head, row, k, ldk,
                         b->n, keys, width, alpha, 0);
}

static void tile_nn(float *x, int row, int head, const float *tile, const float *k, int ldk,
                    const block *b, int keys, int width, float alpha)
{
    if (b->n == 1)
        blas_gemm_nn(x, head, tile, KEYS, k, ldk, b->heads, width, keys, alpha, 1);
    else
        for (int h = 0; h < b->heads; h++)
            blas_gemm_nn(x + (size_t)h * head, row, tile + (size_t)h * b->n * KEYS, KEYS, k, ldk,
                         b->n, width, keys, alpha, 1);
}

static void tile_tn(float *dk, int ldk, const float *tile, const float *x, int row, int head,
                    const block *b, int keys, int width, float alpha)
{
    if (b->n == 1)
        blas_gemm_tn(dk, ldk, tile, KEYS, x, head, keys, width, b->heads, alpha, 1);
    else
        for (int h = 0; h < b->heads; h++)
            blas_gemm_tn(dk, ldk, tile + (size_t)h * b->n * KEYS, KEYS, x + (size_t)h * head, row,
                         keys, width, b->n, alpha, 1);
}

/* Turn one row of scale q . k into scores, where there is a soft-cap or a bias.  slope, if not
 * NULL, receives the derivative of the cap. */
static void bend(float *p, float *slope, const attention *a, const block *b, int r, int s, int lo,
                 int hi)
{
    const int i = a->T - a->S + b->i + r % b->n, h = b->h + r / b->n;
    const float *c = a->bias ? a->bias + (size_t)h * a->bias_head : NULL;
    for (int j = lo; j < hi && a->softcap > 0; j++) {
        const float t = tanhf(p[j] / a->softcap);
        p[j] = a->softcap * t;
        if (slope) slope[j] = 1 - t * t;
    }
    for (int j = lo; j < hi && c; j++) p[j] += c[i] - c[s + j];
}

/* Add the scores p[lo..hi-1] of one row to its running maximum and sum, and replace them by
 * exp(p - top), the others by 0.  Returns the factor by which earlier sums must be multiplied. */
static float fold(float *p, float *top, float *sum, int lo, int hi, int keys)
{
    float high = *top, add = 0;
    for (int s = lo; s < hi; s++) high = p[s] > high ? p[s] : high;
    for (int s = 0; s < keys; s++) p[s] = s >= lo && s < hi ? expf(p[s] - high) : 0;
    for (int s = 0; s < keys; s++) add += p[s];
    const float shrink = lo < hi ? expf(*top - high) : 1;
    *top = high;
    *sum = *sum * shrink + add;
    return shrink;
}

/* out (keys, COLUMNS) = columns of v, with 0 for values that are not finite.  Were there any? */
static bool clean(float *out, const float *v, int ldv, int keys, int width)
{
    bool odd = false;
    for (int s = 0; s < keys; s++)
        for (int j = 0; j < width; j++) {
            const float x = v[(size_t)s * ldv + j];
            odd = odd || !isfinite(x);
            out[s * COLUMNS + j] = isfinite(x) ? x : 0;
        }
    return odd;
}

/* o += p v.  p is 0 where a row does not see a key, but 0 times NaN is not 0; so values that are
 * not finite are left out of the product and added separately, only to rows that see them. */
static void add_values(float *ob, const float *p, const float *vs, const attention *a,
                       const block *b, int s, int keys)
{
    float values[KEYS * COLUMNS];
    for (int j0 = 0; j0 < a->Ev; j0 += COLUMNS) {
        const int width = min(COLUMNS, a->Ev - j0);
        const bool odd = clean(values, vs + j0, a->v_row, keys, width);
        tile_nn(ob + j0, a->o_row, a->o_head, p, values, COLUMNS, b, keys, width, 1);
        for (int r = 0; odd && r < b->heads * b->n; r++) {
            int lo, hi;
            seen(&lo, &hi, a, b, r % b->n, s, keys);
            float *out = ob + offset(b, r, a->o_row, a->o_head) + j0;
            for (int k = lo; k < hi; k++)
                for (int j = 0; j < width; j++) {
                    const float x = vs[(size_t)k * a->v_row + j0 + j];
                    if (!isfinite(x)) out[j] += p[(size_t)r * KEYS + k] * x;
                }
        }
    }
}

/* A piece of the grid: all query heads of one key/value head. */
typedef struct work {
    float *o, *lse_out, *dq, *dk, *dv;
    const float *dO, *oc, *lse, *q, *k, *v;
    const attention *a;
} work;

static void forward(void *arg, int g)
{
    const work *w = arg;
    const attention *a = w->a;
    const int per = a->H / a->G;
    float *o = w->o, *lse = w->lse_out;
    const float *q = w->q, *k = w->k, *v = w->v;
    float p[ROWS * KEYS], top[ROWS], sum[ROWS];

    for (block b = { .h = g * per }; next(&b, a, (g + 1) * per);) {
        const float *qb = q + (size_t)b.i * a->q_row + (size_t)b.h * a->q_head;
        float *ob = o + (size_t)b.i * a->o_row + (size_t)b.h * a->o_head;
        float *lseb = lse ? lse + (size_t)b.i * a->H + b.h : NULL;
        for (int r = 0; r < b.heads * b.n; r++) {
            memset(ob + offset(&b, r, a->o_row, a->o_head), 0, sizeof *o * (size_t)a->Ev);
            top[r] = -INFINITY, sum[r] = 0;
        }

        for (int s = b.from; s < b.to; s += KEYS) {
            const int keys = min(KEYS, b.to - s);
            const float *ks = k + (size_t)s * a->k_row + (size_t)b.g * a->k_head;
            const float *vs = v + (size_t)s * a->v_row + (size_t)b.g * a->v_head;
            tile_nt(p, qb, a->q_row, a->q_head, ks, a->k_row, &b, keys, a->E, a->scale);
            for (int r = 0; r < b.heads * b.n; r++) {
                int lo, hi;
                seen(&lo, &hi, a, &b, r % b.n, s, keys);
                bend(p + (size_t)r * KEYS, NULL, a, &b, r, s, lo, hi);
                const float shrink = fold(p + (size_t)r * KEYS, &top[r], &sum[r], lo, hi, keys);
                float *out = ob + offset(&b, r, a->o_row, a->o_head);
                for (int j = 0; j < a->Ev; j++) out[j] *= shrink;
            }
            add_values(ob, p, vs, a, &b, s, keys);
        }

        for (int r = 0; r < b.heads * b.n; r++) {
            float *out = ob + offset(&b, r, a->o_row, a->o_head);
            for (int j = 0; j < a->Ev; j++) out[j] /= sum[r];
            if (lseb) lseb[offset(&b, r, a->H, 1)] = top[r] + logf(sum[r]);
        }
    }
}

/* One row of a tile: p holds q . k and becomes the probabilities, ds holds do . v and becomes the
 * gradient of scale q . k. */
static void row_backward(float *p, float *ds, float norm, float mean, const attention *a,
                         const block *b, int r, int s, int keys)
{
    float slope[KEYS];
    int lo, hi;
    seen(&lo, &hi, a, b, r % b->n, s, keys);
    bend(p, slope, a, b, r, s, lo, hi);
    for (int j = 0; j < keys; j++) {
        p[j] = j >= lo && j < hi ? expf(p[j] - norm) : 0;
        ds[j] = p[j] * (ds[j] - mean);
    }
    float *dbias = a->dbias ? a->dbias + (size_t)(b->h + r / b->n) * a->bias_head + s : NULL;
    for (int j = lo; j < hi && dbias; j++) dbias[j] -= ds[j];
    for (int j = lo; j < hi && a->softcap > 0; j++) ds[j] *= slope[j];
}

static void backward(void *arg, int g)
{
    const work *w = arg;
    const attention *a = w->a;
    const int per = a->H / a->G;
    float *dq = w->dq, *dk = w->dk, *dv = w->dv;
    const float *dO = w->dO, *o = w->oc, *lse = w->lse, *q = w->q, *k = w->k, *v = w->v;
    float p[ROWS * KEYS], dp[ROWS * KEYS], norm[ROWS], mean[ROWS];

    plain_attention_clear(dq + (size_t)g * per * a->q_head, a->S, per, a->q_row, a->q_head, a->E);
    plain_attention_clear(dk + (size_t)g * a->k_head, a->T, 1, a->k_row, a->k_head, a->E);
    plain_attention_clear(dv + (size_t)g * a->v_head, a->T, 1, a->v_row, a->v_head, a->Ev);
    for (int h = g * per; a->dbias && h < (g + 1) * per; h++)
        memset(a->dbias + (size_t)h * a->bias_head, 0, sizeof *a->dbias * (size_t)a->T);

    for (block b = { .h = g * per }; next(&b, a, (g + 1) * per);) {
        const size_t qb = (size_t)b.i * a->q_row + (size_t)b.h * a->q_head;
        const size_t ob = (size_t)b.i * a->o_row + (size_t)b.h * a->o_head;
        for (int r = 0; r < b.heads * b.n; r++) {
            const size_t at = ob + offset(&b, r, a->o_row, a->o_head);
            norm[r] = lse[(size_t)b.i * a->H + b.h + offset(&b, r, a->H, 1)];
            mean[r] = 0;
            for (int j = 0; j < a->Ev; j++) mean[r] += dO[at + j] * o[at + j];
        }

        for (int s = b.from; s < b.to; s += KEYS) {
            const int keys = min(KEYS, b.to - s);
            const size_t ks = (size_t)s * a->k_row + (size_t)b.g * a->k_head;
            const size_t vs = (size_t)s * a->v_row + (size_t)b.g * a->v_head;
            tile_nt(p, q + qb, a->q_row, a->q_head, k + ks, a->k_row, &b, keys, a->E, a->scale);
            tile_nt(dp, dO + ob, a->o_row, a->o_head, v + vs, a->v_row, &b, keys, a->Ev, 1);
            for (int r = 0; r < b.heads * b.n; r++)
                row_backward(p + (size_t)r * KEYS, dp + (size_t)r * KEYS, norm[r], mean[r], a, &b,
                             r, s, keys);
            tile_tn(dv + vs, a->v_row, p, dO + ob, a->o_row, a->o_head, &b, keys, a->Ev, 1);
            tile_nn(dq + qb, a->q_row, a->q_head, dp, k + ks, a->k_row, &b, keys, a->E, a->scale);
            tile_tn(dk + ks, a->k_row, dp, q + qb, a->q_row, a->q_head, &b, keys, a->E, a->scale);
        }
    }
}

void blas_attention_forward(float *o, float *lse, const float *q, const float *k, const float *v,
                            const attention *a)
{
    work w = { .o = o, .lse_out = lse, .q = q, .k = k, .v = v, .a = a };
    threads_grid(a->G, forward, &w);
}

void blas_attention_backward(float *dq, float *dk, float *dv, const float *dO, const float *o,
                             const float *lse, const float *q, const float *k, const float *v,
                             const attention *a)
{
    work w = {
        .dq = dq, .dk = dk, .dv = dv, .dO = dO, .oc = o, .lse = lse, .q = q, .k = k, .v = v
    };
    w.a = a;
    threads_grid(a->G, backward, &w);
}
