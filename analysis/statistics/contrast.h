/* contrast.h - the differences between arms that a study asks about, and the values behind them.
 *
 * A contrast is arm minus base.  Seeds pair the arms: a value is that of one arm at one seed.
 * verdict.h says how contrasts are tested.
 */
#ifndef ANALYSIS_STATISTICS_CONTRAST_H
#define ANALYSIS_STATISTICS_CONTRAST_H

#include "analysis/statistics/maxt.h"

#include <stdbool.h>
#include <stddef.h>

typedef enum contrast_verdict {
    CONTRAST_UNDECIDED,
    CONTRAST_EQUIVALENT,
    CONTRAST_BETTER,
    CONTRAST_WORSE,
} contrast_verdict;

/* A question: arm minus base. */
typedef struct contrast_pair {
    int arm, base;
} contrast_pair;

/* Numbers that are not known are NaN. */
typedef struct contrast {
    contrast_pair of;
    int n, n_base; /* seeds; they differ only if nothing is paired */
    double mean, base_mean, diff;
    double se, df;
    double lo, hi;             /* simultaneous 1 - alpha interval                       */
    double inner_lo, inner_hi; /* simultaneous interval of two one-sided tests at alpha */
    double p, p_adjusted;      /* of no difference: alone, and in the family            */
    double p_equivalent;       /* of a difference as large as the margin, in the family */
    double correlation;        /* of the two arms over seeds                            */
    int look; /* planned looks taken, up to the one that decided; 0: none, or none is planned */
    contrast_verdict verdict;
} contrast;

typedef struct contrast_study {
    int arms, seeds;
    const double *y; /* (arms, seeds); NaN: no value */
    int pairs;
    const contrast_pair *pair;
    double alpha, margin; /* margin NaN: equivalence is not tested */
    bool larger_is_better;
    /* A study that adds seeds until it is decided: how many seeds, counted from the first, each
     * look takes in, (looks); and at how many, counted likewise, the runs of each arm have ended,
     * (arms). looks 0: all seeds are taken at once. */
    int looks;
    const int *look, *ended;
} contrast_study;

typedef struct contrast_result {
    const struct procedure *procedure; /* procedure.h                                      */
    bool independent; /* of the procedure: all runs count, whatever their seeds            */
    int shared_seeds; /* seeds that every compared arm has                                 */
    bool *left_out;   /* (arms): has so few values that comparing it would cost the others seeds */
    bool *used;       /* (seeds): shared by all compared arms */
    contrast *row;    /* (pairs), in the order of study->pair */
} contrast_result;

void contrast_close(contrast_result *r);

/* How many values an arm has. */
int contrast_count(const contrast_study *s, int arm);

/* Are both arms of a pair compared? */
bool contrast_compared(const contrast_result *r, contrast_pair p);

/* How many pairs are compared. */
int contrast_pairs(const contrast_result *r, const contrast_study *s);

/* The values of an arm at the `used` seeds, where it must have one, or all it has if `used` is
 * NULL; returns how many.  `out` has room for every seed. */
int contrast_gather(double *out, const contrast_study *s, int arm, const bool *used);

/* The values of an arm that count: at the shared seeds, or all it has if nothing is paired; returns
 * how many. */
int contrast_values(double *out, const contrast_result *r, const contrast_study *s, int arm);

/* The family of the pairs that are compared (maxt.h); `size` has room for every pair. */
maxt_family contrast_family(int *size, const contrast_result *r, const contrast_study *s);

const char *contrast_verdict_name(contrast_verdict v);

#endif
