/* contrast.h - which arms differ, by how much, and how certain that is.
 *
 * Seeds pair the arms.  The number of seeds that all arms share decides which procedure is used
 * (procedure.h); the first that applies is taken:
 *
 *   flip.c         from 6 seeds on (more if alpha is below 2 / 2^6): each contrast's own paired
 *                  standard error, joint sign-flips of whole seeds
 *   paired.c       2 to 5 seeds: each contrast's own paired standard error, Student's t with n - 1
 *                  degrees of freedom, Bonferroni's bound; assumes normal differences, because no
 *                  test without an assumption can reach alpha here
 *   welch.c        no shared seeds, but several runs: Welch's t with Bonferroni's bound
 *   differences.c  one run per arm: differences without a test
 *
 * Intervals, p and verdicts all come from that one simultaneous procedure:
 *
 *   equivalent  the inner interval lies inside (-margin, margin): two one-sided tests at alpha each
 *               (Schuirmann 1987), simultaneous whichever side of each contrast is in question. For
 *               one contrast it is the (1 - 2 alpha) interval; for more it is a little wider
 *   better      otherwise, the (1 - alpha) interval excludes 0 on the good side
 *   worse       ... on the bad side
 *   undecided   otherwise; power.h says how many seeds would settle it
 *
 * Holm's step-down is not used: it rejects a little more often than Bonferroni, but no two-sided
 * simultaneous intervals agree with it.
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
    contrast_verdict verdict;
} contrast;

typedef struct contrast_study {
    int arms, seeds;
    const double *y; /* (arms, seeds); NaN: no value */
    int pairs;
    const contrast_pair *pair;
    double alpha, margin; /* margin NaN: equivalence is not tested */
    bool larger_is_better;
} contrast_study;

typedef struct contrast_result {
    const struct procedure *procedure; /* procedure.h */
    int shared_seeds;                  /* seeds that every compared arm has */
    bool *left_out; /* (arms): has so few values that comparing it would cost the others seeds */
    bool *used;     /* (seeds): shared by all compared arms */
    contrast *row;  /* (pairs), in the order of study->pair */
} contrast_result;

/* Compare the arms of s, which may be dropped afterwards; the caller closes r. */
void contrast_compute(contrast_result *r, const contrast_study *s);
void contrast_close(contrast_result *r);

/* Were differences tested seed by seed, at the shared seeds? */
bool contrast_paired(const contrast_result *r);

/* Are both arms of a pair compared? */
bool contrast_compared(const contrast_result *r, contrast_pair p);

/* The values of an arm that count: at the shared seeds, or all it has if nothing is paired; returns
 * how many.  `out` has room for every seed. */
int contrast_values(double *out, const contrast_result *r, const contrast_study *s, int arm);

/* The family of the pairs that are compared (maxt.h); `size` has room for every pair. */
maxt_family contrast_family(int *size, const contrast_result *r, const contrast_study *s);

const char *contrast_verdict_name(contrast_verdict v);

/* One line that names the procedure and what it assumes. */
enum { CONTRAST_TEXT = 512 }; /* has room for it */
void contrast_describe(char *text, size_t size, const contrast_result *r);

#endif
