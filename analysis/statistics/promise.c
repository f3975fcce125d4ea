/* promise.c - the line through the pilots, and quantiles of three uncertain factors.
 *
 * Each factor is represented by NODES values at equally likely quantiles, so everything is a mean,
 * or an order statistic, of at most NODES^3 products: no random numbers.
 */
#include "analysis/statistics/promise.h"

#include "core/base/error.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>

enum { NODES = 15, SPREADS = NODES * NODES, WIDTHS = SPREADS * NODES };

/* Weighted means of ln T and ln sd of one size. */
typedef struct centre {
    double weight, x, y;
} centre;

static double log_sd(const promise_pilot *p)
{
    return log(p->sd) + 1 / (2 * p->df);
}

static bool counts(const promise_pilot *p)
{
    return p->sd > 0 && p->df > 0 && p->tokens > 0;
}

static centre centre_of(const promise_pilot *pilot, int size, int pilots)
{
    centre c = { 0 };
    for (int i = 0; i < pilots; i++) {
        const promise_pilot *p = &pilot[i];
        if (p->size != size || !counts(p)) continue;
        c.weight += 2 * p->df, c.x += 2 * p->df * log(p->tokens), c.y += 2 * p->df * log_sd(p);
    }
    c.x /= c.weight, c.y /= c.weight;
    return c;
}

/* ln T of the longest pilot of a size. */
static double longest(const promise_pilot *pilot, int size, int pilots)
{
    double most = -INFINITY;
    for (int i = 0; i < pilots; i++)
        if (pilot[i].size == size && counts(&pilot[i])) most = fmax(most, log(pilot[i].tokens));
    return most;
}

promise_spread promise_predict(const promise_pilot *pilot, int size, double tokens, int pilots)
{
    const centre own = centre_of(pilot, size, pilots);
    double xx = 1 / (PROMISE_SLOPE * PROMISE_SLOPE), xy = 0;
    if (!(own.weight > 0)) return (promise_spread){ NAN, 0, NAN };
    for (int i = 0; i < pilots; i++) {
        const promise_pilot *p = &pilot[i];
        if (p->size != size || !counts(p)) continue;
        const double x = log(p->tokens) - own.x;
        xx += 2 * p->df * x * x, xy += 2 * p->df * x * (log_sd(p) - own.y);
    }
    const double last = fmin(log(tokens), longest(pilot, size, pilots)), distance = last - own.x,
                 beyond = log(tokens) - last, df = own.weight / 2;
    return (promise_spread){ exp(own.y - 1 / (2 * df) + xy / xx * distance), df,
                             hypot(distance / sqrt(xx), PROMISE_SLOPE * beyond) };
}

/* Values of sd: sd sqrt(df / chi^2) e^(away z) at equally likely quantiles of chi^2 and z. */
static void spread_nodes(double node[SPREADS], promise_spread s)
{
    double away[NODES];
    for (int k = 0; k < NODES; k++)
        away[k] = exp(s.away * gsl_cdf_ugaussian_Pinv((k + 0.5) / NODES));
    for (int i = 0; i < NODES; i++) {
        const double level = s.sd * sqrt(s.df / gsl_cdf_chisq_Qinv((i + 0.5) / NODES, s.df));
        for (int k = 0; k < NODES; k++) node[i * NODES + k] = level * away[k];
    }
}

double promise_half(const procedure_forecast *at, double q)
{
    if (!(at->df > 0)) return INFINITY;
    if (at->samples)
        return gsl_stats_quantile_from_sorted_data(at->outer_half, 1, (size_t)at->samples, q);
    return at->outer * sqrt(gsl_cdf_chisq_Pinv(q, at->df) / at->df);
}

promise promise_make(forecast *f, promise_spread s, double effect, double margin, int seeds)
{
    promise out = { NAN, NAN, NAN, 0, isnan(margin) ? NAN : 0, 0 };
    double sd[SPREADS], half[WIDTHS], width[NODES];
    if (!(s.sd > 0)) return out;
    const procedure_forecast at = forecast_at(f, NULL, seeds);
    spread_nodes(sd, s);
    for (int k = 0; k < NODES; k++) width[k] = promise_half(&at, (k + 0.5) / NODES);
    for (int i = 0; i < SPREADS; i++) {
        const double se = sd[i] / sqrt(seeds);
        out.difference += forecast_difference(&at, effect, se) / SPREADS;
        if (!isnan(margin)) out.equivalence += forecast_equivalence(&at, 0, margin, se) / SPREADS;
        for (int k = 0; k < NODES; k++) half[i * NODES + k] = se * width[k];
    }
    gsl_sort(half, 1, WIDTHS);
    out.half = gsl_stats_median_from_sorted_data(half, 1, WIDTHS);
    out.lo = gsl_stats_quantile_from_sorted_data(half, 1, WIDTHS, (1 - PROMISE_RANGE) / 2);
    out.hi = gsl_stats_quantile_from_sorted_data(half, 1, WIDTHS, (1 + PROMISE_RANGE) / 2);
    out.chance = isnan(margin) ? out.difference : fmin(out.difference, out.equivalence);
    return out;
}
