/* forecast.h - what a number of seeds will find, with the procedure that would be used for so many.
 *
 * Errors are taken to be normal.  A difference is found if the 1 - alpha interval excludes 0 on its
 * side, and equivalence if the inner interval lies inside the margin (contrast.h).  Where the
 * procedure uses Student's t, both probabilities are integrals (maxt.h).  Where it uses sign-flips
 * of few seeds, its own intervals are simulated about a true difference of 0 (flip.c).  Intervals
 * move with the difference, so one simulation answers for all differences and margins:
 *
 *     P(found | difference)      = share of studies whose upper end is below the difference
 *     P(equivalent | difference) = share whose inner interval, moved by it, lies inside the margin
 *
 * The other contrasts of the family are taken not to differ, and arms to have one variance.  The
 * stream of random numbers is fixed, so equal questions have equal answers.
 */
#ifndef ANALYSIS_STATISTICS_FORECAST_H
#define ANALYSIS_STATISTICS_FORECAST_H

#include "analysis/statistics/procedure.h"

enum { FORECAST_SEEDS_MAX = 1000 }; /* more are not tried */
#define FORECAST_POWER 0.8

/* Forecasts of one study; each number of seeds is computed once. */
typedef struct forecast {
    procedure_plan plan;       /* family.size is the caller's */
    bool paired;               /* do the arms share their seeds? */
    procedure_forecast *known; /* (FORECAST_SEEDS_MAX + 1) */
    bool *is_known;
} forecast;

void forecast_open(forecast *f, const procedure_plan *p, bool paired);
void forecast_close(forecast *f);

/* The procedure that would be used with so many seeds, at least 2. */
const procedure *forecast_procedure(const forecast *f, int seeds);

/* What it finds.  `row`: a contrast that is known already, or NULL; 0 seeds are those of the row.
 * Arrays belong to f. */
procedure_forecast forecast_at(forecast *f, const contrast *row, int seeds);

/* Probability that a true difference, or equivalence within a margin, is found; `se` is the true
 * standard error of the difference.  0 if nothing can be found. */
double forecast_difference(const procedure_forecast *at, double effect, double se);
double forecast_equivalence(const procedure_forecast *at, double effect, double margin, double se);

/* The smallest difference that is found with FORECAST_POWER, and the smallest margin within which
 * arms that do not differ are shown equivalent.  0 if se is 0, NaN if there is none. */
double forecast_effect(const procedure_forecast *at, double se);
double forecast_margin(const procedure_forecast *at, double se);

/* The fewest seeds above `lo`, which must be at least 1, with which `enough` holds; 0 if
 * FORECAST_SEEDS_MAX do not. */
int forecast_seeds(int lo, bool (*enough)(int seeds, void *context), void *context);

#endif
