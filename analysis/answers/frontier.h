/* frontier.h - what an arm costs and how well it does: which arms are dominated by others.
 *
 * For each cost - KV bytes per token, parameters, FLOPs of the whole training - an arm is
 *
 *   dominated   if another arm costs no more and is better by the verdict of the comparison of all
 *               pairs, or costs less and is equivalent within the study's margin
 *   frontier    if every arm that costs no more is worse by that verdict, or there is none
 *   open        otherwise: it cannot be distinguished from an arm that costs no more
 *
 * Costs within 0.5 % of each other count as equal, as in sweep.match.  Mean losses alone decide
 * nothing: the lowest of many means is as often luck as merit.
 */
#ifndef ANALYSIS_ANSWERS_FRONTIER_H
#define ANALYSIS_ANSWERS_FRONTIER_H

#include "analysis/answers/comparison.h"

enum { FRONTIER_KV, FRONTIER_PARAMS, FRONTIER_FLOPS, FRONTIER_COSTS };

typedef enum frontier_place {
    FRONTIER_UNKNOWN, /* no such cost, or no value of the metric */
    FRONTIER_BEST,
    FRONTIER_DOMINATED,
    FRONTIER_OPEN,
} frontier_place;

typedef struct frontier_arm {
    int n;
    double mean;
    double cost[FRONTIER_COSTS]; /* NaN: none */
    frontier_place place[FRONTIER_COSTS];
    int by[FRONTIER_COSTS]; /* the arm that dominates, or the first that is not distinguishable; -1
                             */
} frontier_arm;

typedef struct frontier {
    const comparison *c;
    frontier_arm *arm; /* (arms of the study) */
} frontier;

/* c compares all pairs (comparison_open with `all`) and must outlive f. */
void frontier_open(frontier *f, const comparison *c);
void frontier_close(frontier *f);

/* "frontier", "dominated by mqa", "not distinguishable from mqa", or "". */
void frontier_describe(char *text, size_t size, const frontier *f, int arm, int cost);

#endif
