/* task_rows.h - suites, tasks, items and scores as rows of the database.
 *
 * A suite is one row for each content (its SHA-256), with its tasks and items, whichever run
 * brought it first.  A task's scores are one task_eval with a task_score for each item that was
 * scored.
 */
#ifndef TRAINER_RUN_TASK_ROWS_H
#define TRAINER_RUN_TASK_ROWS_H

#include "core/db/db.h"
#include "trainer/suites/task_result.h"

/* task_id (s->tasks) of a suite's tasks, inserted with their items if missing; list (s->tasks) has
 * the coded items of each.  The caller holds the transaction. */
bool task_rows_suite(db *d, int64_t *task_id, const suite *s, coded *const *list, error *e);

/* One evaluation of a task: of a run, at a step, with items of up to `context` tokens. */
typedef struct task_key {
    int64_t run_id, step, task_id;
    int context;
} task_key;

/* Its scores, which the caller closes; *found is false if there are none. */
bool task_rows_read(db *d, bool *found, task_result *out, const task_key *key, error *e);

/* Insert its scores, unless they are there.  The caller holds the transaction. */
bool task_rows_write(db *d, const task_key *key, const task_result *r, error *e);

#endif
