/* linear.c - matrix products and linear layers by the definition, in float32 and bfloat16.
 *
 *     C_mn = alpha sum_k A_mk B_kn + beta C_mn
 *     y = x W^T        dx = dy W + beta dx        dW += dy^T x
 *
 * With beta = 0, C is not read, because it may hold NaN.  In bfloat16 both operands of a product
 * are rounded to a significand of 8 bits, to nearest with ties to even; products and sums are
 * float32.
 */
#include "core/compute/plain/plain.h"

#include <math.h>
#include <string.h>

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

static float rounded(float x)
{
    uint32_t bits;
    if (isnan(x)) return x;
    memcpy(&bits, &x, sizeof bits);
    bits = (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000;
    memcpy(&x, &bits, sizeof x);
    return x;
}

void plain_bfloat16_linear(float *y, const float *x, const float *W, int N, int in, int out)
{
    for (size_t i = 0; i < (size_t)N; i++)
        for (size_t o = 0; o < (size_t)out; o++) {
            float sum = 0;
            for (size_t j = 0; j < (size_t)in; j++)
                sum += rounded(x[i * (size_t)in + j]) * rounded(W[o * (size_t)in + j]);
            y[i * (size_t)out + o] = sum;
        }
}

void plain_bfloat16_linear_backward(float *dx, float *dW, const float *dy, const float *x,
                                    const float *W, int N, int in, int out, float beta)
{
    const size_t I = (size_t)in, O = (size_t)out;
    for (size_t i = 0; i < (size_t)N; i++)
        for (size_t j = 0; j < I; j++) {
            float sum = 0;
            for (size_t o = 0; o < O; o++) sum += rounded(dy[i * O + o]) * rounded(W[o * I + j]);
            dx[i * I + j] = beta == 0 ? sum : sum + beta * dx[i * I + j];
        }
    for (size_t o = 0; o < O; o++)
        for (size_t j = 0; j < I; j++) {
            float sum = 0;
            for (size_t i = 0; i < (size_t)N; i++)
                sum += rounded(dy[i * O + o]) * rounded(x[i * I + j]);
            dW[o * I + j] += sum;
        }
}
