/* openblas.h - matrix products by OpenBLAS, for the tables; see kernels.h. */
#ifndef CORE_COMPUTE_OPENBLAS_OPENBLAS_H
#define CORE_COMPUTE_OPENBLAS_OPENBLAS_H

#include "core/base/error.h"
#include "core/compute/attention.h"

#include <cblas.h>
#include <stdbool.h>

/* What is called of OpenBLAS; forget and choose are NULL in builds for one processor. */
typedef struct blas_library {
    __typeof__(cblas_sgemm) *sgemm;
    __typeof__(openblas_get_config) *config;
    __typeof__(openblas_get_corename) *corename;
    void (*forget)(void), (*choose)(void);
} blas_library;

/* Loads the library, on one thread; kernels_init calls it while no other thread computes. */
bool blas_load(error *e);
const blas_library *blas(void);

/* Address space that it maps for each thread that multiplies; where that cannot be, it tries for
 * ever (BUFFER_SIZE of 0.3.21, the largest of its processors). */
enum { BLAS_BUFFER = 128 << 20 };

/* The processor whose kernels OpenBLAS should take instead of those it took, on a processor with
 * AVX2 and FMA, or with AVX-512 (F, BW, DQ, VL, CD); NULL: leave it. */
const char *blas_core_for(const char *taken, bool avx2, bool avx512);
/* Have it take them. */
void blas_core_choose(const blas_library *b);

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
