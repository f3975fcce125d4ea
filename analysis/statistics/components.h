/* components.h - where the variance between runs of one configuration comes from.
 *
 *     y = mean + weights[w] + order[o] + interaction[w, o] + evaluation
 *
 * w stands for the initial weights, o for the order of the text; all terms are random and
 * independent.  Training is deterministic, so runs of the same w and o do not differ, and what is
 * left of a cell is interaction.  What the runs allow depends on their design:
 *
 *   crossed   every w with every o: mean squares of the two-way table (a weights, b orders)
 *                 weights = (MSw - MSe) / b,  order = (MSo - MSe) / a,  interaction = MSe
 *   nested    several w for each o, and none with two (or the other way round): one-way analysis
 *             with unweighted group means (Thomas and Hultquist, Ann. Stat. 6, 1978)
 *                 outer = var(group means) - MS within / harmonic mean of the group sizes
 *             the inner factor contains the interaction
 *   paired    every run has weights and an order of its own: the sum alone is known
 *
 * `evaluation` is the variance that the held-out text adds, as a sample of text: runs and pieces of
 * the text cross, and it is their mean square of interaction divided by the pieces.  It is taken
 * off the innermost component.  Formulas: Searle, Casella and McCulloch, Variance Components, 1992,
 * ch. 3 and 4.
 *
 * Intervals: chi-squared for a mean square; for differences of two, and for sums, the modified
 * large-sample limits of Ting, Burdick, Graybill, Jeyaratnam and Lu (J. Stat. Comp. Sim. 35, 1990)
 * and Graybill and Wang (JASA 75, 1980).  Estimates and limits below 0 become 0.
 */
#ifndef ANALYSIS_STATISTICS_COMPONENTS_H
#define ANALYSIS_STATISTICS_COMPONENTS_H

#include <stdbool.h>

typedef enum components_design {
    COMPONENTS_NONE, /* fewer than two runs, or a design that is none of the others */
    COMPONENTS_PAIRED,
    COMPONENTS_WEIGHTS_IN_ORDER, /* nested: several weights for each order */
    COMPONENTS_ORDER_IN_WEIGHTS,
    COMPONENTS_CROSSED,
} components_design;

typedef enum components_part {
    COMPONENTS_WEIGHTS,
    COMPONENTS_ORDER,
    COMPONENTS_INTERACTION,
    COMPONENTS_SEED, /* all three, where they cannot be split */
    COMPONENTS_EVALUATION,
    COMPONENTS_TOTAL, /* variance of a run with weights and an order of its own */
    COMPONENTS_PARTS
} components_part;

/* A variance with its 1 - alpha interval; NaN: not known. */
typedef struct component {
    double variance, lo, hi;
} component;

typedef struct components_run {
    int weights, order; /* numbered from 0 without gaps */
    double value;
} components_run;

typedef struct components {
    components_design design;
    int runs, weights, orders; /* that were used: of a crossed design the largest complete part */
    component part[COMPONENTS_PARTS];
} components;

/* Split the variance of n runs.  `piece` (n, pieces): the loss of each run on each piece of the
 * text, or NULL if it is not known. */
void components_fit(components *c, const components_run *run, const double *piece, double alpha,
                    int n, int pieces);

/* "weights", "order", ... */
const char *components_name(components_part part);

/* "crossed", "nested", "paired" or "none". */
const char *components_design_name(components_design d);

/* c1 s1 - c2 s2 with its interval, where s1 and s2 are independent mean squares with df1 and df2
 * degrees of freedom and c1, c2 > 0. */
component components_difference(double c1, double s1, double df1, double c2, double s2, double df2,
                                double alpha);

/* The same of the sum of n mean squares, with coefficients of at least 0. */
component components_sum(const double *c, const double *s, const double *df, double alpha, int n);

#endif
