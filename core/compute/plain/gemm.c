/* gemm.c - matrix products by the definition, the inner loop along rows.
 *
 *     C_mn = alpha sum_k A_mk B_kn + beta C_mn
 *
 * A C that beta 0 overwrites is not read: it may hold NaN.
 */
#include "core/compute/plain/plain.h"

static void scale_rows(float *C, int ldc, int M, int N, float beta)
{
    for (int m = 0; m < M; m++)
        for (int n = 0; n < N; n++) {
            float *c = &C[(size_t)m * ldc + n];
            *c = beta == 0 ? 0 : beta * *c;
        }
}

void plain_gemm_nn(float *C, int ldc, const float *A, int lda, const float *B, int ldb, int M,
                   int N, int K, float alpha, float beta)
{
    scale_rows(C, ldc, M, N, beta);
    for (int m = 0; m < M; m++)
        for (int k = 0; k < K; k++) {
            const float a = alpha * A[(size_t)m * lda + k], *b = B + (size_t)k * ldb;
            for (int n = 0; n < N; n++) C[(size_t)m * ldc + n] += a * b[n];
        }
}

void plain_gemm_nt(float *C, int ldc, const float *A, int lda, const float *B, int ldb, int M,
                   int N, int K, float alpha, float beta)
{
    for (int m = 0; m < M; m++)
        for (int n = 0; n < N; n++) {
            const float *a = A + (size_t)m * lda, *b = B + (size_t)n * ldb;
            float *c = &C[(size_t)m * ldc + n], sum = 0;
            for (int k = 0; k < K; k++) sum += a[k] * b[k];
            *c = alpha * sum + (beta == 0 ? 0 : beta * *c);
        }
}

void plain_gemm_tn(float *C, int ldc, const float *A, int lda, const float *B, int ldb, int M,
                   int N, int K, float alpha, float beta)
{
    scale_rows(C, ldc, M, N, beta);
    for (int k = 0; k < K; k++)
        for (int m = 0; m < M; m++) {
            const float a = alpha * A[(size_t)k * lda + m], *b = B + (size_t)k * ldb;
            for (int n = 0; n < N; n++) C[(size_t)m * ldc + n] += a * b[n];
        }
}

void plain_linear(float *y, const float *x, const float *W, int N, int in, int out)
{
    plain_gemm_nt(y, out, x, in, W, in, N, out, in, 1, 0);
}

void plain_linear_backward(float *dx, float *dW, const float *dy, const float *x, const float *W,
                           int N, int in, int out, float beta)
{
    plain_gemm_nn(dx, in, dy, out, W, in, N, in, out, 1, beta);
    plain_gemm_tn(dW, in, dy, out, x, in, out, in, N, 1, 1);
}
