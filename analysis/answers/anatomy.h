/* anatomy.h - where the noise of a study comes from.
 *
 *   parts     the variance of the final metric within one configuration, split into initial
 *             weights, order of the text, their interaction and the held-out text (components.h).
 *             Arms that differ in train.replica alone are one configuration.  All its finished
 *             runs in the database count, also those outside the study, if the same code made them
 *   pairs     what it buys to pair two arms by seed: the variance of the difference of two runs
 *             with seeds of their own, over that of the difference at one seed
 *   moments   the moment of leaving the plateau (leave.h)
 *   points    the spread at each evaluation: does waiting help?
 */
#ifndef ANALYSIS_ANSWERS_ANATOMY_H
#define ANALYSIS_ANSWERS_ANATOMY_H

#include "analysis/answers/leave.h"
#include "analysis/statistics/components.h"

typedef struct anatomy_split {
    int arm;                 /* the first arm of this configuration                        */
    int of;                  /* how many arms have it                                      */
    int elsewhere, outdated; /* runs outside the study; runs of other code, left out */
    components parts;
} anatomy_split;

typedef struct anatomy_pair {
    int arm, base, n;
    double correlation, lo, hi; /* 95 % interval by Fisher's z; NaN below 4 seeds */
    double worth, least, most; /* how many times as many seeds unpaired runs would take; interval */
} anatomy_pair;

/* Standard deviations at one point of training, with 95 % intervals. */
typedef struct anatomy_point {
    double tokens;
    int runs;
    component arm, difference; /* `variance` and limits are standard deviations here */
} anatomy_point;

typedef struct anatomy {
    const comparison *c;
    leave leave;
    int splits, pairs, points;
    anatomy_split *split;
    anatomy_pair *pair;
    anatomy_point *point;
    bool training; /* points are of the training loss, because evaluations are too few */
} anatomy;

/* c must outlive k, and compares arms with their baselines; the caller closes k. */
bool anatomy_open(anatomy *k, const comparison *c, db *d, error *e);
void anatomy_close(anatomy *k);

#endif
