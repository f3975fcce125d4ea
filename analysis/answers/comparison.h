/* comparison.h - a study compared: each arm with its baseline.  Every comparison is stored as a
 * numbered look at the data. */
#ifndef ANALYSIS_ANSWERS_COMPARISON_H
#define ANALYSIS_ANSWERS_COMPARISON_H

#include "analysis/data/study.h"
#include "analysis/statistics/contrast.h"
#include "analysis/statistics/power.h"

#include <jansson.h>

typedef struct comparison {
    const study *study;
    contrast_study asked;
    bool staged; /* at the looks that the study planned (sequence.h) */
    bool all;    /* the user asked for every two arms in place of the stated pairs */
    contrast_pair *pair;
    double *y;         /* (arms, seeds) */
    int *plan, *ended; /* of a study that planned its looks (contrast.h); else NULL */
    contrast_result result;
    power *power; /* (pairs); zeros before comparison_power */
    bool power_known;
    struct scored *scored; /* if the metric is a suite of tasks: its rows (scored.h), else NULL */
    json_t **confounds;    /* (pairs) */
    int64_t cmp_id;        /* 0: not stored */
    int64_t look;          /* number of this look; the first is 1 */
} comparison;

/* Compare each arm with its baseline or, if `all`, every two arms.  s must outlive c.  alpha and
 * the margin are taken from s, where the caller may have changed them. */
bool comparison_open(comparison *c, const study *s, db *d, bool all, error *e);
void comparison_close(comparison *c);

/* Find the power of every contrast, for those who print it or store it: a second at most for a
 * usual study.  Does nothing the second time. */
void comparison_power(comparison *c);

/* Store the comparison under its look number, in one transaction; d must be open for writing. */
bool comparison_record(comparison *c, db *d, const char *argv, error *e);

/* The index of the pair of an arm and its baseline; -1 for a baseline.  Not for `all` pairs. */
int comparison_pair(const comparison *c, int arm);

/* Is an arm the baseline of another? */
bool comparison_is_base(const comparison *c, int arm);

/* Mean and standard deviation of an arm over the seeds that are compared (all its own if it is not
 * compared), NaN if there are too few; returns the number of seeds. */
int comparison_arm(double *mean, double *sd, const comparison *c, int arm);

/* How many digits to print a difference with: enough to show the smallest standard error. */
int comparison_digits(const comparison *c);

#endif
