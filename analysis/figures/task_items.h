/* task_items.h - the items of a suite as figures need them: where they are hard, and how runs score
 * there.
 */
#ifndef ANALYSIS_FIGURES_TASK_ITEMS_H
#define ANALYSIS_FIGURES_TASK_ITEMS_H

#include "analysis/answers/scored.h"
#include "analysis/figures/figure.h"

/* A number of an item that figures have an axis for. */
typedef enum task_items_trait {
    TASK_ITEMS_LENGTH,
    TASK_ITEMS_DISTANCE,
    TASK_ITEMS_DEPTH
} task_items_trait;

/* Has the comparison no scores?  Then it is reported, with the suites there are, as what is
 * missing; false only if the database can't be read (*ok). */
bool task_items_none(bool *ok, figure *f, error *e);

/* The trait of the compared items of a task (items), NaN where it has none; *known: how many have
 * it.  The caller frees it. */
bool task_items_read(double **trait, int *known, figure *f, int task, task_items_trait which,
                     error *e);

/* The distinct values of n numbers, ascending, in out (n); returns how many. */
int task_items_levels(double *out, const double *x, int n);

/* The mean score of an arm at a seed over the items of a task for which `in` holds; NaN if the run
 * has no scores or there is no such item. */
double task_items_mean(const scores *k, int task, int arm, int seed, const bool *in);

/* The row of task t itself. */
int task_items_row(const scores *k, int t);

#endif
