/* linear.c - linear layers by the micro-kernel (Goto and van de Geijn 2008), with the right operand
 * packed block by block.
 *
 *     y = x W^T        dx = dy W (+ dx)        dW += dy^T x
 *
 * Loops, outermost first: blocks of columns and of depth, whose part of B is packed into a buffer;
 * blocks of rows, whose part of A stays in the L2 cache; panels of NR columns, which pass through
 * L1; strips of MR rows.  If a weight was packed beforehand (core/compute/panels.h), it is read
 * from there; otherwise every call packs B once.  With few rows OpenBLAS is faster.
 */
#include "core/compute/openblas/openblas.h"
#include "core/compute/panels.h"
#include "core/compute/simd/micro.h"
#include "core/compute/simd/pack.h"
#include "core/compute/simd/parts.h"
#include "core/compute/simd/simd.h"
#include "core/compute/threads.h"

#include <string.h>

enum {
    FEW = 16,       /* with fewer rows packing does not pay           */
    WORK = 1 << 25, /* cut one more piece per so many multiplications */
};

/* C (rows, columns) = or += A (rows, K) panel (K, NR), where columns <= NR at the edge of C. */
INLINE void strip(float *C, long ldc, const float *A, long ai, long ak, const float *panel,
                  int rows, long columns, long K, int mode)
{
    if (columns >= NR) {
        if (mode == SET)
            micro(rows, TWO, SET, FAR, C, ldc, A, ai, ak, panel, NR, K);
        else
            micro(rows, TWO, ADD, FAR, C, ldc, A, ai, ak, panel, NR, K);
        return;
    }
    _Alignas(64) float edge[MR * NR];
    micro(rows, TWO, SET, NEAR, edge, NR, A, ai, ak, panel, NR, K);
    for (int i = 0; i < rows; i++)
        for (long j = 0; j < columns; j++)
            C[i * ldc + j] = edge[i * NR + j] + (mode == ADD ? C[i * ldc + j] : 0);
}

/* Pack A (M, K), whose columns are ak apart, into strips of MR rows; a strip is (K, MR),
 * contiguous. */
static void pack_strips(float *out, const float *A, long ak, long M, long K)
{
    for (long m = 0; m < M; m += MR, out += K * MR)
        for (long k = 0; k < K; k++)
            if (m + MR <= M)
                memcpy(out + k * MR, A + m + k * ak, MR * sizeof *out);
            else
                for (long i = m; i < M; i++) out[k * MR + i - m] = A[i + k * ak];
}

/* C (M, N) = or += A (M, K) B (K, N), with B packed.  The strip of row m begins at A + m am; within
 * it, A(i, k) = A[i ai + k ak]. */
INLINE void strips_times(float *C, long ldc, const float *A, long am, long ai, long ak,
                         const float *packed, long M, long N, long K, int mode)
{
    for (long n = 0; n < N; n += NR)
        for (long m = 0; m < M; m += MR)
            strip(C + m * ldc + n, ldc, A + m * am, ai, ak, packed + n * K, (int)min(MR, M - m),
                  N - n, K, mode);
}

/* A block whose rows of A are contiguous: A is read in place. */
static void block_of_rows(float *C, long ldc, const float *A, long ai, const float *packed, long M,
                          long N, long K, int mode)
{
    const long step = part_of(M, BLOCK_A / K / MR * MR, MR);
    for (long m = 0; m < M; m += step)
        strips_times(C + m * ldc, ldc, A + m * ai, ai, ai, 1, packed, min(step, M - m), N, K, mode);
}

/* A block whose columns of A are contiguous.  In place, each column would touch its own cache lines
 * and often its own page, and with a width that is a power of two all would compete for the same
 * sets of the cache; so A is packed into strips. */
static void block_of_columns(float *C, long ldc, const float *A, long ak, const float *packed,
                             long M, long N, long K, int mode)
{
    _Alignas(64) float strips[BLOCK_A];
    const long step = part_of(M, BLOCK_A / K / MR * MR, MR);
    for (long m = 0; m < M; m += step) {
        const long rows = min(step, M - m);
        pack_strips(strips, A + m, ak, rows, K);
        strips_times(C + m * ldc, ldc, strips, K, 1, MR, packed, rows, N, K, mode);
    }
}

typedef void pack_fn(float *out, const float *B, long ldb, long K, long N);

/* C (M, N) = or += A (M, K) B (K, N).  `pack` packs a part of B that starts at B + k bk + n bn.  If
 * `laid` is not NULL, it holds all of B packed: one block of depth after the other, each with all
 * its panels. */
typedef struct product {
    float *C;
    const float *A, *B; /* ai or ak is 1 */
    long ldc, ai, ak, ldb, bk, bn, M, N, K;
    int mode;
    pack_fn *pack;
    const float *laid;
    pieces pieces;
} product;

static void piece(void *arg, int i)
{
    const product *p = arg;
    _Alignas(64) float packed[DEPTH * COLUMNS];
    long m0, M, n0, N;
    pieces_take(&m0, &M, &n0, &N, &p->pieces, i);
    const long kc = part_of(p->K, DEPTH, 1), nc = part_of(N, COLUMNS, NR);
    for (long n = n0; n < n0 + N; n += nc)
        for (long k = 0; k < p->K; k += kc) {
            const long columns = min(nc, n0 + N - n), depth = min(kc, p->K - k);
            const float *B = packed;
            if (p->laid)
                B = p->laid + pack_floats(k, p->N) + n * depth;
            else
                p->pack(packed, p->B + k * p->bk + n * p->bn, p->ldb, depth, columns);
            float *C = p->C + m0 * p->ldc + n;
            const int mode = k ? ADD : p->mode;
            if (p->ak == 1)
                block_of_rows(C, p->ldc, p->A + m0 * p->ai + k, p->ai, B, M, columns, depth, mode);
            else
                block_of_columns(C, p->ldc, p->A + m0 + k * p->ak, p->ak, B, M, columns, depth,
                                 mode);
        }
}

static void multiply(product *p)
{
    int n;
    p->pieces = pieces_of(&n, p->M, p->N, p->K, WORK, MR);
    threads_grid(n, piece, p);
}

/* The panels of W (out, in): B = W^T (in, out) for y, followed by B = W (out, in) for dx. */
size_t SIMD(panels_floats)(int out, int in)
{
    return (size_t)(pack_floats(in, out) + pack_floats(out, in));
}

/* Pack all of B (K, N) for `laid`. */
static void lay(float *to, const float *B, long ldb, long bk, long K, long N, pack_fn *pack)
{
    const long kc = part_of(K, DEPTH, 1);
    for (long k = 0; k < K; k += kc)
        pack(to + pack_floats(k, N), B + k * bk, ldb, min(kc, K - k), N);
}

void SIMD(panels_make)(void *out_panels, const float *W, int out, int in)
{
    float *to = out_panels;
    lay(to, W, in, 1, in, out, pack_columns);
    lay(to + pack_floats(in, out), W, in, in, out, in, pack_rows);
}

void SIMD(linear)(float *y, const float *x, const float *W, int N, int in, int out)
{
    if (N < FEW) {
        blas_linear(y, x, W, N, in, out);
        return;
    }
    product p = { .C = y, .ldc = out, .A = x, .ai = in, .ak = 1, .M = N, .N = out, .K = in };
    p.B = W, p.ldb = in, p.bk = 1, p.bn = in, p.pack = pack_columns, p.mode = SET;
    p.laid = panels_find(W, out, in, SIMD(panels_make));
    multiply(&p);
}

void SIMD(linear_backward)(float *dx, float *dW, const float *dy, const float *x, const float *W,
                           int N, int in, int out, float beta)
{
    if (N < FEW) {
        blas_linear_backward(dx, dW, dy, x, W, N, in, out, beta);
        return;
    }
    product p = { .C = dx, .ldc = in, .A = dy, .ai = out, .ak = 1, .M = N, .N = in, .K = out };
    p.B = W, p.ldb = in, p.bk = in, p.bn = 1, p.pack = pack_rows, p.mode = beta == 0 ? SET : ADD;
    const float *laid = panels_find(W, out, in, SIMD(panels_make));
    p.laid = laid ? laid + pack_floats(in, out) : NULL;
    multiply(&p);
    product q = { .C = dW, .ldc = in, .A = dy, .ai = 1, .ak = out, .M = out, .N = in, .K = N };
    q.B = x, q.ldb = in, q.bk = in, q.bn = 1, q.pack = pack_rows, q.mode = ADD;
    multiply(&q);
}
