/* run_tasks.c - opens suites, and walks over their tasks in the order of the files. */
#include "trainer/run/run_tasks.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void close_results(run_tasks *t)
{
    for (int i = 0; i < t->suites; i++)
        for (int j = 0; j < t->suite[i].tasks; j++) task_result_close(&t->result[i][j]);
}

void run_tasks_close(run_tasks *t)
{
    for (int i = 0; i < t->suites; i++) {
        suite *s = &t->suite[i];
        for (int j = 0; j < s->tasks; j++) {
            task_result_close(&t->result[i][j]);
            coded_close(t->coded[i][j], s->task[j].all.n);
        }
        free(t->coded[i]), free(t->result[i]);
        suite_close(s);
    }
    free(t->suite), free(t->coded), free(t->result);
    *t = (run_tasks){ 0 };
}

static bool code_suite(run_tasks *t, int i, error *e)
{
    const suite *s = &t->suite[i];
    const coded_for with = { .pieces = t->with.pieces,
                             .vocab_size = t->with.m->config.V,
                             .context = t->with.context };
    bool ok = true;
    for (int j = 0; ok && j < s->tasks; j++)
        ok = coded_open(&t->coded[i][j], s, &s->task[j], &with, e);
    return ok;
}

static bool open_suite(run_tasks *t, const char *path, error *e)
{
    const int i = t->suites;
    suite *s = &t->suite[i];
    if (!suite_open(s, path, e)) {
        suite_close(s);
        return false;
    }
    t->coded[i] = error_zeroed((size_t)s->tasks, sizeof *t->coded[i]);
    t->result[i] = error_zeroed((size_t)s->tasks, sizeof *t->result[i]);
    t->suites++;
    for (int j = 0; j < i; j++)
        if (strcmp(t->suite[j].name, s->name) == 0)
            return error_usage(e, "%s: its name, '%s', is also that of %s", s->path, s->name,
                               t->suite[j].path);
    return code_suite(t, i, e);
}

bool run_tasks_open(run_tasks *t, run_tasks_path *path, const void *arg, int n,
                    const suite_model *with, error *e)
{
    *t = (run_tasks){ .with = *with };
    t->suite = error_zeroed((size_t)n, sizeof *t->suite);
    t->coded = error_zeroed((size_t)n, sizeof *t->coded);
    t->result = error_zeroed((size_t)n, sizeof *t->result);
    for (int i = 0; i < n; i++) {
        if (open_suite(t, path(arg, i), e)) continue;
        run_tasks_close(t);
        return false;
    }
    return true;
}

/* --- evaluation ------------------------------------------------------------------------------- */

static bool record(db *d, const task_key *key, const task_result *r, error *e)
{
    if (!db_begin(d, e)) return false;
    if (task_rows_write(d, key, r, e)) return db_commit(d, e);
    db_rollback(d);
    return false;
}

static bool find_suite(db *d, int64_t *task_id, const run_tasks *t, int i, error *e)
{
    if (!db_begin(d, e)) return false;
    if (task_rows_suite(d, task_id, &t->suite[i], t->coded[i], e)) return db_commit(d, e);
    db_rollback(d);
    return false;
}

static void say_result(FILE *say, int64_t step, const suite *s, const suite_task *t,
                       const task_result *r)
{
    fprintf(say, "step %" PRId64 ":  %s.%s %s %.4f (%d items, %.1f s)\n", step, s->name, t->name,
            t->metric, task_result_mean(NULL, r, t->metric), r->scored, 1e-3 * (double)r->wall_ms);
}

static bool run_task(run_tasks *t, int i, int j, bool *stopped, db *d, const task_key *key,
                     FILE *say, error *e)
{
    const suite *s = &t->suite[i];
    task_result *r = &t->result[i][j];
    bool found = false;
    if (d && !task_rows_read(d, &found, r, key, e)) return false;
    if (found) return true;
    if (!task_result_make(r, stopped, &s->task[j], t->coded[i][j], &t->with, e))
        return error_where(e, "%s.%s", s->name, s->task[j].name);
    if (*stopped) return true;
    if (d && !record(d, key, r, e)) return false;
    if (say) say_result(say, key->step, s, &s->task[j], r);
    return true;
}

bool run_tasks_run(run_tasks *t, bool *stopped, db *d, int64_t run_id, int64_t step, FILE *say,
                   error *e)
{
    bool ok = true;
    *stopped = false;
    close_results(t);
    for (int i = 0; ok && i < t->suites && !*stopped; i++) {
        const int tasks = t->suite[i].tasks;
        int64_t *task_id = error_zeroed((size_t)tasks, sizeof *task_id);
        ok = !d || find_suite(d, task_id, t, i, e);
        for (int j = 0; ok && j < tasks && !*stopped; j++) {
            const task_key key = { run_id, step, task_id[j], t->with.context };
            ok = run_task(t, i, j, stopped, d, &key, say, e);
        }
        free(task_id);
    }
    return ok;
}
