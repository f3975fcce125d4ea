/* plan_table.h - the cells of a study as a table: what they are, cost, and will take. */
#ifndef EXPERIMENTS_PLAN_TABLE_H
#define EXPERIMENTS_PLAN_TABLE_H

#include "core/base/table.h"
#include "experiments/plan.h"

/* Seconds of a whole run of each arm: steps by bench_step with n_threads, and evaluations as
 * forward passes.  Arms whose cells are all finished are not measured (0).  out has a->n. */
bool plan_table_measure(double *out, const arms *a, const plan *p, int n_threads, error *e);

/* The arms: what each is compared with, and every key in which the two differ. */
void plan_table_arms(const arms *a, table_format f);

/* The cells; for programs, with those columns as well.  `seconds` by arm, as measured. */
void plan_table_print(const plan *p, const arms *a, const double *seconds, table_format f);

/* Seconds until `jobs` workers, taking cells in order, have run what is not finished; NaN if memory
 * runs out. */
double plan_table_left(const plan *p, const arms *a, const double *seconds, int jobs);

/* The same for any work: n pieces of so many seconds, dealt in order, each to the worker who is
 * free first. */
double plan_table_eta(const double *seconds, int n, int workers);

#endif
