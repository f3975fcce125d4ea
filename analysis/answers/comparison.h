/* comparison.h - a study compared: each arm with its own baseline, and the record of having looked.
 */
#ifndef ANALYSIS_ANSWERS_COMPARISON_H
#define ANALYSIS_ANSWERS_COMPARISON_H

#include "analysis/data/study.h"
#include "analysis/statistics/contrast.h"
#include "analysis/statistics/power.h"

#include <jansson.h>

typedef struct comparison {
    const study *study;
    contrast_study asked;
    contrast_pair *pair;
    double *y; /* (arms, seeds) */
    contrast_result result;
    power *power;       /* (pairs) */
    json_t **confounds; /* (pairs) */
    int64_t cmp_id;     /* 0: not recorded */
    int64_t look;       /* 1: the first; this one included */
} comparison;

/* Compare each arm with its baseline, or (`all`) every two arms; s must stay.  alpha and margin are
 * those of the study unless they are changed in s. */
bool comparison_open(comparison *c, const study *s, db *d, bool all, error *e);
void comparison_close(comparison *c);

/* Write it down with its look number, in one transaction.  d is open with DB_WRITE. */
bool comparison_record(comparison *c, db *d, const char *argv, error *e);

/* Mean and standard deviation of an arm at the seeds that are compared (all its own where it is
 * not compared); returns how many. */
int comparison_arm(double *mean, double *sd, const comparison *c, int arm);

#endif
