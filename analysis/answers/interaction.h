/* interaction.h - does a difference grow along a numeric axis, such as the context?
 *
 * If arm and baseline are compared at several values x of one axis, each seed gives a slope
 *
 *     slope = sum over x of w(x) (arm - base at x),   w the weights of least squares on log2 x
 *
 * which is the change of the difference per doubling; for two values it is the difference of the
 * differences divided by their distance.  Slopes are tested by the procedure that tests the
 * differences (procedure.h).
 */
#ifndef ANALYSIS_ANSWERS_INTERACTION_H
#define ANALYSIS_ANSWERS_INTERACTION_H

#include "analysis/answers/comparison.h"
#include "core/base/table.h"

typedef struct interaction {
    char *axis;        /* key */
    int levels;        /* values at which both arms exist */
    double *x, *diff;  /* (levels): ascending, and the mean difference there */
    int *pair;         /* (levels): of the comparison */
    int arm, base;     /* at the first of them */
    int n;             /* seeds */
    double slope;      /* per doubling */
    double lo, hi;     /* simultaneous 1 - alpha over the interactions of this axis */
    double p_adjusted; /* of no slope; NaN, as lo and hi, if nothing is tested */
} interaction;

typedef struct interactions {
    int n;
    interaction *row;
} interactions;

/* Find all: for every axis of positive numbers, every arm that is compared with a baseline of the
 * same value at two or more values.  The caller closes k. */
void interaction_find(interactions *k, const comparison *c);
void interaction_close(interactions *k);

/* Where the difference goes along the axis: "rises", "falls" or "undecided". */
const char *interaction_verdict(const interaction *r);

/* How many digits to print the numbers of a row with. */
int interaction_digits(const interaction *r);

/* Print all in one table. */
void interaction_print(const interactions *k, const comparison *c, table_format f, FILE *out);

#endif
