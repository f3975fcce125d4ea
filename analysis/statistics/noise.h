/* noise.h - the noise floor: how far apart the runs of an arm are, and what a study can then find.
 *
 * If arms share seeds, the residual of randomised blocks (block.h) is the variance of one run
 * without what its seed does to all arms alike, so a difference of two arms at one seed has the
 * standard deviation sqrt(2 variance).  Without shared seeds it is the variance within arms, and
 * pairing gains nothing.  The estimate is itself uncertain: variance * df / chi^2.
 *
 * What n seeds can find, at 80 % power, follows from maxt.h with the critical value of the
 * procedure that would be chosen for n seeds.
 */
#ifndef ANALYSIS_STATISTICS_NOISE_H
#define ANALYSIS_STATISTICS_NOISE_H

#include "analysis/statistics/contrast.h"

typedef struct noise {
    double arm;        /* standard deviation of a run about the mean of its arm     */
    double difference; /* ... of the difference of two arms at one seed             */
    double lo, hi;     /* 95 % interval of `difference`                             */
    double df;         /* of the estimate; 0: too few runs, and the rest is NaN     */
    double shared;     /* share of the variance within arms that seeds explain; NaN */
    bool paired;
} noise;

/* Estimate it from the runs that were compared. */
void noise_estimate(noise *n, const contrast_result *r, const contrast_study *s);

/* A study of the same arms with another number of seeds. */
typedef struct noise_plan {
    maxt_family family;
    int arms;
    bool paired;
    double alpha, difference; /* sd, as above */
} noise_plan;

/* The smallest true difference that so many seeds find; NaN if they never find any. */
double noise_effect(const noise_plan *p, int seeds);

/* The smallest margin within which so many seeds show arms that do not differ to be equivalent. */
double noise_margin(const noise_plan *p, int seeds);

/* The fewest seeds, at least 2, that find a true difference of `effect`; 0 if POWER_SEEDS_MAX do
 * not. */
int noise_seeds(const noise_plan *p, double effect);

/* The name of the procedure that would be used. */
const char *noise_procedure(const noise_plan *p, int seeds);

#endif
