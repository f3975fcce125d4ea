/* forecast.c - power from a procedure's forecast, and the searches that follow from it.
 *
 * Power rises with the difference and with the margin, so the smallest of either is found by
 * halving.  It rises with the seeds as well, except where one procedure gives way to another.
 */
#include "analysis/statistics/forecast.h"

#include "analysis/statistics/student.h"
#include "core/base/error.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

void forecast_open(forecast *f, const procedure_plan *p, bool paired)
{
    *f = (forecast){ .plan = *p, .paired = paired };
    f->known = error_zeroed(FORECAST_SEEDS_MAX + 1, sizeof *f->known);
    f->is_known = error_zeroed(FORECAST_SEEDS_MAX + 1, sizeof *f->is_known);
}

void forecast_close(forecast *f)
{
    for (int n = 0; f->known && n <= FORECAST_SEEDS_MAX; n++)
        free(f->known[n].outer_hi), free(f->known[n].outer_half), free(f->known[n].inner_lo),
            free(f->known[n].inner_hi);
    free(f->known), free(f->is_known);
    *f = (forecast){ 0 };
}

const procedure *forecast_procedure(const forecast *f, int seeds)
{
    return procedure_choose(&(procedure_case){
        .seeds = f->paired ? seeds : 0, .repeated = true, .alpha = f->plan.alpha });
}

procedure_forecast forecast_at(forecast *f, const contrast *row, int seeds)
{
    assert(seeds <= FORECAST_SEEDS_MAX);
    const procedure *chosen = forecast_procedure(f, seeds);
    if (!chosen->paired) { /* depends on the row, and costs nothing */
        procedure_forecast at;
        chosen->forecast(&at, &f->plan, row, seeds);
        return at;
    }
    if (!f->is_known[seeds]) chosen->forecast(&f->known[seeds], &f->plan, row, seeds);
    f->is_known[seeds] = true;
    return f->known[seeds];
}

/* How many of x (n), ascending, are below `most`. */
static int count_below(const double *x, double most, int n)
{
    int lo = 0, hi = n;
    while (lo < hi) {
        const int middle = lo + (hi - lo) / 2;
        if (x[middle] < most)
            lo = middle + 1;
        else
            hi = middle;
    }
    return lo;
}

double forecast_difference(const procedure_forecast *at, double effect, double se)
{
    if (!(se > 0) || !(at->df > 0)) return 0;
    if (!at->samples) return maxt_power_difference(effect, se, at->df, at->outer);
    return (double)count_below(at->outer_hi, fabs(effect) / se, at->samples) / at->samples;
}

double forecast_equivalence(const procedure_forecast *at, double effect, double margin, double se)
{
    if (!(se > 0) || !(at->df > 0) || !(margin > 0)) return 0;
    if (!at->samples) return maxt_power_equivalence(effect, margin, se, at->df, at->inner);
    const double lo = (-margin - effect) / se, hi = (margin - effect) / se;
    int count = 0;
    for (int i = 0; i < at->samples; i++) count += at->inner_lo[i] > lo && at->inner_hi[i] < hi;
    return (double)count / at->samples;
}

static double power_difference(double effect, const void *at)
{
    return forecast_difference(at, effect, 1);
}

static double power_margin(double margin, const void *at)
{
    return forecast_equivalence(at, 0, margin, 1);
}

static double least(double (*power)(double x, const void *at), const procedure_forecast *at,
                    double se)
{
    if (!(se > 0)) return se; /* 0, or NaN */
    if (!(at->df > 0)) return NAN;
    double hi = 1;
    while (isfinite(hi) && power(hi, at) < FORECAST_POWER) hi *= 2;
    return isfinite(hi) ? se * student_halve(power, at, FORECAST_POWER, 0, hi, 1e-7) : NAN;
}

double forecast_effect(const procedure_forecast *at, double se)
{
    return least(power_difference, at, se);
}

double forecast_margin(const procedure_forecast *at, double se)
{
    return least(power_margin, at, se);
}

/* Few seeds are tried one by one, because procedures change there; more by halving. */
int forecast_seeds(int lo, bool (*enough)(int seeds, void *context), void *context)
{
    enum { ONE_BY_ONE = 6, NEXT = 25 };
    int hi = lo;
    while (hi < FORECAST_SEEDS_MAX) {
        hi = hi < ONE_BY_ONE               ? hi + 1
             : hi < NEXT                   ? NEXT
             : 2 * hi < FORECAST_SEEDS_MAX ? 2 * hi
                                           : FORECAST_SEEDS_MAX;
        if (enough(hi, context)) break;
        lo = hi;
    }
    if (lo >= FORECAST_SEEDS_MAX) return 0;
    while (hi - lo > 1) {
        const int middle = lo + (hi - lo) / 2;
        *(enough(middle, context) ? &hi : &lo) = middle;
    }
    return hi;
}
