/* bfloat16.c - linear layers in bfloat16, with AVX512-BF16 instructions (Intel 64 and IA-32
 * Architectures Software Developer's Manual, VDPBF16PS).
 *
 *     y = x W^T        dx = dy W (+ dx)        dW += dy^T x
 *
 * Both operands of a product are rounded to bfloat16, to nearest.  Their products are exact in
 * float32 and are summed in float32.  The instruction multiplies two neighbouring depths at once,
 * so operands are stored as pairs: depth 2k in the low half, 2k + 1 in the high half, and a zero
 * after the last depth if K is odd.  B becomes panels (K/2, NR) of pairs, and A a block of pairs,
 * each when needed.  The loops are those of linear.c.  The instruction treats denormal numbers as
 * 0.
 */
#include "core/compute/panels.h"
#include "core/compute/simd/parts.h"
#include "core/compute/simd/simd.h"
#include "core/compute/threads.h"

enum { WORK = 1 << 26 }; /* cut one more piece per so many multiplications */
enum { SET, ADD };

typedef uint32_t pair; /* two bfloat16 */

/* A mask of the first n of 16 lanes; of none if n <= 0. */
INLINE __mmask16 first(long n)
{
    return n >= 16 ? 0xffff : n <= 0 ? 0 : (__mmask16)((1u << n) - 1);
}

/* 16 pairs from 32 consecutive floats, of which the first n exist. */
INLINE __m512i pairs_along(const float *x, long n)
{
    const __m512 low = _mm512_maskz_loadu_ps(first(n), x);
    const __m512 high = n > 16 ? _mm512_maskz_loadu_ps(first(n - 16), x + 16) : _mm512_setzero_ps();
    return (__m512i)_mm512_cvtne2ps_pbh(high, low);
}

/* 16 pairs from two rows of 16 floats, of which the first n exist; y may be NULL for zeros. */
INLINE __m512i pairs_across(const float *x, const float *y, long n)
{
    const __m512i order =
        _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6,
                         21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
    const __m512 low = _mm512_maskz_loadu_ps(first(n), x);
    const __m512 high = y ? _mm512_maskz_loadu_ps(first(n), y) : _mm512_setzero_ps();
    return _mm512_permutexvar_epi16(order, (__m512i)_mm512_cvtne2ps_pbh(high, low));
}

/* out[m ld + k] = pair k (depths 2k, 2k + 1) of row m of X (M, K), rows ldx apart. */
static void convert_along(pair *out, long ld, const float *X, long ldx, long M, long K)
{
    for (long m = 0; m < M; m++, X += ldx, out += ld)
        for (long k = 0; k < K; k += 32)
            _mm512_mask_storeu_epi32(out + k / 2, first((K - k + 1) / 2),
                                     pairs_along(X + k, K - k));
}

/* out[k ld + m] = pair k (rows 2k, 2k + 1) of column m of X (K, M), rows ldx apart. */
static void convert_across(pair *out, long ld, const float *X, long ldx, long M, long K)
{
    for (long k = 0; k < K; k += 2, X += 2 * ldx, out += ld)
        for (long m = 0; m < M; m += 16)
            _mm512_mask_storeu_epi32(out + m, first(M - m),
                                     pairs_across(X + m, k + 1 < K ? X + ldx + m : NULL, M - m));
}

/* out = the panels of B (K, N), given by its rows, ldb apart. */
static void pack_rows(pair *out, const float *B, long ldb, long K, long N)
{
    for (long n = 0; n < N; n += NR)
        for (long k = 0; k < K; k += 2, out += NR) {
            const float *x = B + k * ldb + n, *y = k + 1 < K ? x + ldb : NULL;
            _mm512_storeu_si512(out, pairs_across(x, y, N - n));
            _mm512_storeu_si512(out + 16, N - n > 16
                                              ? pairs_across(x + 16, y ? y + 16 : NULL, N - n - 16)
                                              : _mm512_setzero_si512());
        }
}

/* out = the panels of B (K, N), given by its columns, ldb apart. */
static void pack_columns(pair *out, const float *B, long ldb, long K, long N)
{
    const long half = (K + 1) / 2;
    for (long n = 0; n < N; n += NR, out += half * NR)
        for (long j = 0; j < NR; j += VW)
            for (long k = 0; k < half; k += VW) {
                vf x[VW];
                for (long i = 0; i < VW; i++)
                    x[i] = n + j + i < N ? (vf)pairs_along(B + (n + j + i) * ldb + 2 * k, K - 2 * k)
                                         : (vf){ 0 };
                transpose(x);
                for (long i = 0; i < min(VW, half - k); i++)
                    _mm512_storeu_si512(out + (k + i) * NR + j, (__m512i)x[i]);
            }
}

/* C (rows, NR) = or += A (rows, K) B (K, NR), K in pairs; like the micro-kernel in micro.h. */
INLINE void micro_body(int rows, int mode, float *C, long ldc, const pair *A, long ai, long ak,
                       const pair *B, long K)
{
    __m512 c[MR][2];
#pragma GCC unroll 8
    for (int i = 0; i < rows; i++) c[i][0] = c[i][1] = _mm512_setzero_ps();
#pragma GCC unroll 8
    for (int i = 0; i < rows; i++) {
        __builtin_prefetch(C + i * ldc, 1);
        __builtin_prefetch(C + i * ldc + NR - 1, 1);
    }
    for (long k = 0; k < K; k++) {
        const __m512bh b0 = (__m512bh)_mm512_loadu_si512(B + k * NR);
        const __m512bh b1 = (__m512bh)_mm512_loadu_si512(B + k * NR + VW);
#pragma GCC unroll 8
        for (int i = 0; i < rows; i++) {
            const __m512bh a = (__m512bh)_mm512_set1_epi32((int)A[i * ai + k * ak]);
            c[i][0] = _mm512_dpbf16_ps(c[i][0], a, b0);
            c[i][1] = _mm512_dpbf16_ps(c[i][1], a, b1);
        }
    }
#pragma GCC unroll 8
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 2
        for (int j = 0; j < 2; j++) {
            float *at = C + i * ldc + VW * j;
            store(at, mode == ADD ? load(at) + (vf)c[i][j] : (vf)c[i][j]);
        }
}

/* A whole strip at once; of the last, shorter one, row by row. */
INLINE void micro(int rows, int mode, float *C, long ldc, const pair *A, long ai, long ak,
                  const pair *B, long K)
{
    if (rows == MR)
        micro_body(MR, mode, C, ldc, A, ai, ak, B, K);
    else
        for (int i = 0; i < rows; i++)
            micro_body(1, mode, C + i * ldc, ldc, A + i * ai, ai, ak, B, K);
}

/* C (rows, columns) = or += A (rows, K) panel (K, NR), where columns <= NR at the edge of C. */
INLINE void strip(float *C, long ldc, const pair *A, long ai, long ak, const pair *panel, int rows,
                  long columns, long K, int mode)
{
    if (columns >= NR) {
        if (mode == SET)
            micro(rows, SET, C, ldc, A, ai, ak, panel, K);
        else
            micro(rows, ADD, C, ldc, A, ai, ak, panel, K);
        return;
    }
    _Alignas(64) float edge[MR * NR];
    micro(rows, SET, edge, NR, A, ai, ak, panel, K);
    for (int i = 0; i < rows; i++)
        for (long j = 0; j < columns; j++)
            C[i * ldc + j] = edge[i * NR + j] + (mode == ADD ? C[i * ldc + j] : 0);
}

/* C (M, N) = or += A (M, K) B (K, N), one block; K in pairs. */
INLINE void product_of(float *C, long ldc, const pair *A, long ai, long ak, const pair *packed,
                       long M, long N, long K, int mode)
{
    for (long n = 0; n < N; n += NR)
        for (long m = 0; m < M; m += MR)
            strip(C + m * ldc + n, ldc, A + m * ai, ai, ak, packed + n * K, (int)min(MR, M - m),
                  N - n, K, mode);
}

/* The two layouts of A, each with one stride that is a constant. */
static void product_of_rows(float *C, long ldc, const pair *A, long ai, const pair *packed, long M,
                            long N, long K, int mode)
{
    product_of(C, ldc, A, ai, 1, packed, M, N, K, mode);
}

static void product_of_columns(float *C, long ldc, const pair *A, long ak, const pair *packed,
                               long M, long N, long K, int mode)
{
    product_of(C, ldc, A, 1, ak, packed, M, N, K, mode);
}

/* C (M, N) = or += A (M, K) B (K, N).  An operand is `along` if its depths are contiguous: A by
 * rows, B by columns. */
typedef struct product {
    float *C;
    const float *A, *B;
    long ldc, lda, ldb, M, N, K;
    const pair *laid; /* all of B in panels, or NULL to pack it */
    bool a_along, b_along;
    int mode;
    pieces pieces;
} product;

/* Compute rows m0..m0+M-1 and columns n..n+N-1 of C over depths k..k+K-1, with B packed. */
static void block(const product *p, const pair *packed, long m0, long M, long n, long N, long k,
                  long K, int mode)
{
    _Alignas(64) pair a[BLOCK_A];
    const long half = (K + 1) / 2, step = part_of(M, BLOCK_A / half / 16 * 16, 16);
    for (long m = m0, end = m0 + M; m < end; m += step) {
        const long rows = min(step, end - m);
        float *C = p->C + m * p->ldc + n;
        if (p->a_along) {
            convert_along(a, half, p->A + m * p->lda + k, p->lda, rows, K);
            product_of_rows(C, p->ldc, a, half, packed, rows, N, half, mode);
        } else {
            convert_across(a, step, p->A + k * p->lda + m, p->lda, rows, K);
            product_of_columns(C, p->ldc, a, step, packed, rows, N, half, mode);
        }
    }
}

/* Pairs in the panels of B (K, N). */
static long pairs_of(long K, long N)
{
    return (K + 1) / 2 * ((N + NR - 1) / NR * NR);
}

static void piece(void *arg, int i)
{
    const product *p = arg;
    _Alignas(64) pair packed[DEPTH / 2 * COLUMNS];
    long m0, M, n0, N;
    pieces_take(&m0, &M, &n0, &N, &p->pieces, i);
    const long kc = part_of(p->K, DEPTH, 2), nc = part_of(N, COLUMNS, NR);
    for (long n = n0; n < n0 + N; n += nc)
        for (long k = 0; k < p->K; k += kc) {
            const long columns = min(nc, n0 + N - n), depth = min(kc, p->K - k);
            const pair *B = packed;
            if (p->laid)
                B = p->laid + pairs_of(k, p->N) + n * ((depth + 1) / 2);
            else if (p->b_along)
                pack_columns(packed, p->B + n * p->ldb + k, p->ldb, depth, columns);
            else
                pack_rows(packed, p->B + k * p->ldb + n, p->ldb, depth, columns);
            block(p, B, m0, M, n, columns, k, depth, k ? ADD : p->mode);
        }
}

static void multiply(product *p)
{
    int n;
    p->pieces = pieces_of(&n, p->M, p->N, p->K, WORK, 16);
    threads_grid(n, piece, p);
}

/* The panels of W (out, in): B = W^T (in, out) for y, followed by B = W (out, in) for dx. */
size_t bfloat16_panels_floats(int out, int in)
{
    return (size_t)(pairs_of(in, out) + pairs_of(out, in));
}

void bfloat16_panels_make(void *out_panels, const float *W, int out, int in)
{
    pair *to = out_panels;
    const long forward = part_of(in, DEPTH, 2), backward = part_of(out, DEPTH, 2);
    for (long k = 0; k < in; k += forward)
        pack_columns(to + pairs_of(k, out), W + k, in, min(forward, in - k), out);
    to += pairs_of(in, out);
    for (long k = 0; k < out; k += backward)
        pack_rows(to + pairs_of(k, in), W + k * in, in, min(backward, out - k), in);
}

void bfloat16_linear(float *y, const float *x, const float *W, int N, int in, int out)
{
    product p = { .C = y, .ldc = out, .A = x, .lda = in, .B = W, .ldb = in };
    p.M = N, p.N = out, p.K = in, p.a_along = p.b_along = true, p.mode = SET;
    p.laid = panels_find(W, out, in, bfloat16_panels_make);
    multiply(&p);
}

void bfloat16_linear_backward(float *dx, float *dW, const float *dy, const float *x, const float *W,
                              int N, int in, int out, float beta)
{
    product p = { .C = dx, .ldc = in, .A = dy, .lda = out, .B = W, .ldb = in };
    p.M = N, p.N = in, p.K = out, p.a_along = true, p.mode = beta == 0 ? SET : ADD;
    const pair *laid = panels_find(W, out, in, bfloat16_panels_make);
    p.laid = laid ? laid + pairs_of(in, out) : NULL;
    multiply(&p);
    product q = { .C = dW, .ldc = in, .A = dy, .lda = out, .B = x, .ldb = in };
    q.M = out, q.N = in, q.K = N, q.mode = ADD;
    multiply(&q);
}

bool bfloat16_runs(void)
{
    return __builtin_cpu_supports("avx512bf16");
}
