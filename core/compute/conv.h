/* conv.h - a short causal convolution along the sequence, each channel by itself (Gu and Dao 2023).
 *
 *     y_t = sum_j w_j x_(t - 3 + j)      j = 0 ... CONV_WIDTH - 1, so w_3 meets position t itself
 */
#ifndef CORE_COMPUTE_CONV_H
#define CORE_COMPUTE_CONV_H

enum { CONV_WIDTH = 4 };

/* y (B, S, N) from x (B, S, N) and w (N, CONV_WIDTH), with 0 before the first position.  y may not
 * be x. */
void conv_forward(float *y, const float *x, const float *w, int B, int S, int N);

/* dx is overwritten, dw is added to.  dx may not be dy. */
void conv_backward(float *dx, float *dw, const float *dy, const float *x, const float *w, int B,
                   int S, int N);

/* The same S positions as a continuation: past (B, CONV_WIDTH - 1, N), the last inputs of earlier
 * calls, oldest first and all 0 at the beginning, is read and brought up to date. */
void conv_extend(float *y, float *past, const float *x, const float *w, int B, int S, int N);

#endif
