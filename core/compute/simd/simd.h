/* simd.h - the vector kernels, for the target that is being compiled (avx2 or avx512).
 *
 * SIMD(NAME) computes what NAME does in kernels.h, attention.h or backend.h, with the same
 * arguments and shapes.
 */
#ifndef CORE_COMPUTE_SIMD_SIMD_H
#define CORE_COMPUTE_SIMD_SIMD_H

#include "core/compute/attention.h"
#include "core/compute/kernels.h"
#include "core/compute/simd/vec.h"

#include <stdbool.h>

size_t SIMD(panels_floats)(int out, int in);
void SIMD(panels_make)(void *out_panels, const float *W, int out, int in);
void SIMD(linear)(float *y, const float *x, const float *W, int N, int in, int out);
void SIMD(linear_backward)(float *dx, float *dW, const float *dy, const float *x, const float *W,
                           int N, int in, int out, float beta);
void SIMD(linear_apart)(float *y, const float *x, const float *W, int N, int in, int out);
void SIMD(norm)(float *y, float *r, const float *x, const float *gain, int N, int D, int over,
                float eps);
void SIMD(norm_backward)(float *dx, float *dgain, const float *dy, const float *x, const float *r,
                         const float *gain, int N, int D, int over, float beta);
void SIMD(sigmoid_gate)(float *y, const float *x, const float *g, size_t N, int width);
void SIMD(sigmoid_gate_backward)(float *dx, float *dg, const float *dy, const float *x,
                                 const float *g, size_t N, int width);
void SIMD(softplus)(float *y, const float *x, size_t n);
void SIMD(softplus_backward)(float *dx, const float *dy, const float *x, size_t n);
void SIMD(log_sigmoid)(float *y, const float *x, size_t n);
void SIMD(log_sigmoid_backward)(float *dx, const float *dy, const float *x, size_t n);
void SIMD(vector_multiply)(float *y, const float *a, const float *b, size_t n);
void SIMD(vector_multiply_backward)(float *da, float *db, const float *dy, const float *a,
                                    const float *b, size_t n);
void SIMD(swiglu)(float *y, const float *gate, const float *up, size_t n);
void SIMD(swiglu_backward)(float *dgate, float *dup, float *y, const float *dy, const float *gate,
                           const float *up, size_t n);
double SIMD(cross_entropy)(float *nll, const float *logits, const int32_t *target, int N, int V);
double SIMD(cross_entropy_backward)(float *nll, float *logits, const int32_t *target, int N, int V,
                                    float scale);
void SIMD(vector_add)(float *y, const float *x, size_t n);
double SIMD(vector_square_sum)(const float *x, size_t n);
void SIMD(adamw_update)(float *w, float *m, float *v, const float *g, size_t n, const adamw *a);
void SIMD(rope_turn)(float *x, const float *cos, const float *sin, int S, int H, int stride,
                     int half, float sign);
void SIMD(attention_forward)(float *o, float *lse, const float *q, const float *k, const float *v,
                             const attention *a);
/* attention_forward of one query position with a past, which training never has: there S = T.
 * Returns false, with nothing done, for any other shape and for heads that are not whole vectors.
 */
bool SIMD(attention_one)(float *o, float *lse, const float *q, const float *k, const float *v,
                         const attention *a);
void SIMD(attention_backward)(float *dq, float *dk, float *dv, const float *dO, const float *o,
                              const float *lse, const float *q, const float *k, const float *v,
                              const attention *a);

/* Only in the target avx512, for processors with AVX512-BF16. */
bool bfloat16_runs(void);
size_t bfloat16_panels_floats(int out, int in);
void bfloat16_panels_make(void *out_panels, const float *W, int out, int in);
void bfloat16_linear(float *y, const float *x, const float *W, int N, int in, int out);
void bfloat16_linear_backward(float *dx, float *dW, const float *dy, const float *x, const float *W,
                              int N, int in, int out, float beta);

#endif
