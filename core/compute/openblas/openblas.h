/* openblas.h - the kernels that call OpenBLAS, and how the library is loaded.
 *
 * blas_NAME computes what NAME does in kernels.h or attention.h, with the same arguments and
 * shapes.
 */
#ifndef CORE_COMPUTE_OPENBLAS_OPENBLAS_H
#define CORE_COMPUTE_OPENBLAS_OPENBLAS_H

#include "core/base/error.h"
#include "core/compute/attention.h"

#include <cblas.h>
#include <stdbool.h>

/* The functions of OpenBLAS that are used.  forget and choose, which drop and make its choice of
 * kernels, are NULL in builds for a single processor. */
typedef struct blas_library {
    __typeof__(cblas_sgemm) *sgemm;
    __typeof__(cblas_sgemv) *sgemv;
    __typeof__(openblas_get_config) *config;
    __typeof__(openblas_get_corename) *corename;
    void (*forget)(void), (*choose)(void);
} blas_library;

/* Load the library, with one thread; called by kernels_init before any thread computes.  Fails if
 * the library or a function is missing.  blas() returns the loaded library. */
bool blas_load(error *e);
const blas_library *blas(void);

/* Bytes of address space that OpenBLAS maps for each thread that multiplies; if that fails, it
 * retries forever (BUFFER_SIZE in 0.3.21, the largest of all processors). */
enum { BLAS_BUFFER = 128 << 20 };

/* OpenBLAS has chosen the kernels of processor `taken`.  Returns the processor whose kernels are
 * better on one that has AVX2 and FMA, or AVX-512 (F, BW, DQ, VL, CD); NULL if `taken` is good
 * enough. */
const char *blas_core_for(const char *taken, bool avx2, bool avx512);

void blas_gemm_nn(float *C, int ldc, const float *A, int lda, const float *B, int ldb, int M, int N,
                  int K, float alpha, float beta);
void blas_gemm_nt(float *C, int ldc, const float *A, int lda, const float *B, int ldb, int M, int N,
                  int K, float alpha, float beta);
void blas_gemm_tn(float *C, int ldc, const float *A, int lda, const float *B, int ldb, int M, int N,
                  int K, float alpha, float beta);
void blas_linear(float *y, const float *x, const float *W, int N, int in, int out);
void blas_linear_apart(float *y, const float *x, const float *W, int N, int in, int out);
void blas_linear_backward(float *dx, float *dW, const float *dy, const float *x, const float *W,
                          int N, int in, int out, float beta);
void blas_attention_forward(float *o, float *lse, const float *q, const float *k, const float *v,
                            const attention *a);
void blas_attention_backward(float *dq, float *dk, float *dv, const float *dO, const float *o,
                             const float *lse, const float *q, const float *k, const float *v,
                             const attention *a);

#endif
