/* power.h - how well a comparison could distinguish arms: the smallest effect that the seeds find,
 * and the number of seeds that a verdict would take.
 *
 * Both are for 80 % power under normal errors of the size seen, with the degrees of freedom and the
 * critical value of the procedure that would be used with that number of seeds (procedure.h).
 */
#ifndef ANALYSIS_STATISTICS_POWER_H
#define ANALYSIS_STATISTICS_POWER_H

#include "analysis/statistics/contrast.h"

enum { POWER_SEEDS_MAX = 1000 }; /* more are not tried */
#define POWER_WANTED 0.8

typedef struct power {
    double mde; /* minimum detectable effect: the smallest true difference that this n
                   finds; NaN with one seed */
    int needed; /* seeds; 0: decided already, or more than POWER_SEEDS_MAX */
    contrast_verdict
        towards; /* what so many seeds would show if the true difference is the one seen */
} power;

/* One for each row of r. */
void power_compute(power *out, const contrast_result *r, const contrast_study *s);

#endif
