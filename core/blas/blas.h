/* blas.h - matrix products by OpenBLAS, for the tables; see kernels.h. */
#ifndef CORE_BLAS_BLAS_H
#define CORE_BLAS_BLAS_H

#include "core/attention.h"

#include <stdbool.h>

/* The processor whose kernels OpenBLAS should take instead of those it took, on a processor with
 * AVX2 and FMA, or with AVX-512 (F, BW, DQ, VL, CD); NULL: leave it. */
const char *blas_core_for(const char *taken, bool avx2, bool avx512);
/* Have it take them.  Before the first product, while no other thread computes. */
void blas_core_choose(void);

void blas_gemm_nn(float *C, int ldc, const float *A, int lda, const float *B, int ldb, int M, int N,
                  int K, float alpha, float beta);
void blas_gemm_nt(float *C, int ldc, const float *A, int lda, const float *B, int ldb, int M, int N,
                  int K, float alpha, float beta);
void blas_gemm_tn(float *C, int ldc, const float *A, int lda, const float *B, int ldb, int M, int N,
                  int K, float alpha, float beta);
void blas_linear(float *y, const float *x, const float *W, int N, int in, int out);
void blas_linear_backward(float *dx, float *dW, const float *dy, const float *x, const float *W,
                          int N, int in, int out, float beta);
void blas_attention_forward(float *o, float *lse, const float *q, const float *k, const float *v,
                            const attention *a);
void blas_attention_backward(float *dq, float *dk, float *dv, const float *dO, const float *o,
                             const float *lse, const float *q, const float *k, const float *v,
                             const attention *a);

#endif
