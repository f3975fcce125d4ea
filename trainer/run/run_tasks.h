/* run_tasks.h - the suites that a model is evaluated on, task by task.
 *
 *     open     read the suites and code their items; what is wrong with them is said here
 *     run      score every task that is not recorded yet, each in a transaction of its own
 *
 * So whatever ends the process loses at most the task at hand, and the same rows come when it is
 * run again.
 */
#ifndef TRAINER_RUN_RUN_TASKS_H
#define TRAINER_RUN_RUN_TASKS_H

#include "core/db/db.h"
#include "trainer/run/task_rows.h"

typedef struct run_tasks {
    suite_model with;
    int suites;
    suite *suite;         /* (suites)                            */
    coded ***coded;       /* (suites, tasks): items of each task */
    task_result **result; /* (suites, tasks): of the last run    */
} run_tasks;

/* Open the n suites whose paths are at path(arg, i).  What `with` points to must outlive t.  Fails
 * as suite_open and coded_open do, and if two suites have one name. */
typedef const char *run_tasks_path(const void *arg, int i);
bool run_tasks_open(run_tasks *t, run_tasks_path *path, const void *arg, int n,
                    const suite_model *with, error *e);
void run_tasks_close(run_tasks *t);

/* Evaluate every task.  With d (else NULL), scores of this step of the run are read if they are
 * recorded, and recorded if they are not.  Each task is said on `say` (NULL: nowhere).  *stopped as
 * in likelihood_fill: what has been recorded stays. */
bool run_tasks_run(run_tasks *t, bool *stopped, db *d, int64_t run_id, int64_t step, FILE *say,
                   error *e);

#endif
