/* noise.h - the noise floor: how far runs of one arm lie apart, and what that lets a study find.
 *
 * With arms that share seeds, the residual of randomised blocks (block.h) is the variance of one
 * run apart from what its seed does to all arms alike, so a difference of two arms at one seed has
 * sd = sqrt(2 variance).  Without shared seeds it is the variance within arms, and pairing buys
 * nothing.  The estimate is itself uncertain: variance * df / chi^2.
 *
 * What n seeds can find follows by maxt.h, with the critical value of the procedure that contrast.h
 * would choose at that n, at 80 % power.
 */
#ifndef ANALYSIS_STATISTICS_NOISE_H
#define ANALYSIS_STATISTICS_NOISE_H

#include "analysis/statistics/contrast.h"

typedef struct noise {
    double arm;        /* standard deviation of a run about the mean of its arm     */
    double difference; /* ... of the difference of two arms at one seed             */
    double lo, hi;     /* 95 % interval of `difference`                             */
    double df;         /* behind it; 0: too few runs to say, and all else is NaN    */
    double shared;     /* share of the variance within arms that seeds explain; NaN */
    bool paired;
} noise;

/* From what was compared. */
void noise_estimate(noise *n, const contrast_result *r, const contrast_study *s);

/* A study of the same arms with other numbers of seeds. */
typedef struct noise_plan {
    maxt_family family;
    int arms;
    bool paired;
    double alpha, difference; /* sd, as above */
} noise_plan;

/* Smallest true difference that so many seeds find; NaN where none is ever found. */
double noise_effect(const noise_plan *p, int seeds);

/* Smallest margin within which so many seeds show arms to be equivalent that do not differ. */
double noise_margin(const noise_plan *p, int seeds);

/* Fewest seeds, at least 2, that find a true difference of `effect`; 0 if POWER_SEEDS_MAX do not.
 */
int noise_seeds(const noise_plan *p, double effect);

#endif
