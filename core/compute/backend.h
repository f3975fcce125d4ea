/* backend.h - the ways the kernels can be computed, each one table of functions.
 *
 *     plain      portable C, one loop after the equation: the oracle of the others
 *     openblas   products by OpenBLAS, attention in tiles of them, the rest plain: any processor
 *     avx2       own kernels for vectors of 8 floats (x86-64-v3)
 *     avx512     the same source for vectors of 16 (x86-64-v4)
 *
 * kernels.h and attention.h say what each function does; here only tests and kernels.c look.
 */
#ifndef CORE_COMPUTE_BACKEND_H
#define CORE_COMPUTE_BACKEND_H

#include "core/compute/attention.h"
#include "core/compute/kernels.h"

#include <stdbool.h>

typedef void gemm_fn(float *C, int ldc, const float *A, int lda, const float *B, int ldb, int M,
                     int N, int K, float alpha, float beta);

typedef struct backend {
    const char *name;
    bool (*runs)(void); /* on this processor */

    gemm_fn *gemm_nn, *gemm_nt, *gemm_tn;
    void (*linear)(float *y, const float *x, const float *W, int N, int in, int out);
    void (*linear_backward)(float *dx, float *dW, const float *dy, const float *x, const float *W,
                            int N, int in, int out, float beta);

    /* The same in bfloat16; NULL where the path has none. */
    bool (*bfloat16_runs)(void);
    void (*bfloat16_linear)(float *y, const float *x, const float *W, int N, int in, int out);
    void (*bfloat16_linear_backward)(float *dx, float *dW, const float *dy, const float *x,
                                     const float *W, int N, int in, int out, float beta);

    /* Panels of a weight W (out, in), for both of its products (panels.h): how many floats they
     * take, and their making.  NULL where the path has none. */
    size_t (*panels_floats)(int out, int in);
    void (*panels_make)(void *out_panels, const float *W, int out, int in);
    size_t (*bfloat16_panels_floats)(int out, int in);
    void (*bfloat16_panels_make)(void *out_panels, const float *W, int out, int in);

    void (*rmsnorm)(float *y, float *r, const float *x, const float *gain, int N, int D, float eps);
    void (*rmsnorm_backward)(float *dx, float *dgain, const float *dy, const float *x,
                             const float *r, const float *gain, int N, int D, float beta);
    void (*swiglu)(float *y, const float *gate, const float *up, size_t n);
    void (*swiglu_backward)(float *dgate, float *dup, float *y, const float *dy, const float *gate,
                            const float *up, size_t n);
    double (*cross_entropy)(float *nll, const float *logits, const int32_t *target, int N, int V);
    double (*cross_entropy_backward)(float *nll, float *logits, const int32_t *target, int N, int V,
                                     float scale);
    void (*vector_add)(float *y, const float *x, size_t n);
    double (*vector_square_sum)(const float *x, size_t n);
    void (*adamw_update)(float *w, float *m, float *v, const float *g, size_t n, const adamw *a);

    /* x (S, H, stride) in place: pair (j, j + half) of every head by cos, sign sin (S, half). */
    void (*rope_turn)(float *x, const float *cos, const float *sin, int S, int H, int stride,
                      int half, float sign);

    /* Every field of a is filled in. */
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

/* Every path in this build, slowest first, NULL last. */
extern const backend *const backends[];

/* The one that kernels.h and attention.h stand for, chosen at the first call; see kernels_init. */
const backend *backend_chosen(void);

#endif
