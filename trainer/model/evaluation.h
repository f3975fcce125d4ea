/* evaluation.h - every task of the registry, run on one model.
 *
 * Results stand in the order of the registry, those of one task together.
 */
#ifndef TRAINER_MODEL_EVALUATION_H
#define TRAINER_MODEL_EVALUATION_H

#include "trainer/model/eval_task.h"

/* One task at work. */
typedef struct evaluation_task {
    const eval_task *task;
    void *state;
    eval_result *result; /* its part of the evaluation's */
    int n;               /* results                      */
} evaluation_task;

typedef struct evaluation {
    int tasks, n; /* tasks that are open; results of all */
    evaluation_task *task;
    eval_result *result; /* (n) of the last run */
} evaluation;

/* What `in` points to must outlive v.  Fails as a task's open does. */
bool evaluation_open(evaluation *v, const eval_input *in, error *e);
void evaluation_close(evaluation *v);

/* Fill in v->result. */
void evaluation_run(evaluation *v);

/* Does a task of this name score this split?  Fails with those there are. */
bool evaluation_check(const char *task, const char *split, error *e);

/* Bytes that evaluation_open takes with this many threads. */
size_t evaluation_memory(const config *c, const model *m, int n_threads);

#endif
