/* block.c - see block.h. */
#include "analysis/statistics/block.h"

#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stddef.h>

void block_fit(block *b, const double *y, int arms, int seeds)
{
    *b = (block){ NAN, (double)(arms - 1) * (seeds - 1), NAN };
    if (b->df <= 0) return;
    const size_t A = (size_t)arms, S = (size_t)seeds;
    const double all = gsl_stats_mean(y, 1, A * S);
    double residual = 0, between = 0;
    for (size_t s = 0; s < S; s++) {
        const double seed = gsl_stats_mean(y + s, S, A) - all;
        between += (double)arms * seed * seed;
    }
    for (size_t a = 0; a < A; a++) {
        const double arm = gsl_stats_mean(y + a * S, 1, S);
        for (size_t s = 0; s < S; s++) {
            const double seed = gsl_stats_mean(y + s, S, A) - all;
            const double r = y[a * S + s] - arm - seed;
            residual += r * r;
        }
    }
    b->variance = residual / b->df;
    const double of_seeds = fmax(0, (between / (seeds - 1) - b->variance) / arms);
    const double sum = of_seeds + b->variance;
    b->shared = sum > 0 ? of_seeds / sum : NAN;
}
