/* vector.c - sums over vectors. */
#include "core/compute/plain/plain.h"

void plain_vector_add(float *y, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) y[i] += x[i];
}

double plain_vector_square_sum(const float *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double)x[i] * x[i];
    return sum;
}
