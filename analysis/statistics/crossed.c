/* crossed.c - variance components of seeds and items, and rows of scores tested at once.
 *
 * With SSs, SSi, SSe the sums of squares of the complete table and MS = SS / df,
 *
 *     item = (MSi - MSe) / S     or 0 if that is negative
 *
 * and if MSs < MSe, which makes the component of the seeds 0, MSe is (SSs + SSe) / (dfs + dfe).
 */
#include "analysis/statistics/crossed.h"

#include "analysis/statistics/flip.h"
#include "analysis/statistics/forecast.h"
#include "analysis/statistics/student.h"
#include "core/base/error.h"

#include <float.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>

enum { FLIPS = 4096 }; /* of a family at most: rows are many, and 1/4096 is fine enough for p */

/* --- items ------------------------------------------------------------------------------------ */

/* Take from every item what a ratio explains: its denominator's part of the ratio's mean. */
static void take_ratio(double *d, const double *weight, int seeds, int items)
{
    for (int s = 0; s < seeds; s++) {
        double *row = d + (size_t)s * (size_t)items;
        const double mean = gsl_stats_mean(row, 1, (size_t)items);
        for (int i = 0; i < items; i++) row[i] -= mean * (weight[i] - 1);
    }
}

static bool all_zero(const double *d, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (d[i] != 0) return false;
    return true;
}

/* The component of the items, by the mean squares of the table d (seeds, items), both above 1. */
static double item_component(const double *d, int seeds, int items)
{
    const size_t S = (size_t)seeds, I = (size_t)items;
    double *column = error_zeroed(I, sizeof *column), all = 0, of_seeds = 0, of_items = 0, rest = 0;
    for (size_t s = 0; s < S; s++)
        for (size_t i = 0; i < I; i++) column[i] += d[s * I + i] / seeds;
    for (size_t i = 0; i < I; i++) all += column[i] / items;
    for (size_t i = 0; i < I; i++) of_items += seeds * (column[i] - all) * (column[i] - all);
    for (size_t s = 0; s < S; s++) {
        const double mean = gsl_stats_mean(d + s * I, 1, I);
        of_seeds += items * (mean - all) * (mean - all);
        for (size_t i = 0; i < I; i++) {
            const double x = d[s * I + i] - mean - column[i] + all;
            rest += x * x;
        }
    }
    free(column);
    const double df_seeds = seeds - 1, df_items = items - 1, df_rest = df_seeds * df_items;
    double square = rest / df_rest;
    if (of_seeds / df_seeds < square) square = (of_seeds + rest) / (df_seeds + df_rest);
    return fmax(0, (of_items / df_items - square) / seeds);
}

void crossed_task(crossed_items *out, double *d, const double *weight, bool counts, int seeds,
                  int items)
{
    *out = (crossed_items){ .df = items - 1 };
    if (counts && all_zero(d, (size_t)seeds * (size_t)items)) out->same = 1.0 / items;
    if (items < 2) {
        out->variance = NAN;
        return;
    }
    if (weight) take_ratio(d, weight, seeds, items);
    out->variance = seeds > 1 ? item_component(d, seeds, items) / items
                              : gsl_stats_variance(d, 1, (size_t)items) / items;
}

void crossed_sum(crossed_items *out, const crossed_items *task, const double *weight, int tasks)
{
    double squares = 0;
    *out = (crossed_items){ 0 };
    for (int t = 0; t < tasks; t++) {
        if (weight[t] == 0) continue;
        const double v = weight[t] * weight[t] * task[t].variance;
        out->variance += v;
        squares += v * v / task[t].df;
        out->same = fmax(out->same, fabs(weight[t]) * task[t].same);
    }
    out->df = squares > 0 ? out->variance * out->variance / squares : INFINITY;
}

/* --- the family ------------------------------------------------------------------------------- */

/* All rows, and how their means scatter over the seeds. */
typedef struct family {
    crossed_row *row;
    int rows, seeds;
    bool flips;
    flip f; /* only if `flips` */
} family;

/* The half-width that the items add, for a two-sided (or with `inner` one-sided) test at alpha. */
static double side_of_items(const family *m, const crossed_row *r, double alpha, bool inner)
{
    const double a = alpha / m->rows / (inner ? 1 : 2);
    const double t = r->se_items > 0 ? student_critical(a, r->items.df) * r->se_items : 0;
    return hypot(t, r->items.same * log(1 / a));
}

/* The interval on these items at alpha, below 1. */
static void on_these(double *lo, double *hi, const family *m, int k, double alpha, bool inner)
{
    const crossed_row *r = &m->row[k];
    if (m->flips) {
        inner ? flip_interval_side(lo, hi, &m->f, k, alpha)
              : flip_interval(lo, hi, &m->f, k, alpha);
        return;
    }
    const double a = alpha / m->rows / (inner ? 1 : 2);
    double half = r->se_seeds > 0 ? student_critical(a, m->seeds - 1) * r->se_seeds : 0;
    /* Means that agree to the last digit, but are not 0, have no error that could be estimated. */
    if (r->diff != 0 && r->se_seeds <= DBL_EPSILON * fabs(r->diff)) half = INFINITY;
    *lo = r->diff - half, *hi = r->diff + half;
}

static void interval(double *lo, double *hi, const family *m, int k, double alpha, bool inner)
{
    const crossed_row *r = &m->row[k];
    const double items = side_of_items(m, r, alpha, inner);
    on_these(lo, hi, m, k, alpha, inner);
    *lo = r->diff - hypot(r->diff - *lo, items), *hi = r->diff + hypot(*hi - r->diff, items);
}

/* Is it said at alpha: a difference, or equivalence? */
static bool is_said(const family *m, int k, double alpha, bool equivalence)
{
    const crossed_row *r = &m->row[k];
    double lo, hi;
    interval(&lo, &hi, m, k, alpha, equivalence);
    return equivalence ? lo > -r->margin && hi < r->margin : lo > 0 || hi < 0;
}

/* The least alpha at which it is said, to a relative 1e-10: intervals grow as alpha falls. */
static double least_alpha(const family *m, int k, bool equivalence)
{
    double lo = log(1e-12), hi = log(1 - 1e-9);
    if (!is_said(m, k, exp(hi), equivalence)) return 1;
    if (is_said(m, k, exp(lo), equivalence)) return exp(lo);
    while (hi - lo > 1e-10) {
        const double middle = (lo + hi) / 2;
        *(is_said(m, k, exp(middle), equivalence) ? &hi : &lo) = middle;
    }
    return exp(hi);
}

static contrast_verdict decide(const crossed_row *r)
{
    if (r->inner_lo > -r->margin && r->inner_hi < r->margin) return CONTRAST_EQUIVALENT;
    if (r->lo > 0) return r->larger_is_better ? CONTRAST_BETTER : CONTRAST_WORSE;
    if (r->hi < 0) return r->larger_is_better ? CONTRAST_WORSE : CONTRAST_BETTER;
    return CONTRAST_UNDECIDED;
}

/* --- power ------------------------------------------------------------------------------------ */

/* Up to so many seeds their power is forecast for the procedure (forecast.h), once for each number;
 * beyond, it is that of normal errors, which differs little. */
enum { FORECAST = 12 };

/* The smallest difference (0) and margin (1) that n seeds find, in standard errors of their mean.
 */
typedef struct ability {
    forecast f;
    double known[2][FORECAST + 1]; /* NaN: not computed yet */
} ability;

static double units(ability *p, double alpha, int rows, bool inner, int n)
{
    const double beta = 1 - FORECAST_POWER;
    if (n > FORECAST)
        return student_critical(alpha / rows / (inner ? 1 : 2), n - 1) +
               student_critical(inner ? beta / 2 : beta, n - 1);
    double *x = &p->known[inner][n];
    if (isnan(*x)) {
        const procedure_forecast at = forecast_at(&p->f, NULL, n);
        *x = inner ? forecast_margin(&at, 1) : forecast_effect(&at, 1);
    }
    return *x;
}

/* What n seeds find with the usual power: the smallest difference or, with `inner`, the smallest
 * margin.  The root of two squares: that of the seeds alone, and that of the items alone, which is
 * the half-width and the quantile of what their mean scatters by. */
static double reach(const family *m, ability *p, const crossed_row *r, double alpha, bool inner,
                    int n)
{
    const double beta = 1 - FORECAST_POWER, seeds = r->se_seeds * sqrt((double)m->seeds / n),
                 quantile = student_critical(inner ? beta / 2 : beta, INFINITY),
                 items = side_of_items(m, r, alpha, inner) + quantile * r->se_items;
    return hypot(seeds > 0 ? seeds * units(p, alpha, m->rows, inner, n) : 0, items);
}

/* The fewest seeds with which `room` can be told; 0 if none. */
static int seeds_for(const family *m, ability *p, const crossed_row *r, double alpha, bool inner,
                     double room)
{
    int lo = m->seeds, hi = FORECAST_SEEDS_MAX;
    if (!(room > 0) || !(reach(m, p, r, alpha, inner, hi) <= room)) return 0;
    while (hi - lo > 1) {
        const int middle = (lo + hi) / 2;
        *(reach(m, p, r, alpha, inner, middle) <= room ? &hi : &lo) = middle;
    }
    return hi;
}

static void find_power(const family *m, ability *p, crossed_row *r, double alpha)
{
    r->mde = reach(m, p, r, alpha, false, m->seeds);
    if (r->verdict != CONTRAST_UNDECIDED) return;
    const int apart = seeds_for(m, p, r, alpha, false, fabs(r->diff)),
              alike = seeds_for(m, p, r, alpha, true, r->margin - fabs(r->diff));
    if (alike && (!apart || alike <= apart))
        r->needed = alike, r->towards = CONTRAST_EQUIVALENT;
    else if (apart) {
        r->needed = apart;
        r->towards = (r->diff > 0) == r->larger_is_better ? CONTRAST_BETTER : CONTRAST_WORSE;
    }
}

/* p and power of the rows that were tested. */
static void find_more(const family *m, double alpha)
{
    int *size = error_zeroed((size_t)m->rows, sizeof *size);
    for (int k = 0; k < m->rows; k++) size[k] = 1; /* as if rows did not correlate */
    const procedure_plan plan = { { m->rows, size, 0 }, alpha };
    ability p;
    forecast_open(&p.f, &plan, true);
    for (int n = 0; n <= FORECAST; n++) p.known[0][n] = p.known[1][n] = NAN;
    for (int k = 0; k < m->rows; k++) {
        crossed_row *r = &m->row[k];
        if (isnan(r->se_items)) continue;
        r->p_adjusted = least_alpha(m, k, false);
        if (!isnan(r->margin)) r->p_equivalent = least_alpha(m, k, true);
        find_power(m, &p, r, alpha);
    }
    forecast_close(&p.f);
    free(size);
}

void crossed_compare(crossed_row *row, const double *by_seed, double alpha, bool more, int rows,
                     int seeds)
{
    family m = { .row = row, .rows = rows, .seeds = seeds };
    for (int k = 0; k < rows; k++) {
        const double *d = by_seed + (size_t)k * (size_t)seeds;
        crossed_row *r = &row[k];
        r->diff = seeds ? gsl_stats_mean(d, 1, (size_t)seeds) : NAN;
        r->se_items = sqrt(r->items.variance);
        r->se_seeds = seeds > 1 ? gsl_stats_sd(d, 1, (size_t)seeds) / sqrt(seeds) : NAN;
        r->these_lo = r->these_hi = r->lo = r->hi = r->inner_lo = r->inner_hi = NAN;
        r->p_adjusted = r->p_equivalent = r->mde = NAN;
        r->verdict = CONTRAST_UNDECIDED, r->needed = 0;
    }
    if (seeds < 2 || !rows) return;
    m.flips = flip_reaches(seeds, alpha);
    if (m.flips) flip_open_some(&m.f, by_seed, FLIPS, rows, seeds);
    for (int k = 0; k < rows; k++) {
        crossed_row *r = &row[k];
        if (isnan(r->se_items)) continue; /* one item says nothing about others */
        on_these(&r->these_lo, &r->these_hi, &m, k, alpha, false);
        interval(&r->lo, &r->hi, &m, k, alpha, false);
        interval(&r->inner_lo, &r->inner_hi, &m, k, alpha, true);
        r->verdict = decide(r);
    }
    if (more) find_more(&m, alpha);
    if (m.flips) flip_close(&m.f);
}
