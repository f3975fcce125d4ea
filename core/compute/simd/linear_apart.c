/* linear_apart.c - linear layers that read the weights once and keep rows apart, for decoding.
 *
 *     y_no = sum_k x_nk W_ok = sum over blocks of k, of the sum over lanes, of sums over k
 *
 * Both operands are contiguous along k, so nothing is packed: VW sums run side by side along k and
 * are added at the end of a block of DEPTH.  That order depends on `in` alone.  With one row the
 * product is bound by reading W: rows of W are then read from their first to their last entry.
 * With many rows blocks of W stay in the L2 cache, and CELLS products share each load (Goto and van
 * de Geijn 2008).
 */
#include "core/compute/cut.h"
#include "core/compute/simd/micro.h"
#include "core/compute/simd/parts.h"
#include "core/compute/simd/simd.h"
#include "core/compute/threads.h"

#include <limits.h>
#include <string.h>

enum {
    ROWS = 4, /* rows of x that share a load of W */
#ifdef __AVX512F__
    WIDE = 6, /* rows of W that share a load of x */
#else
    WIDE = 3,
#endif
    STREAMS = 4, /* rows of W side by side where x has one or two rows */
    MOST = WIDE > STREAMS ? WIDE : STREAMS,
    REACH = 4096,   /* floats that W is prefetched ahead, beyond the rows at hand       */
    DEEP = 1024,    /* most of k in a block                                            */
    BLOCK_W = 48,   /* rows of W in a block                                            */
    FEW = 8 * ROWS, /* up to so many rows of x stay in cache while W passes by         */
};

/* sum (rows, columns) = x (rows, K) W (columns, K)^T.  W is prefetched `reach` floats ahead, unless
 * that is 0. */
INLINE void dots(int rows, int columns, long reach, float *sum, const float *x, long ldx,
                 const float *W, long ldw, long K)
{
    vf c[ROWS][MOST];
#pragma GCC unroll 8
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 8
        for (int j = 0; j < columns; j++) c[i][j] = (vf){ 0 };
    long k = 0;
    for (; k + VW <= K; k += VW) {
        vf w[MOST];
#pragma GCC unroll 8
        for (int j = 0; j < columns; j++) {
            if (reach) __builtin_prefetch(W + j * ldw + k + reach);
            w[j] = load(W + j * ldw + k);
        }
#pragma GCC unroll 8
        for (int i = 0; i < rows; i++) {
            const vf a = load(x + i * ldx + k);
#pragma GCC unroll 8
            for (int j = 0; j < columns; j++) c[i][j] += a * w[j];
        }
    }
    const size_t rest = (size_t)(K - k) * sizeof(float);
    for (int i = 0; i < rows && rest > 0; i++)
        for (int j = 0; j < columns; j++) {
            float a[VW] = { 0 }, w[VW] = { 0 };
            memcpy(a, x + i * ldx + k, rest), memcpy(w, W + j * ldw + k, rest);
            c[i][j] += load(a) * load(w);
        }
#pragma GCC unroll 8
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 8
        for (int j = 0; j < columns; j++) sum[i * columns + j] = sum_of(c[i][j]);
}

/* y (rows, n) = or += x (rows, K) W (n, K)^T, `wide` rows of W at a time. */
INLINE void stripe_body(int rows, int wide, long reach, float *y, long ldy, const float *x,
                        long ldx, const float *W, long ldw, long n, long K, int mode)
{
    float sum[ROWS * MOST];
    for (long o = 0; o < n; o += wide) {
        const int columns = n - o >= wide ? wide : 1;
        if (columns == wide)
            dots(rows, wide, reach, sum, x, ldx, W + o * ldw, ldw, K);
        else
            dots(rows, 1, 0, sum, x, ldx, W + o * ldw, ldw, K);
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < columns; j++) {
                float *at = y + i * ldy + o + j;
                *at = mode == ADD ? *at + sum[i * columns + j] : sum[i * columns + j];
            }
        if (columns == 1) o += 1 - wide;
    }
}

/* Rows of W at a time for this many rows of x. */
static int wide_of(long rows)
{
    return rows < 3 ? STREAMS : WIDE;
}

static void stripe(long rows, long reach, float *y, long ldy, const float *x, long ldx,
                   const float *W, long ldw, long n, long K, int mode)
{
    if (rows == 1)
        stripe_body(1, STREAMS, reach, y, ldy, x, ldx, W, ldw, n, K, mode);
    else if (rows == 2)
        stripe_body(2, STREAMS, reach, y, ldy, x, ldx, W, ldw, n, K, mode);
    else if (rows == 3)
        stripe_body(3, WIDE, reach, y, ldy, x, ldx, W, ldw, n, K, mode);
    else if (reach)
        stripe_body(4, WIDE, reach, y, ldy, x, ldx, W, ldw, n, K, mode);
    else
        stripe_body(4, WIDE, 0, y, ldy, x, ldx, W, ldw, n, K, mode);
}

/* y (N, out) = x (N, in) W^T; a piece has some rows of W. */
typedef struct product {
    float *y;
    const float *x, *W;
    long N, in, out, depth; /* depth: of a block */
    cut cut;                /* of the rows of W  */
} product;

/* Few rows of x: each row of W is read from its first to its last entry, once; meanwhile the next
 * ones are prefetched. */
static void piece_of_few(const product *p, long from, long n)
{
    const long wide = wide_of(p->N), ahead = wide * p->in + REACH;
    for (long o = from; o < from + n; o += wide)
        for (long k = 0; k < p->in; k += p->depth)
            for (long i = 0; i < p->N; i += ROWS)
                stripe(min(ROWS, p->N - i), i == 0 ? ahead : 0, p->y + i * p->out + o, p->out,
                       p->x + i * p->in + k, p->in, p->W + o * p->in + k, p->in,
                       min(wide, from + n - o), min(p->depth, p->in - k), k ? ADD : SET);
}

/* Many: all of x passes by each block of W. */
static void piece_of_many(const product *p, long from, long n)
{
    for (long o = from; o < from + n; o += BLOCK_W)
        for (long k = 0; k < p->in; k += p->depth)
            for (long i = 0; i < p->N; i += ROWS)
                stripe(min(ROWS, p->N - i), i == 0 ? REACH : 0, p->y + i * p->out + o, p->out,
                       p->x + i * p->in + k, p->in, p->W + o * p->in + k, p->in,
                       min(BLOCK_W, from + n - o), min(p->depth, p->in - k), k ? ADD : SET);
}

static void piece(void *arg, int i)
{
    const product *p = arg;
    int n;
    const int from = cut_piece(&n, &p->cut, i);
    (p->N <= FEW ? piece_of_few : piece_of_many)(p, from, n);
}

void SIMD(linear_apart)(float *y, const float *x, const float *W, int N, int in, int out)
{
    product p = { .y = y, .x = x, .W = W, .N = N, .in = in, .out = out };
    p.depth = part_of(in, DEEP, VW);
    p.cut = cut_rows(out, in, INT_MAX);
    threads_grid(p.cut.pieces, piece, &p);
}
