/* linear.c - linear layers by the micro-kernel, with the right operand packed block by block.
 *
 *     y = x W^T        dx = dy W (+ dx)        dW += dy^T x
 *
 * Loops, outermost first: blocks of columns and of depth, whose part of B is packed into one fixed
 * buffer; blocks of rows, whose part of A stays in L2; panels of NR columns, which pass through L1;
 * strips of MR rows.  Packing costs one pass over B for every call, little as soon as there are a
 * hundred rows; with a few rows OpenBLAS is the better way.
 */
#include "core/blas/blas.h"
#include "core/simd/micro.h"
#include "core/simd/pack.h"
#include "core/simd/simd.h"

enum {
    DEPTH = 512,     /* most of K in a block                     */
    COLUMNS = 512,   /* most of N in a block                     */
    BLOCK_A = 98304, /* floats of A in a block: 3/8 of 1 MB of L2 */
    FEW = 16,        /* rows for which packing does not pay      */
};

static long min(long a, long b)
{
    return a < b ? a : b;
}

/* How large a part of n is, when it is cut into the fewest equal parts of at most `most`, each a
 * multiple of `unit`. */
static long part_of(long n, long most, long unit)
{
    const long parts = (n + most - 1) / most, each = (n + parts - 1) / parts;
    return min((each + unit - 1) / unit * unit, most);
}

/* NR columns of C, or fewer at its edge, from one packed panel. */
static void strip(float *C, long ldc, const float *A, long ai, long ak, const float *panel,
                  int rows, long columns, long K, int mode)
{
    if (columns >= NR) {
        if (mode == SET)
            micro(rows, TWO, SET, FAR, C, ldc, A, ai, ak, panel, NR, K);
        else
            micro(rows, TWO, ADD, FAR, C, ldc, A, ai, ak, panel, NR, K);
        return;
    }
    float edge[MR * NR];
    micro(rows, TWO, SET, NEAR, edge, NR, A, ai, ak, panel, NR, K);
    for (int i = 0; i < rows; i++)
        for (long j = 0; j < columns; j++)
            C[i * ldc + j] = edge[i * NR + j] + (mode == ADD ? C[i * ldc + j] : 0);
}

/* A block of C (M, N) = or += A (M, K) B, with B (K, N) packed. */
static void block(float *C, long ldc, const float *A, long ai, long ak, const float *packed, long M,
                  long N, long K, int mode)
{
    const long step = part_of(M, BLOCK_A / K / MR * MR, MR);
    for (long m0 = 0; m0 < M; m0 += step)
        for (long n = 0; n < N; n += NR)
            for (long m = m0, end = min(m0 + step, M); m < end; m += MR)
                strip(C + m * ldc + n, ldc, A + m * ai, ai, ak, packed + n * K,
                      (int)min(MR, end - m), N - n, K, mode);
}

/* C (M, N) = or += A (M, K) B (K, N), where pack lays out a part of B that starts at
 * B + k bk + n bn. */
typedef void pack_fn(float *out, const float *B, long ldb, long K, long N);

static void product(float *C, long ldc, const float *A, long ai, long ak, const float *B, long ldb,
                    pack_fn *pack, long bk, long bn, long M, long N, long K, int mode)
{
    float packed[DEPTH * COLUMNS] __attribute__((aligned(64)));
    const long kc = part_of(K, DEPTH, 1), nc = part_of(N, COLUMNS, NR);
    for (long n = 0; n < N; n += nc)
        for (long k = 0; k < K; k += kc) {
            const long columns = min(nc, N - n), depth = min(kc, K - k);
            pack(packed, B + k * bk + n * bn, ldb, depth, columns);
            block(C + n, ldc, A + k * ak, ai, ak, packed, M, columns, depth, k ? ADD : mode);
        }
}

void SIMD(linear)(float *y, const float *x, const float *W, int N, int in, int out)
{
    if (N < FEW)
        blas_linear(y, x, W, N, in, out);
    else
        product(y, out, x, in, 1, W, in, pack_columns, 1, in, N, out, in, SET);
}

void SIMD(linear_backward)(float *dx, float *dW, const float *dy, const float *x, const float *W,
                           int N, int in, int out, float beta)
{
    if (N < FEW) {
        blas_linear_backward(dx, dW, dy, x, W, N, in, out, beta);
        return;
    }
    product(dx, in, dy, out, 1, W, in, pack_rows, in, 1, N, in, out, beta == 0 ? SET : ADD);
    product(dW, in, dy, 1, out, x, in, pack_rows, in, 1, out, in, N, ADD);
}
