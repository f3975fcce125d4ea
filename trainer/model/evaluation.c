/* evaluation.c - opens, runs and closes the tasks of the registry one after another.
 *
 * A task's results are timed together by the task itself, since only it knows where one ends.
 */
#include "trainer/model/evaluation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool evaluation_open(evaluation *v, const eval_input *in, error *e)
{
    int tasks = 0, results = 0;
    *v = (evaluation){ 0 };
    for (; eval_tasks[tasks]; tasks++) results += eval_tasks[tasks]->results(in->c);
    v->task = error_zeroed((size_t)tasks, sizeof *v->task);
    v->result = error_zeroed((size_t)results, sizeof *v->result);
    for (; v->tasks < tasks; v->tasks++) {
        evaluation_task *t = &v->task[v->tasks];
        t->task = eval_tasks[v->tasks];
        t->n = t->task->results(in->c);
        t->result = v->result + v->n;
        if (!t->task->open(&t->state, in, e)) {
            evaluation_close(v);
            return false;
        }
        v->n += t->n;
    }
    return true;
}

void evaluation_close(evaluation *v)
{
    for (int i = 0; i < v->tasks; i++) v->task[i].task->close(v->task[i].state);
    free(v->task), free(v->result);
    *v = (evaluation){ 0 };
}

void evaluation_run(evaluation *v)
{
    for (int i = 0; i < v->tasks; i++) {
        const evaluation_task *t = &v->task[i];
        t->task->run(t->result, t->state);
        for (int j = 0; j < t->n; j++) {
            t->result[j].task = t->task->name;
            t->result[j].split = SPLIT_NAME[t->task->split];
        }
    }
}

bool evaluation_check(const char *task, const char *split, error *e)
{
    char known[256] = "";
    size_t n = 0;
    for (const eval_task *const *t = eval_tasks; *t && n < sizeof known; t++) {
        const char *own = SPLIT_NAME[(*t)->split];
        if (strcmp((*t)->name, task) == 0 && strcmp(own, split) == 0) return true;
        n += (size_t)snprintf(known + n, sizeof known - n, "%s%s.%s", n ? ", " : "", (*t)->name,
                              own);
    }
    return error_usage(e, "nothing evaluates %s.%s: write one of %s (TASK.SPLIT)", task, split,
                       known);
}

size_t evaluation_memory(const config *c, const model *m, int n_threads)
{
    size_t sum = 0;
    for (const eval_task *const *t = eval_tasks; *t; t++) sum += (*t)->memory(c, m, n_threads);
    return sum;
}
