/* task_result.h - a task, done by a model: the scores of its items, and their means.
 *
 *     acc, acc_norm, margin    mean over the items
 *     nll                      sum of nll / sum of tokens
 *     bpb                      sum of nll / (sum of bytes x ln 2)
 */
#ifndef TRAINER_SUITES_TASK_RESULT_H
#define TRAINER_SUITES_TASK_RESULT_H

#include "trainer/suites/likelihood.h"
#include "trainer/suites/suite.h"

typedef struct task_result {
    int scored, skipped, truncated; /* items; truncated ones are scored, too */
    task_score *score;              /* (scored) by item                      */
    int64_t wall_ms;
} task_result;

/* Score every item of a task, coded by coded_open with the same context; its spans are filled in.
 * *stopped if `with->stop` said so: then there is no result.  Fails as likelihood_fill does. */
bool task_result_make(task_result *out, bool *stopped, const suite_task *task, coded *list,
                      const suite_model *with, error *e);
void task_result_close(task_result *r);

/* The mean of a metric; NaN if nothing was scored or has it.  *se (may be NULL) is its standard
 * error, if the items were drawn at random; NaN below 2 items. */
double task_result_mean(double *se, const task_result *r, const char *metric);

#endif
