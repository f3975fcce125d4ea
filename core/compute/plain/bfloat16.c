/* bfloat16.c - linear layers in bfloat16, by the definition: operands rounded to the 8 bits of a
 * bfloat16's significand, to nearest, ties to even; products and sums in float32. */
#include "core/compute/plain/plain.h"

#include <math.h>
#include <string.h>

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
