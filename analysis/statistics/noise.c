/* noise.c - estimate the noise floor and the spreads of arms; the seeds that a difference takes. */
#include "analysis/statistics/noise.h"

#include "core/base/error.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>

/* The residual variance of blocks y (arms, seeds), without gaps, and the share of the variance
 * within arms that the seeds explain, from 0 to 1. */
static double block_variance(double *shared, const double *y, int arms, int seeds)
{
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
    const double variance = residual / ((double)(arms - 1) * (seeds - 1));
    const double of_seeds = fmax(0, (between / (seeds - 1) - variance) / arms);
    const double sum = of_seeds + variance;
    *shared = sum > 0 ? of_seeds / sum : NAN;
    return variance;
}

void noise_estimate(noise *n, const contrast_result *r, const contrast_study *s)
{
    *n = (noise){ NAN, 0, NAN, NAN, NAN, 0, NAN, false };
    const size_t seeds = (size_t)s->seeds;
    double *y = error_zeroed((size_t)s->arms * seeds, sizeof *y), within = 0, df = 0;
    double *x = error_zeroed(seeds, sizeof *x);
    int arms = 0;
    for (int a = 0; a < s->arms; a++) {
        const size_t k = (size_t)contrast_gather(x, s, a, NULL);
        if (k > 1) within += (double)(k - 1) * gsl_stats_variance(x, 1, k), df += (double)(k - 1);
        if (!r->left_out[a])
            contrast_gather(y + (size_t)arms++ * (size_t)r->shared_seeds, s, a, r->used);
    }
    if (df > 0) {
        const bool paired = arms > 1 && r->shared_seeds > 1;
        double variance = within / df;
        n->arm = sqrt(variance), n->arm_df = n->df = df, n->paired = paired;
        if (paired) {
            variance = block_variance(&n->shared, y, arms, r->shared_seeds);
            n->df = (double)(arms - 1) * (r->shared_seeds - 1);
        }
        n->difference = sqrt(2 * variance);
        n->lo = n->difference * sqrt(n->df / gsl_cdf_chisq_Pinv(0.975, n->df));
        n->hi = n->difference * sqrt(n->df / gsl_cdf_chisq_Pinv(0.025, n->df));
    }
    free(x), free(y);
}

bool noise_spread_find(noise_spread *n, const contrast_result *r, const contrast_study *s)
{
    *n = (noise_spread){ -1, -1, INFINITY, 0 };
    double *x = error_zeroed((size_t)s->seeds, sizeof *x);
    for (int a = 0; a < s->arms; a++) {
        if (r->left_out[a]) continue;
        const int values = contrast_values(x, r, s, a);
        const double sd = values > 1 ? gsl_stats_sd(x, 1, (size_t)values) : 0;
        if (!(sd > 0)) continue;
        if (sd < n->least) n->least = sd, n->narrow = a;
        if (sd > n->most) n->most = sd, n->wide = a;
    }
    free(x);
    return n->narrow >= 0 && n->wide != n->narrow;
}

typedef struct question {
    forecast *f;
    double sd, effect;
} question;

static bool enough(int seeds, void *context)
{
    const question *q = context;
    const procedure_forecast at = forecast_at(q->f, NULL, seeds);
    return forecast_difference(&at, q->effect, q->sd / sqrt(seeds)) >= FORECAST_POWER;
}

int noise_seeds(forecast *f, double sd, double effect)
{
    if (!(sd > 0) || !(effect > 0)) return sd == 0 && effect > 0 ? 2 : 0;
    question q = { f, sd, effect };
    return forecast_seeds(1, enough, &q);
}
