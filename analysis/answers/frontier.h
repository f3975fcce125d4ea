/* frontier.h - what an arm costs against how well it does: which arms are dominated.
 *
 * For each cost - KV bytes a token, parameters, FLOPs of the whole training - an arm is
 *
 *   dominated   another arm costs no more and is better by the verdict of the comparison of all
 *               pairs, or costs less and is equivalent within the study's margin
 *   frontier    every arm that costs no more is worse by that verdict, or there is none
 *   open        else: it is not to be told apart from one that costs no more
 *
 * Costs within 0.5 % of each other are equal, as sweep.match takes them.  Mean losses alone decide
 * nothing: the arm with the lowest of many is the luckiest as often as the best.
 */
#ifndef ANALYSIS_ANSWERS_FRONTIER_H
#define ANALYSIS_ANSWERS_FRONTIER_H

#include "analysis/answers/comparison.h"

enum { FRONTIER_KV, FRONTIER_PARAMS, FRONTIER_FLOPS, FRONTIER_COSTS };

typedef enum frontier_place {
    FRONTIER_UNKNOWN, /* no such cost, or no loss */
    FRONTIER_BEST,
    FRONTIER_DOMINATED,
    FRONTIER_OPEN,
} frontier_place;

typedef struct frontier_arm {
    int n;
    double mean;
    double cost[FRONTIER_COSTS]; /* NaN: none */
    frontier_place place[FRONTIER_COSTS];
    int by[FRONTIER_COSTS]; /* the arm that dominates, or the first that is not told apart; -1 */
} frontier_arm;

typedef struct frontier {
    const comparison *c;
    frontier_arm *arm; /* (arms of the study) */
} frontier;

/* c compares all pairs (comparison_open with `all`), and stays. */
bool frontier_open(frontier *f, const comparison *c, db *d, error *e);
void frontier_close(frontier *f);

/* "frontier", "dominated by mqa", "not told from mqa", or "". */
void frontier_describe(char *text, size_t size, const frontier *f, int arm, int cost);

#endif
