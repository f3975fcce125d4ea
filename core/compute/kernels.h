/* kernels.h - the arithmetic that all models share, each forward next to its backward.
 *
 * Arguments are outputs, inputs, sizes.  Kernels never fail.  In backward functions, gradients of
 * weights are added to what is there, and gradients of data overwrite it, unless `beta` is 1.
 * Results depend on shapes and inputs alone, never on the thread that computes them.
 */
#ifndef CORE_COMPUTE_KERNELS_H
#define CORE_COMPUTE_KERNELS_H

#include "core/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct panels_layout;

/* Several backends compute the same thing; their last bits differ.  ATTNLAB_KERNELS selects one:
 * "plain", "openblas", "avx2" or "avx512"; without it, the fastest that the processor runs is
 * taken. The first call decides for the whole process.  A program calls kernels_init first, which
 * fails if the name is unknown or the processor cannot run those kernels. */
bool kernels_init(error *e);

/* The precision of the linear layers of this process from now on: float32, which is the default, or
 * bfloat16 (both operands of a product are rounded to it; products and sums are float32).  Must not
 * be called while they compute.  Fails if the backend has no bfloat16; the message leaves it to the
 * caller to say who asked for it. */
typedef enum kernels_precision { KERNELS_FLOAT32, KERNELS_BFLOAT16 } kernels_precision;
bool kernels_set_precision(kernels_precision p, error *e);
kernels_precision kernels_precision_set(void);

/* How the backend lays out weights for linear layers of this precision (panels.h). */
const struct panels_layout *kernels_layout(kernels_precision p);

/* What decides the bits, to be stored with a result: the backend, the BLAS library with its
 * configuration, and the processor that BLAS has been set to. */
const char *kernels_name(void);
const char *kernels_blas(void);
const char *kernels_blas_core(void);

/* C (M, N) = alpha A B + beta C, row-major, with explicit row strides.
 * nn: A (M, K), B (K, N).   nt: A (M, K), B (N, K).   tn: A (K, M), B (K, N). */
void gemm_nn(float *C, int ldc, const float *A, int lda, const float *B, int ldb, int M, int N,
             int K, float alpha, float beta);
void gemm_nt(float *C, int ldc, const float *A, int lda, const float *B, int ldb, int M, int N,
             int K, float alpha, float beta);
void gemm_tn(float *C, int ldc, const float *A, int lda, const float *B, int ldb, int M, int N,
             int K, float alpha, float beta);

/* y (N, out) = x (N, in) W^T, with W (out, in). */
void linear(float *y, const float *x, const float *W, int N, int in, int out);
void linear_backward(float *dx, float *dW, const float *dy, const float *x, const float *W, int N,
                     int in, int out, float beta);

/* From now on, do float32 calls of linear() by this thread keep rows apart?  Then each entry of y
 * is summed in an order that depends on `in` alone: a row has the same bits whatever N is.  W is
 * read as it is, which is the faster way for few rows and about as fast for many.  Only decoding
 * asks for it; without it nothing changes.  Returns what was set before. */
bool linear_keep_apart(bool apart);

/* RMSNorm (Zhang and Sennrich 2019): y (N, D) = x r gain, r (N) = 1 / sqrt(mean of x^2 + eps). With
 * gain = NULL there is no gain, and dgain is not used.  y may be x, and dx may be dy.  To normalize
 * heads, a row is a head: N = B S H, D = E. */
void rmsnorm(float *y, float *r, const float *x, const float *gain, int N, int D, float eps);
void rmsnorm_backward(float *dx, float *dgain, const float *dy, const float *x, const float *r,
                      const float *gain, int N, int D, float beta);

/* Rows of length 1: y (N, D) = x r, r (N) = 1 / sqrt(sum of x^2 + eps). */
void l2norm(float *y, float *r, const float *x, int N, int D, float eps);
void l2norm_backward(float *dx, const float *dy, const float *x, const float *r, int N, int D,
                     float beta);

/* SwiGLU (Shazeer 2020): y = gate sigmoid(gate) up, n entries.  Backward also makes y again, so
 * that it need not be kept; dgate and dup may be gate and up. */
void swiglu(float *y, const float *gate, const float *up, size_t n);
void swiglu_backward(float *dgate, float *dup, float *y, const float *dy, const float *gate,
                     const float *up, size_t n);

/* Sigmoid gate: y (N, width) = x sigmoid(g), g (N).  width = 1 gives every entry a gate of its own,
 * width = E one to each head.  y may be x, and dx may be dy. */
void sigmoid_gate(float *y, const float *x, const float *g, size_t N, int width);
void sigmoid_gate_backward(float *dx, float *dg, const float *dy, const float *x, const float *g,
                           size_t N, int width);

/* softplus(x) = log(1 + exp(x)) and log_sigmoid(x) = -softplus(-x), n entries, exact in both tails.
 * y may be x, and dx may be dy. */
void softplus(float *y, const float *x, size_t n);
void softplus_backward(float *dx, const float *dy, const float *x, size_t n);
void log_sigmoid(float *y, const float *x, size_t n);
void log_sigmoid_backward(float *dx, const float *dy, const float *x, size_t n);

/* y = a b, entry by entry, n entries.  Each output may be one of the inputs. */
void vector_multiply(float *y, const float *a, const float *b, size_t n);
void vector_multiply_backward(float *da, float *db, const float *dy, const float *a, const float *b,
                              size_t n);

/* Cross-entropy of N rows of V logits, in nats: nll (N) = logsumexp(row) - row[target]; the sum is
 * returned in float64.  A row whose target is -1 has nll 0 and no gradient.  The second one also
 * turns the logits into the gradient of `scale` times the sum. */
double cross_entropy(float *nll, const float *logits, const int32_t *target, int N, int V);
double cross_entropy_backward(float *nll, float *logits, const int32_t *target, int N, int V,
                              float scale);

/* y += x, and the sum of squares in float64, n entries. */
void vector_add(float *y, const float *x, size_t n);
double vector_square_sum(const float *x, size_t n);

/* AdamW (Loshchilov and Hutter 2019), n entries, gradient g scaled by `clip` first:
 *
 *     m = b1 m + (1 - b1) g     v = b2 v + (1 - b2) g^2
 *     w = w (1 - lr decay) - lr (m / c1) / (sqrt(v / c2) + eps)     c1 = 1 - b1^t, c2 = 1 - b2^t */
typedef struct adamw {
    double lr, beta1, beta2, eps, decay, clip;
    int64_t t; /* the number of this update, from 1 */
} adamw;
void adamw_update(float *w, float *m, float *v, const float *g, size_t n, const adamw *a);

#endif
