/* interaction.h - does a difference grow along an axis of numbers, such as the context?
 *
 * Where arm and baseline are compared at several values x of one axis, each seed gives a slope
 *
 *     slope = sum over x of w(x) (arm - base at x),   w the weights of least squares on log2 x
 *
 * the change of the difference with every doubling; with two values it is the difference of
 * differences over their distance.  Slopes are tested as contrast.h tests differences: from 6 seeds
 * on by joint sign-flips of whole seeds, below by the residual of the blocks and max |t|.
 */
#ifndef ANALYSIS_ANSWERS_INTERACTION_H
#define ANALYSIS_ANSWERS_INTERACTION_H

#include "analysis/answers/comparison.h"
#include "core/base/table.h"

typedef struct interaction {
    char *axis;        /* key */
    int levels;        /* values of it that both arms have */
    double *x, *diff;  /* (levels): ascending, and the mean difference there */
    int *pair;         /* (levels): of the comparison */
    int arm, base;     /* at the first of them */
    int n;             /* seeds */
    double slope;      /* a doubling */
    double lo, hi;     /* simultaneous 1 - alpha over the interactions of this axis */
    double p_adjusted; /* of no slope; NaN where it cannot be had, as lo and hi are */
} interaction;

typedef struct interactions {
    int n;
    interaction *row;
} interactions;

/* All there are: for every axis whose values are positive numbers, every arm that is compared with
 * a baseline of the same value at two values or more. */
void interaction_find(interactions *k, const comparison *c);
void interaction_close(interactions *k);

/* "rises", "falls" or "undecided": which way the difference goes along the axis. */
const char *interaction_verdict(const interaction *r);

/* How many digits the numbers of a row are printed with. */
int interaction_digits(const interaction *r);

/* One table. */
void interaction_print(const interactions *k, const comparison *c, table_format f, FILE *out);

#endif
