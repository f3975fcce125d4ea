/* contrast.h - which arms differ, by how much, how surely: the one procedure behind all verdicts.
 *
 * Seeds pair the arms.  What is done depends on how many seeds all arms share:
 *
 *   6 or more   each contrast's own paired standard error, joint sign-flips (flip.h); more than
 *               6 where alpha is so small that 2 / 2^6 is above it
 *   2 to 5      the residual of randomised blocks, max |t| of the family (block.h, maxt.h):
 *               equal variances are assumed, for no exact test can reach alpha here
 *   1           differences alone
 *   none        Welch's t with Bonferroni's bound: the arms do not share seeds
 *
 * Intervals, p and verdicts all come from that one simultaneous procedure:
 *
 *   equivalent  the inner interval lies inside (-margin, margin): two one-sided tests at alpha each
 *               (Schuirmann 1987), simultaneous whichever side of each contrast is in question. For
 *               one contrast it is the (1 - 2 alpha) interval; with more it is a little wider
 *   better      else, the (1 - alpha) interval excludes 0, on the good side
 *   worse       ... on the bad side
 *   undecided   else; power.h says how many seeds would settle it
 *
 * Holm's step-down is not used: it rejects a little more than Bonferroni, but has no two-sided
 * simultaneous intervals that agree with it.
 */
#ifndef ANALYSIS_STATISTICS_CONTRAST_H
#define ANALYSIS_STATISTICS_CONTRAST_H

#include "analysis/statistics/maxt.h"

#include <stdbool.h>
#include <stddef.h>

typedef enum contrast_procedure {
    CONTRAST_NONE, /* one seed */
    CONTRAST_FLIP,
    CONTRAST_BLOCK,
    CONTRAST_WELCH,
} contrast_procedure;

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

/* Numbers that cannot be had are NaN. */
typedef struct contrast {
    contrast_pair of;
    int n, n_base; /* seeds; they differ only where nothing is paired */
    double mean, base_mean, diff;
    double se, df;
    double lo, hi;             /* simultaneous 1 - alpha                               */
    double inner_lo, inner_hi; /* ... of two one-sided tests at alpha                  */
    double p, p_adjusted;      /* of no difference: alone, and in the family           */
    double p_equivalent;       /* of a difference as large as the margin, in the family */
    double correlation;        /* of the two arms over seeds                           */
    contrast_verdict verdict;
} contrast;

typedef struct contrast_study {
    int arms, seeds;
    const double *y; /* (arms, seeds); NaN: no value */
    int pairs;
    const contrast_pair *pair;
    double alpha, margin; /* margin NaN: no equivalence is asked for */
    bool larger_is_better;
} contrast_study;

typedef struct contrast_result {
    contrast_procedure procedure;
    int shared_seeds; /* that every compared arm has */
    bool *left_out;   /* (arms): too few values to be compared, without taking seeds from others */
    bool *used;       /* (seeds): shared */
    double block_shared; /* share of the variance that the seeds explain; NaN */
    double df;           /* of the block residual; NaN */
    contrast *row;       /* (pairs), in the order of study->pair */
} contrast_result;

/* Can sign-flips of this many seeds reach alpha? */
bool contrast_flips_reach(int seeds, double alpha);

void contrast_compute(contrast_result *r, const contrast_study *s);
void contrast_close(contrast_result *r);

/* The family of the pairs that are compared (maxt.h); `size` has room for every pair. */
maxt_family contrast_family(int *size, const contrast_result *r, const contrast_study *s);

const char *contrast_verdict_name(contrast_verdict v);

/* One line that names the procedure, for people and for the record. */
void contrast_describe(char *text, size_t size, const contrast_result *r);

#endif
