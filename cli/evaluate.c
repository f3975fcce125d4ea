/* evaluate.c - attnlab evaluate RUN|CHECKPOINT SUITE... */
#define _GNU_SOURCE /* realpath */
#include "cli/command.h"
#include "core/base/file.h"
#include "core/base/table.h"
#include "trainer/decode/model_source.h"
#include "trainer/run/run_config.h"
#include "trainer/run/run_folder.h"
#include "trainer/run/run_tasks.h"
#include "trainer/run/stop.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct options {
    const char *tokenizer, *items;
    int64_t context, threads;
} options;

enum { CONTEXT_MAX = 1 << 22, THREADS_MAX = 1024 };

// clang-format off
#define AT(field) offsetof(options, field)
static const option OPTIONS[] = {
    { "context",   0,   OPTION_COUNT,   "N",    AT(context),   "longest item in tokens", "(the context in training)", 1, CONTEXT_MAX },
    { "items",     0,   OPTION_TEXT,    "FILE", AT(items),     "also write the score of every item, as JSON Lines" },
    { "tokenizer", 0,   OPTION_TEXT,    "FILE", AT(tokenizer), "a SentencePiece model", "(the folder's, or the corpus's)" },
    { "threads",   't', OPTION_INTEGER, "N",    AT(threads),   "threads", "(one per processor)", 1, THREADS_MAX },
    { 0 },
};
// clang-format on

static const char MAKER[] = "attnlab evaluate";

/* --- whose scores they are -------------------------------------------------------------------- */

/* The run and step of the weights; run_id 0: they are no run's. */
typedef struct owner {
    int64_t run_id, step;
} owner;

static bool find_step(owner *out, db *d, const char *uid, const char *file, error *e)
{
    sqlite3_stmt *s;
    bool row = false;
    const bool ok = db_query(d, &s, e,
                             "SELECT run_id, step FROM ckpt JOIN run USING(run_id)"
                             " WHERE run_uid=?1 AND (?2 IS NULL OR file=?2)"
                             " ORDER BY step DESC LIMIT 1",
                             "tt", uid, file) &&
                    db_next(d, s, &row, e);
    if (ok && row) *out = (owner){ sqlite3_column_int64(s, 0), sqlite3_column_int64(s, 1) };
    sqlite3_finalize(s);
    return ok;
}

/* Weights in the folder of a run are the run's. */
static bool find_path(owner *out, db *d, const char *path, error *e)
{
    struct stat info;
    char *whole = realpath(path, NULL);
    bool ok = true;
    if (whole && stat(whole, &info) == 0) {
        const bool folder = S_ISDIR(info.st_mode);
        char *file = folder ? file_path(whole, "weights.safetensors") : strdup(whole);
        char *in = file ? file_folder(file) : NULL;
        if (!in) error_memory();
        const char *uid = strrchr(in, '/') + 1;
        char *own = run_folder_path(d, uid, NULL), *real = realpath(own, NULL);
        if (real && strcmp(real, in) == 0) ok = find_step(out, d, uid, strrchr(file, '/') + 1, e);
        free(file), free(in), free(own), free(real);
    }
    free(whole);
    return ok;
}

/* Without a database there are only paths. */
static bool find_owner(owner *out, command_call *call, error *e)
{
    const char *name = call->argument[0];
    char uid[CONFIG_UID];
    db d;
    *out = (owner){ 0 };
    const bool path = access(name, F_OK) == 0;
    if (path && access(call->db, F_OK) != 0) return true;
    if (!db_open(&d, call->db, DB_READ, e)) return false;
    const bool ok = path ? find_path(out, &d, name, e)
                         : run_config_find(uid, &d, name, e) && find_step(out, &d, uid, NULL, e);
    db_close(&d);
    return ok;
}

/* --- what is printed -------------------------------------------------------------------------- */

static void put_row(table *out, const suite *s, const char *group, const char *task,
                    const char *metric, double score, double se, double chance)
{
    table_text(out, s->name), table_text(out, group), table_text(out, task);
    table_text(out, metric), table_real(out, score, 4), table_real(out, se, 4);
    table_real(out, chance, 4);
}

/* The mean of the tasks' scores, and its standard error, of a group (NULL: the mean of all groups'
 * means).  NaN if they have different metrics. */
typedef struct mean {
    double score, variance;
    int n;
    const char *metric;
} mean;

static mean group_mean(const run_tasks *t, int i, const char *group)
{
    const suite *s = &t->suite[i];
    mean m = { 0 };
    for (int j = 0; j < s->tasks; j++) {
        double se;
        const suite_task *x = &s->task[j];
        if (strcmp(x->group, group) != 0) continue;
        m.score += task_result_mean(&se, &t->result[i][j], x->metric);
        m.variance += se * se;
        m.metric = m.n == 0 || (m.metric && strcmp(m.metric, x->metric) == 0) ? x->metric : NULL;
        m.n++;
    }
    m.score /= m.n, m.variance /= (double)m.n * m.n;
    return m;
}

/* Is task j the first of its group? */
static bool opens_group(const suite *s, int j)
{
    for (int k = 0; k < j; k++)
        if (strcmp(s->task[k].group, s->task[j].group) == 0) return false;
    return true;
}

static void put_end(table *out, int n)
{
    if (n >= 0)
        table_int(out, n);
    else
        table_text(out, NULL);
}

/* Groups of several tasks, and the mean of several groups. */
static void put_means(table *out, const run_tasks *t, int i)
{
    const suite *s = &t->suite[i];
    mean all = { 0 };
    for (int j = 0; j < s->tasks; j++) {
        if (!opens_group(s, j)) continue;
        const char *group = s->task[j].group;
        const mean m = group_mean(t, i, group);
        all.score += m.score, all.variance += m.variance;
        all.metric = all.n == 0                                                    ? m.metric
                     : m.metric && all.metric && strcmp(m.metric, all.metric) == 0 ? m.metric
                                                                                   : NULL;
        all.n++;
        if (m.n < 2 || !m.metric) continue;
        put_row(out, s, group, "(group)", m.metric, m.score, sqrt(m.variance), NAN);
        for (int k = 0; k < 3; k++) put_end(out, -1);
    }
    if (all.n < 2 || !all.metric) return;
    put_row(out, s, "(all groups)", "(mean)", all.metric, all.score / all.n,
            sqrt(all.variance) / all.n, NAN);
    for (int k = 0; k < 3; k++) put_end(out, -1);
}

static void print(command_call *call, const run_tasks *t)
{
    static const char *const NAMES[] = { "suite", "group",  "task",  "metric",  "score",
                                         "se",    "chance", "items", "skipped", "truncated" };
    table out;
    command_rows(call);
    table_open(&out, command_format(call), stdout, 10, NAMES);
    for (int i = 0; i < t->suites; i++) {
        const suite *s = &t->suite[i];
        for (int j = 0; j < s->tasks; j++) {
            const suite_task *x = &s->task[j];
            const task_result *r = &t->result[i][j];
            double se;
            const double score = task_result_mean(&se, r, x->metric);
            put_row(&out, s, x->group, x->name, x->metric, score, se, x->chance);
            put_end(&out, r->scored), put_end(&out, r->skipped), put_end(&out, r->truncated);
        }
        put_means(&out, t, i);
    }
    table_close(&out);
}

static void put_items(FILE *f, const suite *s, const suite_task *t, const task_result *r)
{
    static const char *const NAMES[] = { "suite",  "task", "item",  "acc",     "acc_norm",
                                         "margin", "nll",  "n_tok", "n_bytes", "detail" };
    table out;
    table_open(&out, TABLE_JSONL, f, 10, NAMES);
    for (int i = 0; i < r->scored; i++) {
        const task_score *x = &r->score[i];
        table_text(&out, s->name), table_text(&out, t->name);
        table_text(&out, t->all.item[x->item].id);
        table_real(&out, x->acc, 0), table_real(&out, x->acc_norm, 0);
        table_real(&out, x->margin, 0), table_real(&out, x->nll, 0);
        table_int(&out, x->tokens), table_int(&out, x->bytes), table_text(&out, x->detail);
    }
    table_close(&out);
}

/* JSON Lines hold no mark; a file is ours if it begins as ours do. */
static bool made_here(const char *path, void *context)
{
    char line[16] = "";
    FILE *f = fopen(path, "r");
    (void)context;
    const size_t n = f ? fread(line, 1, sizeof line - 1, f) : 0;
    if (f) fclose(f);
    return n == 0 || strncmp(line, "{\"suite\":", 9) == 0;
}

static bool write_items(const char *path, const run_tasks *t, error *e)
{
    file_draft d;
    if (!file_output_open(&d, path, MAKER, made_here, NULL, e)) return false;
    for (int i = 0; i < t->suites; i++)
        for (int j = 0; j < t->suite[i].tasks; j++)
            put_items(d.f, &t->suite[i], &t->suite[i].task[j], &t->result[i][j]);
    return file_draft_close(&d, e);
}

/* --- the evaluation --------------------------------------------------------------------------- */

static bool stopped_by_signal(void)
{
    return stop_signal() != 0;
}

static const char *suite_path(const void *arg, int i)
{
    return ((const command_call *)arg)->argument[1 + i];
}

/* With panels, linear layers find their weights laid out; no bit changes. */
static bool run_all(run_tasks *t, bool *stopped, const owner *o, command_call *call,
                    const model_source *s, error *e)
{
    panels_weight *weight = error_zeroed((size_t)s->m.n, sizeof *weight);
    panels *p;
    db d;
    FILE *say = call->quiet ? NULL : stderr;
    bool ok = panels_open(&p, kernels_layout(s->precision), weight,
                          model_linears(&s->m, s->w, weight), e);
    if (ok) {
        panels_make(p, t->with.pool);
        if (o->run_id == 0)
            ok = run_tasks_run(t, stopped, NULL, 0, 0, say, e);
        else if ((ok = db_open(&d, call->db, DB_CHANGE, e))) {
            ok = run_tasks_run(t, stopped, &d, o->run_id, o->step, say, e);
            db_close(&d);
        }
        panels_leave(p);
        panels_close(p);
    }
    free(weight);
    return ok;
}

static int evaluate(command_call *call, const options *o, const model_source *s, threads *pool)
{
    const suite_model with = {
        .m = &s->m,
        .w = s->w,
        .pieces = s->tokenizer.V > 0 ? &s->tokenizer : NULL,
        .pool = pool,
        .context = o->context == OPTION_UNSET ? s->m.config.T : (int)o->context,
        .stop = stopped_by_signal,
    };
    run_tasks t;
    owner whose;
    error e;
    bool stopped = false;
    if (!find_owner(&whose, call, &e) ||
        !run_tasks_open(&t, suite_path, call, call->arguments - 1, &with, &e))
        return command_fail(call, &e);
    bool ok = run_all(&t, &stopped, &whose, call, s, &e);
    if (ok && !stopped && o->items) ok = write_items(o->items, &t, &e);
    if (ok && !stopped) {
        print(call, &t);
        if (whose.run_id == 0)
            command_note(call, NOTE_INFO, "%s is no run of %s, so its scores are not recorded.",
                         call->argument[0], call->db);
    }
    run_tasks_close(&t);
    if (!ok) return command_fail(call, &e);
    if (!stopped) return STATUS_DONE;
    fprintf(stderr, "%s: stopped by a signal; the same command goes on with the next task\n",
            call->name);
    return STATUS_PREEMPTED;
}

static int run(command_call *call, const void *given)
{
    const options *o = given;
    const int n = o->threads == OPTION_UNSET ? threads_available() : (int)o->threads;
    model_source s;
    threads *pool;
    error e;
    if (call->arguments < 2) return command_missing(call, "SUITE");
    if (o->items && !file_output_check(o->items, MAKER, made_here, NULL, &e))
        return command_fail(call, &e);
    if (!model_source_open_any(&s, call->argument[0], call->db, o->tokenizer, &e))
        return command_fail(call, &e);
    int status = STATUS_FAILED;
    stop_watch();
    if (!kernels_set_precision(s.precision, &e) || !threads_open(&pool, n, &e))
        status = command_fail(call, &e);
    else {
        status = evaluate(call, o, &s, pool);
        threads_close(pool);
    }
    model_source_close(&s);
    return status;
}

const command command_evaluate = {
    .name = "evaluate",
    .group = COMMAND_MODEL,
    .help = "score a model on suites of tasks",
    .arguments = "RUN|CHECKPOINT SUITE...",
    .summary = "Score a trained model on the tasks of one or more suites, and record the score of "
               "every item.",
    .text =
        "RUN is a uid or the start of one; its newest weights are used. CHECKPOINT is a "
        "safetensors file beside a config.yaml, or a folder with config.yaml and "
        "weights.safetensors. SUITE is a folder with suite.yaml (see `attnlab tasks`).\n\n"
        "Scores of a run's weights are recorded, also if they are named by their path, and a task "
        "that is recorded already is not done again. Each task is recorded when it is done, so "
        "after a signal or a crash the same command goes on where it was. No bit depends on "
        "--threads.\n\n"
        "A group's score is the mean of its tasks' scores; `se` is the standard error over "
        "items. `attnlab compare STUDY --metric SUITE` compares arms.\n\n"
        "Exit status: 0 done, 1 failed, 2 usage or a wrong suite, 5 stopped by a signal.",
    .shared = SHARED_DB | SHARED_OUTPUT | SHARED_QUIET,
    .options = OPTIONS,
    .size = sizeof(options),
    .run = run,
};
