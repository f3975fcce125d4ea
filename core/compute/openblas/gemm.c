/* gemm.c - matrix products by CBLAS (Dongarra et al., A set of level 3 basic linear algebra
 * subprograms, 1990), and linear layers made of them.
 *
 *     C = alpha A B + beta C
 *     y = x W^T        dx = dy W + beta dx        dW += dy^T x
 *
 * OpenBLAS computes on the calling thread only (load.c); the threads are attnlab's own.
 */
#include "core/compute/cut.h"
#include "core/compute/openblas/openblas.h"
#include "core/compute/threads.h"

#include <limits.h>
#include <stddef.h>

enum { PIECES = 16 }; /* most pieces of a product */

void blas_gemm_nn(float *C, int ldc, const float *A, int lda, const float *B, int ldb, int M, int N,
                  int K, float alpha, float beta)
{
    blas()->sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, M, N, K, alpha, A, lda, B, ldb, beta,
                  C, ldc);
}

void blas_gemm_nt(float *C, int ldc, const float *A, int lda, const float *B, int ldb, int M, int N,
                  int K, float alpha, float beta)
{
    blas()->sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, M, N, K, alpha, A, lda, B, ldb, beta, C,
                  ldc);
}

void blas_gemm_tn(float *C, int ldc, const float *A, int lda, const float *B, int ldb, int M, int N,
                  int K, float alpha, float beta)
{
    blas()->sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, M, N, K, alpha, A, lda, B, ldb, beta, C,
                  ldc);
}

/* A product that is cut into pieces for idle threads: each has some rows of C.  The cut depends on
 * the shape alone, because it can change the last bits of C. */
typedef struct product {
    void (*gemm)(float *, int, const float *, int, const float *, int, int, int, int, float, float);
    cut cut; /* of the M rows of C */
    float *C;
    const float *A, *B;
    int ldc, lda, ldb, N, K;
    long ai; /* floats of A from one row of C to the next */
    float beta;
} product;

static void piece(void *arg, int i)
{
    const product *p = arg;
    int M;
    const long from = cut_piece(&M, &p->cut, i);
    p->gemm(p->C + from * p->ldc, p->ldc, p->A + from * p->ai, p->lda, p->B, p->ldb, M, p->N, p->K,
            1, p->beta);
}

static void multiply(product *p, int M)
{
    const long work = (long)p->N * p->K / 2048 + 1; /* a piece has 2^27 multiplications or more */
    p->cut = cut_rows(M, (int)(work < CUT_FLOATS / 128 ? work : CUT_FLOATS / 128), PIECES);
    threads_grid(p->cut.pieces, piece, p);
}

void blas_linear(float *y, const float *x, const float *W, int N, int in, int out)
{
    product p = { .gemm = blas_gemm_nt, .C = y, .ldc = out, .A = x, .lda = in, .ai = in };
    p.B = W, p.ldb = in, p.N = out, p.K = in;
    multiply(&p, N);
}

/* Some rows of W times all rows of x, one matrix-vector product each: while these rows of W are in
 * cache, only x is read again. */
typedef struct vectors {
    cut cut; /* of the `out` rows of W */
    float *y;
    const float *x, *W;
    int N, in, out;
} vectors;

static void vectors_piece(void *arg, int i)
{
    const vectors *p = arg;
    int M;
    const size_t from = (size_t)cut_piece(&M, &p->cut, i);
    for (size_t n = 0; n < (size_t)p->N; n++)
        blas()->sgemv(CblasRowMajor, CblasNoTrans, M, p->in, 1, p->W + from * (size_t)p->in, p->in,
                      p->x + n * (size_t)p->in, 1, 0, p->y + n * (size_t)p->out + from, 1);
}

void blas_linear_apart(float *y, const float *x, const float *W, int N, int in, int out)
{
    vectors p = { .y = y, .x = x, .W = W, .N = N, .in = in, .out = out };
    p.cut = cut_rows(out, in, INT_MAX);
    threads_grid(p.cut.pieces, vectors_piece, &p);
}

void blas_linear_backward(float *dx, float *dW, const float *dy, const float *x, const float *W,
                          int N, int in, int out, float beta)
{
    product p = { .gemm = blas_gemm_nn, .C = dx, .ldc = in, .A = dy, .lda = out, .ai = out };
    p.B = W, p.ldb = in, p.N = in, p.K = out, p.beta = beta;
    multiply(&p, N);
    product q = { .gemm = blas_gemm_tn, .C = dW, .ldc = in, .A = dy, .lda = out, .ai = 1 };
    q.B = x, q.ldb = in, q.N = in, q.K = N, q.beta = 1;
    multiply(&q, out);
}
