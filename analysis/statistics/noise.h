/* noise.h - the noise floor: how far apart the runs of an arm are, and what a study can then find.
 *
 * If arms share seeds, a seed shifts all arms by the same amount (randomised blocks; Fisher, 1935):
 *
 *     y[a][s] = arm[a] + seed[s] + error
 *
 * The residual, over (A - 1)(S - 1) degrees of freedom, is the variance of one run without what its
 * seed does to all arms alike, so a difference of two arms at one seed has the standard deviation
 * sqrt(2 variance), on average over the pairs.  Without shared seeds it is the variance within
 * arms, and pairing gains nothing.  The estimate is itself uncertain: variance * df / chi^2.
 */
#ifndef ANALYSIS_STATISTICS_NOISE_H
#define ANALYSIS_STATISTICS_NOISE_H

#include "analysis/statistics/forecast.h"

typedef struct noise {
    double arm;        /* standard deviation of a run about the mean of its arm     */
    double arm_df;     /* of that estimate                                          */
    double difference; /* ... of the difference of two arms at one seed             */
    double lo, hi;     /* 95 % interval of `difference`                             */
    double df;         /* of the estimate; 0: too few runs, and the rest is NaN     */
    double shared;     /* share of the variance within arms that seeds explain; NaN */
    bool paired;
} noise;

/* Estimate it from the runs that were compared. */
void noise_estimate(noise *n, const contrast_result *r, const contrast_study *s);

/* The standard deviations of the arms that are compared, at the values that count: the smallest
 * and the largest of those above 0, and their arms; false if there are not two. */
typedef struct noise_spread {
    int narrow, wide;
    double least, most;
} noise_spread;

bool noise_spread_find(noise_spread *n, const contrast_result *r, const contrast_study *s);

/* The fewest seeds, at least 2, that find a true difference of `effect` with FORECAST_POWER, where
 * the difference of two arms at one seed has the standard deviation `sd`; 0 if FORECAST_SEEDS_MAX
 * do not. */
int noise_seeds(forecast *f, double sd, double effect);

#endif
