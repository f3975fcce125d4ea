/* backend.h - the implementations of the kernels, each one table of functions.
 *
 *     plain      portable C, one loop for each equation: the reference for the others
 *     openblas   products by OpenBLAS, attention in tiles of them, the rest plain: any processor
 *     avx2       own kernels for vectors of 8 floats (x86-64-v3)
 *     avx512     the same source for vectors of 16 (x86-64-v4)
 *
 * kernels.h, attention.h and rope.h say what each function does.  Only they and tests look here.
 */
#ifndef CORE_COMPUTE_BACKEND_H
#define CORE_COMPUTE_BACKEND_H

#include "core/base/error.h"
#include "core/compute/attention.h"
#include "core/compute/panels.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct adamw;

typedef void gemm_fn(float *C, int ldc, const float *A, int lda, const float *B, int ldb, int M,
                     int N, int K, float alpha, float beta);

typedef struct backend {
    const char *name;
    bool (*runs)(void); /* on this processor */

    gemm_fn *gemm_nn, *gemm_nt, *gemm_tn;
    void (*linear)(float *y, const float *x, const float *W, int N, int in, int out);
    void (*linear_backward)(float *dx, float *dW, const float *dy, const float *x, const float *W,
                            int N, int in, int out, float beta);

    /* The same in bfloat16; NULL if the backend has none. */
    bool (*bfloat16_runs)(void);
    void (*bfloat16_linear)(float *y, const float *x, const float *W, int N, int in, int out);
    void (*bfloat16_linear_backward)(float *dx, float *dW, const float *dy, const float *x,
                                     const float *W, int N, int in, int out, float beta);

    panels_layout panels, bfloat16_panels;

    /* y = x r gain, r = 1 / sqrt(sum of x^2 / over + eps): RMSNorm with over = D, length 1 with
     * over = 1.  gain and dgain may both be NULL. */
    void (*norm)(float *y, float *r, const float *x, const float *gain, int N, int D, int over,
                 float eps);
    void (*norm_backward)(float *dx, float *dgain, const float *dy, const float *x, const float *r,
                          const float *gain, int N, int D, int over, float beta);
    void (*swiglu)(float *y, const float *gate, const float *up, size_t n);
    void (*swiglu_backward)(float *dgate, float *dup, float *y, const float *dy, const float *gate,
                            const float *up, size_t n);
    void (*sigmoid_gate)(float *y, const float *x, const float *g, size_t N, int width);
    void (*sigmoid_gate_backward)(float *dx, float *dg, const float *dy, const float *x,
                                  const float *g, size_t N, int width);
    void (*softplus)(float *y, const float *x, size_t n);
    void (*softplus_backward)(float *dx, const float *dy, const float *x, size_t n);
    void (*log_sigmoid)(float *y, const float *x, size_t n);
    void (*log_sigmoid_backward)(float *dx, const float *dy, const float *x, size_t n);
    void (*vector_multiply)(float *y, const float *a, const float *b, size_t n);
    void (*vector_multiply_backward)(float *da, float *db, const float *dy, const float *a,
                                     const float *b, size_t n);
    double (*cross_entropy)(float *nll, const float *logits, const int32_t *target, int N, int V);
    double (*cross_entropy_backward)(float *nll, float *logits, const int32_t *target, int N, int V,
                                     float scale);
    void (*vector_add)(float *y, const float *x, size_t n);
    double (*vector_square_sum)(const float *x, size_t n);
    void (*adamw_update)(float *w, float *m, float *v, const float *g, size_t n,
                         const struct adamw *a);

    /* x (S, H, stride) in place: pair (j, j + half) of every head by cos, sign sin (S, half). */
    void (*rope_turn)(float *x, const float *cos, const float *sin, int S, int H, int stride,
                      int half, float sign);

    /* Every field of a that has a default other than none has its value.  The sink is not the
     * backend's: forward leaves it out, and backward finds it in lse. */
    void (*attention_forward)(float *o, float *lse, const float *q, const float *k, const float *v,
                              const attention *a);
    void (*attention_backward)(float *dq, float *dk, float *dv, const float *dO, const float *o,
                               const float *lse, const float *q, const float *k, const float *v,
                               const attention *a);
} backend;

extern const backend backend_plain, backend_openblas;
#ifdef __x86_64__
extern const backend backend_avx2, backend_avx512;
#endif

/* Every backend in this build, slowest first, NULL last. */
extern const backend *const backends[];

/* Choose the backend of this process, at the first call.  Fails if ATTNLAB_KERNELS names none or
 * one that this processor cannot run, and if the BLAS library cannot be loaded. */
bool backend_choose(error *e);

/* The one chosen; backend_choose must not have failed. */
const backend *backend_chosen(void);

#endif
