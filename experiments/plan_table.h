/* cells.h - the cells of a study as a table: what they are, cost, and will take. */
#ifndef EXPERIMENTS_CELLS_H
#define EXPERIMENTS_CELLS_H

#include "core/table.h"
#include "experiments/plan.h"

/* Seconds of a whole run of each arm: steps by train_measure with n_threads, and evaluations as
 * forward passes.  Arms whose cells are all finished are not measured (0).  out has a->n. */
bool cells_measure(double *out, const arms *a, const plan *p, int n_threads, error *e);

/* `seconds` by arm, as measured. */
void cells_print(const plan *p, const arms *a, const double *seconds, table_format f);

/* Seconds until `jobs` workers, taking cells in order, have run what is not finished. */
double cells_left(const plan *p, const arms *a, const double *seconds, int jobs);

#endif
