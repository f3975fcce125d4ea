/* sequential.h - a contrast that is looked at after every block of seeds, until it is decided.
 *
 * At look k, with n[k] seeds, the difference lies in the repeated confidence interval
 *
 *     mean +- outer[k] se        (Jennison and Turnbull, JRSS B 51, 1989)
 *
 * and these intervals hold at all looks at once with probability 1 - level.  So a contrast may stop
 * at any look, for whatever reason, and its last interval keeps its promise.  inner[k] is the same
 * for two one-sided tests.  A contrast is decided at the first look at which its interval excludes
 * 0 or its inner interval lies inside the margin.  Each of C contrasts has the level alpha / C: how
 * they correlate, and which of them have stopped, then doesn't matter.
 *
 * Assumes normal differences, independent from seed to seed.
 */
#ifndef ANALYSIS_STATISTICS_SEQUENTIAL_H
#define ANALYSIS_STATISTICS_SEQUENTIAL_H

#include "analysis/statistics/spending.h"

#include <stdbool.h>

/* Critical values of |t| at each look, for one contrast. */
typedef struct sequential_rule {
    int looks;
    int n[SPENDING_LOOKS];      /* seeds of the plan up to each look */
    int values[SPENDING_LOOKS]; /* of them, those with a difference: runs that diverged have none */
    double outer[SPENDING_LOOKS], inner[SPENDING_LOOKS]; /* of |t|, and of t on one side */
} sequential_rule;

/* Where a contrast stands. */
typedef struct sequential_state {
    int look; /* looks taken, up to the one that decided; 0: none, and nothing else is known */
    bool decided;
    int n; /* differences that count */
    double mean, se, lo, hi, inner_lo, inner_hi;
} sequential_state;

/* The looks at `start` seeds, then after every `step` more, and at `max`, n (SPENDING_LOOKS);
 * returns how many there are, 0 if they are too many. */
int sequential_looks(int *n, int start, int step, int max);

/* The rule of one contrast with `level` for itself, for looks at n (looks) seeds of which `values`
 * (looks) count. */
void sequential_rule_make(sequential_rule *r, const int *n, const int *values, double level,
                          int looks);

/* Follow the differences d, NaN where there is none, through the first `looks` looks of the rule.
 * margin NaN: equivalence is not tested. */
void sequential_follow(sequential_state *x, const sequential_rule *r, const double *d,
                       double margin, int looks);

#endif
