/* power_simulation.c CONTRASTS SEEDS [STUDIES] - is the power that is printed the power that there
 * is?  Studies (2,000 unless it is said) are made up at the values that power.h and forecast.h give
 * for a noise that is known, and compared as any study is:
 *
 *   found       one arm differs from the baseline by `mde`, the others do not: the arm is found
 *   equivalent  no arm differs, the margin is that of forecast_margin: the arm is equivalent
 *
 * Either has to happen in 77 to 83 % of the studies.  Arms are normal and independent, by another
 * generator (RANLUX, Box and Muller) than that behind the forecast.
 */
#include "analysis/statistics/forecast.h"
#include "analysis/statistics/power.h"
#include "analysis/statistics/verdict.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARMS_MAX = 16, SEEDS_MAX = 32, STUDIES = 2000 };
static const double SD = 0.01, WORST = 0.03;

typedef struct design {
    contrast_study study;
    contrast_pair pair[ARMS_MAX];
    double y[ARMS_MAX * SEEDS_MAX];
} design;

static void open_design(design *d, int contrasts, int seeds)
{
    *d = (design){ .study = { .arms = contrasts + 1,
                              .seeds = seeds,
                              .y = d->y,
                              .pairs = contrasts,
                              .pair = d->pair,
                              .alpha = 0.05,
                              .margin = NAN } };
    for (int a = 1; a <= contrasts; a++) d->pair[a - 1] = (contrast_pair){ a, 0 };
}

static void make(design *d, double effect, gsl_rng *g)
{
    for (int i = 0; i < d->study.arms * d->study.seeds; i++) d->y[i] = gsl_ran_gaussian(g, SD);
    for (int s = 0; s < d->study.seeds; s++) d->y[d->study.seeds + s] += effect; /* arm 1 */
}

/* The mde of a comparison whose first contrast has exactly the standard error SD sqrt(2 / n). */
static double printed_effect(design *d, gsl_rng *g)
{
    contrast_result r;
    power p[ARMS_MAX];
    make(d, 0, g);
    verdict_compute(&r, &d->study);
    power_compute(p, &r, &d->study);
    const double effect = p[0].mde / r.row[0].se * SD * sqrt(2.0 / d->study.seeds);
    contrast_close(&r);
    return effect;
}

static double printed_margin(const design *d)
{
    const int size = d->study.pairs;
    forecast f;
    forecast_open(&f, &(procedure_plan){ { 1, &size, 0 }, 0.05 }, true);
    const procedure_forecast at = forecast_at(&f, NULL, d->study.seeds);
    const double margin = forecast_margin(&at, SD * sqrt(2.0 / d->study.seeds));
    forecast_close(&f);
    return margin;
}

/* The share of studies with the verdict for the first contrast. */
static double share(design *d, double effect, contrast_verdict wanted, int studies, gsl_rng *g)
{
    int count = 0;
    for (int k = 0; k < studies; k++) {
        contrast_result r;
        make(d, effect, g);
        verdict_compute(&r, &d->study);
        count += r.row[0].verdict == wanted;
        contrast_close(&r);
    }
    return (double)count / studies;
}

static bool report(const char *what, double value, double part)
{
    const bool ok = fabs(part - FORECAST_POWER) <= WORST;
    printf("%s at %.5f: %.1f %%%s\n", what, value, 100 * part, ok ? "" : " - FAILED");
    return ok;
}

int main(int argc, char **argv)
{
    static design d;
    const int contrasts = argc > 2 ? atoi(argv[1]) : 0, seeds = argc > 2 ? atoi(argv[2]) : 0;
    if (contrasts < 1 || contrasts >= ARMS_MAX || seeds < 2 || seeds > SEEDS_MAX) return 2;
    const int studies = argc > 3 ? atoi(argv[3]) : STUDIES;
    gsl_rng *g = gsl_rng_alloc(gsl_rng_ranlxd1);
    gsl_rng_set(g, 7);
    open_design(&d, contrasts, seeds);
    const double effect = printed_effect(&d, g), margin = printed_margin(&d);
    bool ok = report("found", effect, share(&d, effect, CONTRAST_WORSE, studies, g));
    d.study.margin = margin;
    ok = report("equivalent", margin, share(&d, 0, CONTRAST_EQUIVALENT, studies, g)) && ok;
    gsl_rng_free(g);
    return ok ? 0 : 1;
}
