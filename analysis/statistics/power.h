/* power.h - how well a comparison could tell arms apart: the smallest effect that so many seeds
 * find, and the seeds that a verdict would take.
 *
 * Both ask for 80 % power under normal errors of the size seen, with the critical value that the
 * procedure would use at that number of seeds: below 6 the blocks' residual over (A - 1)(n - 1)
 * degrees of freedom; from 6 on the pair's own error over n - 1, at the level that sign-flips of n
 * seeds can really reach.
 */
#ifndef ANALYSIS_STATISTICS_POWER_H
#define ANALYSIS_STATISTICS_POWER_H

#include "analysis/statistics/contrast.h"

enum { POWER_SEEDS_MAX = 1000 }; /* more is not looked for */
#define POWER_WANTED 0.8

typedef struct power {
    double mde;               /* smallest true difference that this n finds; NaN with one seed */
    int needed;               /* seeds; 0: decided already, or more than POWER_SEEDS_MAX       */
    contrast_verdict towards; /* the verdict that so many seeds would bring if the true
                                 difference is the one seen                                   */
} power;

/* One for each row of r. */
void power_compute(power *out, const contrast_result *r, const contrast_study *s);

#endif
