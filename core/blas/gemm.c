/* gemm.c - matrix products by way of CBLAS (Dongarra et al. 1990).
 *
 * OpenBLAS must be told to stay on one thread (kernels_init does): lanes are our threads.
 */
#include "core/blas/blas.h"

#include <cblas.h>

void blas_gemm_nn(float *C, int ldc, const float *A, int lda, const float *B, int ldb, int M, int N,
                  int K, float alpha, float beta)
{
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, M, N, K, alpha, A, lda, B, ldb, beta, C,
                ldc);
}

void blas_gemm_nt(float *C, int ldc, const float *A, int lda, const float *B, int ldb, int M, int N,
                  int K, float alpha, float beta)
{
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, M, N, K, alpha, A, lda, B, ldb, beta, C,
                ldc);
}

void blas_gemm_tn(float *C, int ldc, const float *A, int lda, const float *B, int ldb, int M, int N,
                  int K, float alpha, float beta)
{
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, M, N, K, alpha, A, lda, B, ldb, beta, C,
                ldc);
}

void blas_linear(float *y, const float *x, const float *W, int N, int in, int out)
{
    blas_gemm_nt(y, out, x, in, W, in, N, out, in, 1, 0);
}

void blas_linear_backward(float *dx, float *dW, const float *dy, const float *x, const float *W,
                          int N, int in, int out, float beta)
{
    blas_gemm_nn(dx, in, dy, out, W, in, N, in, out, 1, beta);
    blas_gemm_tn(dW, in, dy, out, x, in, out, in, N, 1, 1);
}
