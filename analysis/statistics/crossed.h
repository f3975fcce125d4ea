/* crossed.h - differences of scores with two sources of noise: seeds, and items of tasks.
 *
 * d[s][i] is the difference of two arms at seed s on item i of a task.  Seeds and items cross:
 *
 *     d[s][i] = delta + seed[s] + item[i] + rest[s, i]
 *
 * Over S seeds and I items, the mean of d has the variance
 *
 *     seed/S + rest/(S I)   on these items: what the means of the seeds scatter by
 *   + item/I                what another draw of items of this kind adds
 *
 * `item` is found by restricted maximum likelihood, which for a complete table has a closed form:
 * the mean squares, where a component that would be negative is 0 and its square joins the rest
 * (Searle, Casella and McCulloch, Variance Components, 1992, ch. 4).  The score of a group is a
 * linear combination of the means of its tasks, whose items are independent; the degrees of freedom
 * of its variance are Satterthwaite's (Biometrics Bulletin 2, 1946).
 *
 * Rows (contrasts of tasks, groups and whole suites) are tested at once.  On these items: joint
 * sign-flips of whole seeds (flip.h), or below 6 seeds Student's t with Bonferroni's bound.  Each
 * side of the interval for items of this kind is the root of the sum of two squares: the side on
 * these items, and Student's t (Bonferroni) times the error of the items (Zou and Donner,
 * Statistics in Medicine 27, 2008).  Verdicts are those of that interval.
 *
 * If no item of a task of right and wrong answers ever differs, its variance is 0, and yet other
 * items might differ: a share q of such items is missed with probability (1 - q)^I < exp(-q I).  So
 * the side of the items then is ln(1 / alpha) / I for a one-sided alpha, which is not 0.
 */
#ifndef ANALYSIS_STATISTICS_CROSSED_H
#define ANALYSIS_STATISTICS_CROSSED_H

#include "analysis/statistics/contrast.h"

/* What the items add to the error of a mean difference. */
typedef struct crossed_items {
    double variance, df; /* of the mean, and of its estimate */
    double same; /* 1/I where no item ever differs, else 0; of a group the largest, weighted */
} crossed_items;

/* One task.  d (seeds, items) is changed.  `weight` (items), or NULL: the score is a ratio of sums,
 * such as nats a token, of which `weight` is the denominator (its mean is 1).  `counts`: scores are
 * right or wrong.  With one seed the rest counts as item. */
void crossed_task(crossed_items *out, double *d, const double *weight, bool counts, int seeds,
                  int items);

/* The sum of tasks with these weights. */
void crossed_sum(crossed_items *out, const crossed_items *task, const double *weight, int tasks);

/* A row.  Numbers that are not known are NaN. */
typedef struct crossed_row {
    /* given */
    crossed_items items;
    double margin; /* NaN: equivalence is not tested */
    bool larger_is_better;
    /* found */
    double diff;
    double se_seeds, se_items; /* on these items; what other items add */
    double these_lo, these_hi; /* simultaneous 1 - alpha interval on these items */
    double lo, hi;             /* the same for items of this kind */
    double inner_lo, inner_hi; /* of two one-sided tests at alpha, for items of this kind */
    double p_adjusted;         /* of no difference, in the family */
    double p_equivalent;       /* of a difference as large as the margin, in the family */
    contrast_verdict verdict;
    double mde; /* smallest true difference that is found with 80 % power */
    int needed; /* seeds that a verdict would take; 0: it is there, or no number would do */
    contrast_verdict towards; /* the verdict that they would show */
} crossed_row;

/* Compare all rows at once; by_seed (rows, seeds) are the differences on these items.  With fewer
 * than two seeds there are differences only.  Without `more`, which takes most of the time, p and
 * power stay NaN. */
void crossed_compare(crossed_row *row, const double *by_seed, double alpha, bool more, int rows,
                     int seeds);

#endif
