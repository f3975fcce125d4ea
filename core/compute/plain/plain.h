/* plain.h - the kernels in portable C: the definition that every other backend is tested against.
 *
 * plain_NAME computes what NAME does in kernels.h, attention.h or backend.h, with the same
 * arguments and shapes.  Other backends use these functions where they have none of their own.
 */
#ifndef CORE_COMPUTE_PLAIN_PLAIN_H
#define CORE_COMPUTE_PLAIN_PLAIN_H

#include "core/compute/attention.h"
#include "core/compute/kernels.h"

/* True: portable C runs on every processor. */
bool plain_runs(void);

void plain_gemm_nn(float *C, int ldc, const float *A, int lda, const float *B, int ldb, int M,
                   int N, int K, float alpha, float beta);
void plain_gemm_nt(float *C, int ldc, const float *A, int lda, const float *B, int ldb, int M,
                   int N, int K, float alpha, float beta);
void plain_gemm_tn(float *C, int ldc, const float *A, int lda, const float *B, int ldb, int M,
                   int N, int K, float alpha, float beta);
void plain_linear(float *y, const float *x, const float *W, int N, int in, int out);
void plain_linear_backward(float *dx, float *dW, const float *dy, const float *x, const float *W,
                           int N, int in, int out, float beta);
void plain_bfloat16_linear(float *y, const float *x, const float *W, int N, int in, int out);
void plain_bfloat16_linear_backward(float *dx, float *dW, const float *dy, const float *x,
                                    const float *W, int N, int in, int out, float beta);
void plain_norm(float *y, float *r, const float *x, const float *gain, int N, int D, int over,
                float eps);
void plain_norm_backward(float *dx, float *dgain, const float *dy, const float *x, const float *r,
                         const float *gain, int N, int D, int over, float beta);
void plain_sigmoid_gate(float *y, const float *x, const float *g, size_t N, int width);
void plain_sigmoid_gate_backward(float *dx, float *dg, const float *dy, const float *x,
                                 const float *g, size_t N, int width);
void plain_softplus(float *y, const float *x, size_t n);
void plain_softplus_backward(float *dx, const float *dy, const float *x, size_t n);
void plain_log_sigmoid(float *y, const float *x, size_t n);
void plain_log_sigmoid_backward(float *dx, const float *dy, const float *x, size_t n);
void plain_vector_multiply(float *y, const float *a, const float *b, size_t n);
void plain_vector_multiply_backward(float *da, float *db, const float *dy, const float *a,
                                    const float *b, size_t n);
void plain_swiglu(float *y, const float *gate, const float *up, size_t n);
void plain_swiglu_backward(float *dgate, float *dup, float *y, const float *dy, const float *gate,
                           const float *up, size_t n);
double plain_cross_entropy(float *nll, const float *logits, const int32_t *target, int N, int V);
double plain_cross_entropy_backward(float *nll, float *logits, const int32_t *target, int N, int V,
                                    float scale);
void plain_vector_add(float *y, const float *x, size_t n);
double plain_vector_square_sum(const float *x, size_t n);
void plain_adamw_update(float *w, float *m, float *v, const float *g, size_t n, const adamw *a);
void plain_rope_turn(float *x, const float *cos, const float *sin, int S, int H, int stride,
                     int half, float sign);
void plain_attention_forward(float *o, float *lse, const float *q, const float *k, const float *v,
                             const attention *a);
void plain_attention_backward(float *dq, float *dk, float *dv, const float *dO, const float *o,
                              const float *lse, const float *q, const float *k, const float *v,
                              const attention *a);

/* Set x (rows, heads, width) to 0; row and head are its strides. */
void plain_attention_clear(float *x, int rows, int heads, int row, int head, int width);

#endif
