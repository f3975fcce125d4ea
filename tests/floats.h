/* floats.h - random numbers, poison and comparison for tests of kernels, on every backend. */
#ifndef TESTS_FLOATS_H
#define TESTS_FLOATS_H

#include "core/compute/backend.h"
#include "tests/unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static inline float uniform(void) /* in [-1, 1) */
{
    static uint64_t bits = 0x9e3779b97f4a7c15u;
    bits ^= bits << 13, bits ^= bits >> 7, bits ^= bits << 17;
    return (float)(bits >> 40) / (float)(1 << 23) - 1;
}

static inline float *random_floats(size_t n, float scale) /* scale NAN: poison */
{
    float *x = malloc((n ? n : 1) * sizeof *x);
    for (size_t i = 0; i < n; i++) x[i] = isnan(scale) ? NAN : scale * uniform();
    return x;
}

static inline float *copy(const float *x, size_t n)
{
    float *y = random_floats(n, 0);
    return memcpy(y, x, n * sizeof *x);
}

/* |got - want| <= tolerance (1 + |want|), else fails with the backend's name. */
static inline void expect_near(const backend *p, const char *what, size_t i, double got,
                               double want, double tolerance)
{
    if (!(fabs(got - want) <= tolerance * (1 + fabs(want))))
        fail_msg("%s: %s[%zu] is %.9g, not %.9g", p->name, what, i, got, want);
}

/* Run f on every backend that this processor has. */
static inline void on_paths(void (*f)(const backend *p))
{
    for (int i = 0; backends[i]; i++)
        if (backends[i]->runs()) f(backends[i]);
}

#endif
