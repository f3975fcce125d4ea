/* plan.h - a study in the record: arms x seeds, written before anything runs.
 *
 * One transaction writes the sweep, its version, its arms with their configurations, and a run for
 * every cell.  What is there already is found by its identity and kept.  An arm that the study no
 * longer has is marked as dropped and never deleted.
 */
#ifndef EXPERIMENTS_PLAN_H
#define EXPERIMENTS_PLAN_H

#include "experiments/arms.h"
#include "trainer/run/record.h"

typedef struct cell {
    const arm *arm;
    int seed;
    record_run run; /* run_id 0: not in the record */
} cell;

/* Cells go by seed, then by arm: whole pairs come first. */
typedef struct plan {
    int n;
    cell *cell;
} plan;

/* What the record says, without writing; `d` may be NULL where there is no record yet. */
bool plan_look(plan *p, db *d, const arms *a, const sweep *s, error *e);

/* Runs that other code recorded make it fail, unless they are planned `again` as a new generation,
 * or accepted as they are.  So does a study of this name whose fixed keys were others. */
bool plan_write(plan *p, db *d, const arms *a, const sweep *s, bool again, bool accept, error *e);

void plan_close(plan *p);

/* Neither to be run nor to be resumed: done, or diverged. */
bool plan_finished(const record_run *r);

#endif
