/* median.c - sorts a copy, and adds up binomial probabilities (Gnu Scientific Library). */
#include "analysis/statistics/median.h"

#include "core/base/error.h"

#include <assert.h>
#include <gsl/gsl_cdf.h>
#include <stdlib.h>
#include <string.h>

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Coverage of x_(k) to x_(n+1-k), k from 1 on. */
static double coverage_of(int k, int n)
{
    return 1 - 2 * gsl_cdf_binomial_P((unsigned)(k - 1), 0.5, (unsigned)n);
}

median median_of(const double *x, int n, double alpha)
{
    assert(n >= 1);
    double *sorted = error_zeroed((size_t)n, sizeof *sorted);
    memcpy(sorted, x, (size_t)n * sizeof *sorted);
    qsort(sorted, (size_t)n, sizeof *sorted, ascending);
    int k = 1;
    while (2 * (k + 1) <= n && coverage_of(k + 1, n) >= 1 - alpha) k++;
    const median m = { .x = 0.5 * (sorted[(n - 1) / 2] + sorted[n / 2]),
                       .low = sorted[k - 1],
                       .high = sorted[n - k],
                       .coverage = n > 1 ? coverage_of(k, n) : 0 };
    free(sorted);
    return m;
}
