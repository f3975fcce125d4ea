/* promise.h - what a study will be able to say, from the spread of a few short runs.
 *
 * Spread.  Pilots give standard deviations s of the difference of two arms at one seed, each with
 * df degrees of freedom, for some sizes of model and numbers of tokens T.  The model is a straight
 * line in logarithms for each size by itself:
 *
 *     ln sd(T) = level + slope ln T,   slope ~ normal(0, PROMISE_SLOPE^2)
 *
 * fitted by least squares with the weights 2 df, since var(ln s) is about 1 / (2 df), and with the
 * bias of ln s, -1 / (2 df), taken off.  Sizes have no slope in common: one may have left the
 * plateau of the loss (plateau.h) before its first pilot ended, another between its two.
 *
 * The line holds between the shortest and the longest pilot.  Beyond the longest, spread is taken
 * to stay as it is there, with the prior of the slope as uncertainty: a fall from one pilot to the
 * next is often the plateau being left, which happens once.  The prior is wide, because spread has
 * been seen to become five times as large, and a fourth, with twice the tokens.
 *
 * Interval.  With n seeds the half-width is sd / sqrt(n) times that of the procedure that would be
 * used, in standard errors (forecast.h).  Three things are uncertain: the level, as a variance that
 * was estimated with the degrees of freedom of all pilots of the size (chi-squared); the slope,
 * away from them (normal, in logarithms); and the spread that the study itself will happen to have.
 * The range holds the middle PROMISE_RANGE of the half-widths that all three make together, and
 * chances of verdicts are averages over the first two.
 */
#ifndef ANALYSIS_STATISTICS_PROMISE_H
#define ANALYSIS_STATISTICS_PROMISE_H

#include "analysis/statistics/forecast.h"

#define PROMISE_SLOPE 1.5
#define PROMISE_RANGE 0.8
enum {
    PROMISE_SEEDS = 6,  /* the fewest that are proposed: sign-flips need them at alpha 0.05      */
    PROMISE_MOST = 100, /* the most: beyond, time is better spent on longer runs or larger models */
};

typedef struct promise_pilot {
    int size; /* from 0 */
    double tokens, sd, df;
} promise_pilot;

typedef struct promise_spread {
    double sd, df; /* of the difference of two arms at one seed; NaN, 0: unknown      */
    double away;   /* standard deviation of ln sd that the distance from pilots adds */
} promise_spread;

/* The spread to expect at a size that has a pilot, and at any number of tokens. */
promise_spread promise_predict(const promise_pilot *pilot, int size, double tokens, int pilots);

typedef struct promise {
    double half, lo, hi; /* half-width of a contrast's interval: the middle, and its range */
    double difference;   /* chance to find a true difference of `effect` */
    double equivalence; /* chance to show equivalence within the margin if arms don't differ; NaN */
    double chance;      /* the smaller of the two */
} promise;

/* What n seeds promise; margin NaN: none. */
promise promise_make(forecast *f, promise_spread s, double effect, double margin, int seeds);

/* The half-width of an interval that the procedure leaves with probability q or less, in true
 * standard errors. */
double promise_half(const procedure_forecast *at, double q);

#endif
