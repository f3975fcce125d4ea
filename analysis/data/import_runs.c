/* import_runs.c - rows of a file, sorted by arm, seed and step, as rows of the database. */
#define _GNU_SOURCE /* asprintf */
#include "analysis/data/import_runs.h"

#include "analysis/data/sql.h"
#include "core/base/growing.h"
#include "core/base/study_name.h"
#include "core/db/metric.h"

#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ID = 17, UID = 13 }; /* characters, as those of attnlab's own configurations and runs */

/* A row with the place of its arm among all, in order of appearance. */
typedef struct entry {
    const results_row *row;
    int arm;
    int64_t step;
} entry;

typedef struct writer {
    db *d;
    const import_runs *o;
    const results_file *r;
    entry *all; /* (r->n) sorted by arm, seed, step, metric */
    const char **arm;
    int arms, baseline, seeds;
    const char *metric;
    int64_t sweep_id;
    error *e;
} writer;

static int by_run(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    if (x->arm != y->arm) return x->arm < y->arm ? -1 : 1;
    if (x->row->seed != y->row->seed) return x->row->seed < y->row->seed ? -1 : 1;
    if (x->step != y->step) return x->step < y->step ? -1 : 1;
    return strcmp(x->row->metric, y->row->metric);
}

static bool same_run(const entry *a, const entry *b)
{
    return a->arm == b->arm && a->row->seed == b->row->seed;
}

static int arm_of(writer *w, const char *label)
{
    int k = w->arms - 1;
    while (k >= 0 && strcmp(w->arm[k], label) != 0) k--;
    if (k >= 0) return k;
    w->arm[w->arms] = label;
    return w->arms++;
}

/* Rows of one run must agree about steps and tokens, and say each thing once. */
static bool check_rows(const writer *w)
{
    for (int i = 1; i < w->r->n; i++) {
        const entry *a = &w->all[i - 1], *b = &w->all[i];
        if (!same_run(a, b)) continue;
        const int line = a->row->line > b->row->line ? a->row->line : b->row->line;
        if ((a->row->step < 0) != (b->row->step < 0) ||
            (a->row->tokens < 0) != (b->row->tokens < 0))
            return error_usage(w->e,
                               "%s:%d: some rows of '%s' with seed %" PRId64 " have a step "
                               "or tokens and others do not",
                               w->o->file, line, a->row->arm, a->row->seed);
        if (a->step != b->step) {
            if (a->row->tokens > b->row->tokens)
                return error_usage(w->e, "%s:%d: tokens fall as steps grow", w->o->file, line);
            continue;
        }
        if (strcmp(a->row->metric, b->row->metric) == 0)
            return error_usage(w->e,
                               "%s:%d: arm '%s', seed %" PRId64 ", metric %s is there twice "
                               "at one step",
                               w->o->file, line, a->row->arm, a->row->seed, a->row->metric);
        if (a->row->tokens != b->row->tokens)
            return error_usage(w->e, "%s:%d: two numbers of tokens at one step", w->o->file, line);
    }
    return true;
}

/* The metric that was named, or the only one. */
static bool choose_metric(writer *w)
{
    const char *first = w->r->row[0].metric;
    bool several = false, found = false;
    for (int i = 0; i < w->r->n; i++) {
        several = several || strcmp(w->r->row[i].metric, first) != 0;
        found = found || (w->o->metric && strcmp(w->r->row[i].metric, w->o->metric) == 0);
    }
    w->metric = w->o->metric ? w->o->metric : first;
    if (w->o->metric && !found)
        return error_usage(w->e, "--metric: %s has no metric '%s'", w->o->file, w->o->metric);
    return w->o->metric || !several ||
           error_usage(w->e, "%s has several metrics: name the one to compare by --metric",
                       w->o->file);
}

static bool choose_baseline(writer *w)
{
    if (!w->o->baseline) return true; /* the first */
    while (w->baseline < w->arms && strcmp(w->arm[w->baseline], w->o->baseline) != 0) w->baseline++;
    return w->baseline < w->arms ||
           error_usage(w->e, "--baseline: %s has no arm '%s'", w->o->file, w->o->baseline);
}

static bool sort(writer *w)
{
    const int n = w->r->n;
    w->all = error_zeroed((size_t)n, sizeof *w->all);
    w->arm = error_zeroed((size_t)n, sizeof *w->arm);
    for (int i = 0; i < n; i++) {
        const results_row *row = &w->r->row[i];
        const int64_t step = row->step >= 0 ? row->step : row->tokens >= 0 ? row->tokens : 1;
        w->all[i] = (entry){ row, arm_of(w, row->arm), step };
    }
    qsort(w->all, (size_t)n, sizeof *w->all, by_run);
    return check_rows(w) && choose_metric(w) && choose_baseline(w);
}

/* Is the study there?  From this file: *known.  From another, or trained: an error. */
static bool check_name(bool *known, writer *w)
{
    sqlite3_stmt *q;
    bool row = false, ok = db_query(w->d, &q, w->e, sql_import_runs_known, "t", w->o->study) &&
                           db_next(w->d, q, &row, w->e);
    *known = false;
    if (ok && row) {
        const char *sha256 = (const char *)sqlite3_column_text(q, 0);
        *known = sha256 && strcmp(sha256, w->r->sha256) == 0;
        ok = *known || error_usage(w->e, "%s: has a study '%s' already: choose another name",
                                   w->d->path, w->o->study);
    }
    sqlite3_finalize(q);
    return ok;
}

/* --- writing ---------------------------------------------------------------------------------- */

static char *list_json(const char *const *item, int n)
{
    json_t *list = json_array();
    for (int i = 0; i < n; i++) json_array_append_new(list, json_string(item[i]));
    char *text = json_dumps(list, JSON_COMPACT);
    json_decref(list);
    if (!text) error_memory();
    return text;
}

static bool write_study(writer *w)
{
    const import_runs *o = w->o;
    const int64_t now = db_now_ms();
    char *arms = list_json(w->arm, w->arms), *higher = list_json(o->higher, o->n_higher), *spec;
    bool max = false;
    for (int i = 0; i < o->n_higher; i++) max = max || strcmp(o->higher[i], w->metric) == 0;
    if (asprintf(&spec, "# Imported from %s, SHA-256 %s.\n", o->file, w->r->sha256) < 0)
        error_memory();
    bool ok =
        db_run(w->d, w->e, sql_import_runs_sweep, "titt", o->study, now, arms, w->arm[w->baseline]);
    w->sweep_id = db_last_id(w->d);
    ok = ok &&
         db_run(w->d, w->e, sql_import_runs_import, "ittnti", w->sweep_id, o->file, w->r->sha256,
                w->r->n, higher, now) &&
         db_run(w->d, w->e, sql_import_runs_version, "iittttddn", w->sweep_id, now, spec,
                o->question, w->metric, max ? "max" : "min", o->margin, o->alpha, w->seeds);
    free(arms), free(higher), free(spec);
    return ok;
}

/* A size that rows of an arm give; -1 or NaN: none does.  They must not contradict each other. */
static bool arm_sizes(int64_t *parameters, double *kv_bytes, const writer *w, int arm)
{
    *parameters = -1, *kv_bytes = NAN;
    for (int i = 0; i < w->r->n; i++) {
        const results_row *row = w->all[i].row;
        if (w->all[i].arm != arm) continue;
        if ((*parameters >= 0 && row->parameters >= 0 && row->parameters != *parameters) ||
            (!isnan(*kv_bytes) && !isnan(row->kv_bytes) && row->kv_bytes != *kv_bytes))
            return error_usage(w->e,
                               "%s:%d: other parameters or kv_bytes than in another row of "
                               "arm '%s'",
                               w->o->file, row->line, row->arm);
        if (row->parameters >= 0) *parameters = row->parameters;
        if (!isnan(row->kv_bytes)) *kv_bytes = row->kv_bytes;
    }
    return true;
}

static bool write_arm(char id[ID], int64_t *arm_id, writer *w, int arm, int64_t base)
{
    char hex[HASH_HEX];
    int64_t parameters;
    double kv_bytes;
    if (!arm_sizes(&parameters, &kv_bytes, w, arm)) return false;
    json_t *origin = json_pack("{s:{s:s, s:s, s:s}}", "imported", "arm", w->arm[arm], "sha256",
                               w->r->sha256, "study", w->o->study);
    char *canon = json_dumps(origin, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(origin);
    if (!canon) error_memory();
    hash_bytes(hex, canon, strlen(canon));
    snprintf(id, ID, "%s", hex);
    const bool ok =
        db_run(w->d, w->e, sql_import_runs_config, "tttid", id, canon, w->arm[arm],
               parameters < 0 ? 0 : parameters, isnan(kv_bytes) ? 0 : kv_bytes) &&
        db_run(w->d, w->e, sql_import_runs_arm, "intti", w->sweep_id, arm, w->arm[arm], id, base);
    *arm_id = db_last_id(w->d);
    free(canon);
    return ok;
}

static bool write_values(writer *w, int64_t run_id, int from, int to)
{
    for (int i = from; i < to; i++) {
        const results_row *row = w->all[i].row;
        metric m;
        if (!metric_of_import(&m, row->metric, w->e))
            return error_where(w->e, "%s:%d", w->o->file, row->line);
        if (!db_run(w->d, w->e, sql_import_runs_eval, "iittid", run_id, w->all[i].step, m.split,
                    m.task, m.context, row->value))
            return false;
        if (row->tokens >= 0 &&
            !db_run(w->d, w->e, sql_import_runs_step, "iii", run_id, w->all[i].step, row->tokens))
            return false;
    }
    return true;
}

/* The run of the rows from..to-1. */
static bool write_run(writer *w, const char *id, int64_t arm_id, int from, int to)
{
    char text[64], hex[HASH_HEX], *message;
    const int64_t seed = w->all[from].row->seed, last = w->all[to - 1].step;
    bool finite = true;
    for (int i = from; i < to; i++)
        finite = finite && (w->all[i].step < last || !isnan(w->all[i].row->value));
    hash_bytes(hex, text, (size_t)snprintf(text, sizeof text, "%s %" PRId64, id, seed));
    snprintf(text, UID, "%s", hex);
    if (asprintf(&message, "imported from %s, SHA-256 %.12s", w->o->file, w->r->sha256) < 0)
        error_memory();
    bool ok = db_run(w->d, w->e, sql_import_runs_run, "ttitiit", text, id, seed,
                     finite ? "done" : "diverged", last, db_now_ms(), message);
    const int64_t run_id = db_last_id(w->d);
    free(message);
    return ok && db_run(w->d, w->e, sql_import_runs_cell, "iii", arm_id, seed, run_id) &&
           write_values(w, run_id, from, to);
}

static bool write_arms(writer *w)
{
    int64_t base = 0;
    for (int k = 0; k < w->arms; k++) { /* the baseline first, as others refer to it */
        const int arm = k == 0 ? w->baseline : k <= w->baseline ? k - 1 : k;
        char id[ID];
        int64_t arm_id;
        if (!write_arm(id, &arm_id, w, arm, base)) return false;
        if (k == 0) base = arm_id;
        for (int i = 0, end; i < w->r->n; i = end) {
            for (end = i + 1; end < w->r->n && same_run(&w->all[i], &w->all[end]);) end++;
            if (w->all[i].arm == arm && !write_run(w, id, arm_id, i, end)) return false;
        }
    }
    return true;
}

static int ascending(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int count_seeds(const results_file *r)
{
    int64_t *seed = error_zeroed((size_t)r->n, sizeof *seed);
    int n = 0;
    for (int i = 0; i < r->n; i++) seed[i] = r->row[i].seed;
    qsort(seed, (size_t)r->n, sizeof *seed, ascending);
    for (int i = 0; i < r->n; i++) n += i == 0 || seed[i] != seed[i - 1];
    free(seed);
    return n;
}

bool import_runs_write(bool *known, db *d, const import_runs *o, const results_file *r, error *e)
{
    writer w = { .d = d, .o = o, .r = r, .seeds = count_seeds(r), .e = e };
    char name[STUDY_NAME];
    yaml_node word = { .kind = YAML_SCALAR, .text = (char *)o->study };
    bool ok = study_name_set(name, &word, e) && sort(&w);
    if (ok && (ok = db_begin(d, e))) {
        ok = check_name(known, &w) && (*known || (write_study(&w) && write_arms(&w)));
        if (ok)
            ok = db_commit(d, e);
        else
            db_rollback(d);
    }
    free(w.all), free(w.arm);
    return ok;
}
