/* power.h - how well a comparison could distinguish arms: the smallest effect that its seeds find,
 * and the number of seeds that a verdict would take.
 *
 * Both are for 80 % power under normal errors of the size seen, for the procedure that would be
 * used with that number of seeds (forecast.h).
 */
#ifndef ANALYSIS_STATISTICS_POWER_H
#define ANALYSIS_STATISTICS_POWER_H

#include "analysis/statistics/contrast.h"

typedef struct power {
    double mde; /* minimum detectable effect: the smallest true difference that this n
                   finds; NaN with one seed */
    int needed; /* seeds; 0: decided already, or more than FORECAST_SEEDS_MAX */
    contrast_verdict
        towards; /* what so many seeds would show if the true difference is the one seen */
} power;

/* One for each row of r. */
void power_compute(power *out, const contrast_result *r, const contrast_study *s);

#endif
