/* scores.c - read the scores of a study on a suite, keep the items that all runs have, and take
 * means.
 *
 * The statements are in scores.sql.
 */
#include "analysis/data/scores.h"

#include "analysis/data/score_rows.h"
#include "analysis/data/sql.h"
#include "analysis/data/study.h"
#include "core/base/growing.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// clang-format off
static const scores_kind KINDS[] = {
    { "acc",      "",            "accuracy",                              "s.acc",      "1",                                  true,  true },
    { "acc_norm", "",            "accuracy by the likelihood a byte",     "s.acc_norm", "1",                                  true,  true },
    { "margin",   "",            "probability of the answer less the best other", "s.margin", "1",                            true,  false },
    { "nll",      "nats",        "nats a token of the answer",            "s.nll",      "s.n_tok",                            false, false },
    { "bpb",      "bits a byte", "bits a byte of the answer",             "s.nll",      "s.n_bytes * 0.6931471805599453",     false, false },
};
// clang-format on

static const scores_kind *find_kind(const char *name)
{
    for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++)
        if (strcmp(KINDS[i].name, name) == 0) return &KINDS[i];
    return NULL;
}

/* The suite at the head of the text, the longest name first, as names may hold any character. */
static bool match_suite(char **name, const char *text, db *d, error *e)
{
    sqlite3_stmt *q;
    bool row = true, ok = db_query(d, &q, e, sql_scores_suites, NULL);
    *name = NULL;
    while (ok && !*name && (ok = db_next(d, q, &row, e)) && row) {
        const char *known = (const char *)sqlite3_column_text(q, 0);
        const size_t n = strlen(known);
        if (strncmp(text, known, n) == 0 && (!text[n] || strchr("/:@", text[n])))
            *name = db_column(q, 0);
    }
    sqlite3_finalize(q);
    return ok;
}

bool scores_metric(metric *m, bool *found, const char *text, db *d, error *e)
{
    const size_t n = strlen(METRIC_TASKS);
    char *name, whole[METRIC_NAME];
    if (strncmp(text, METRIC_TASKS, n) == 0 && text[n] == ':') text += n + 1;
    if (!match_suite(&name, text, d, e)) return false;
    *found = name != NULL;
    free(name);
    if (!*found) return true;
    if (snprintf(whole, sizeof whole, "%s:%s", METRIC_TASKS, text) >= (int)sizeof whole)
        return error_usage(e, "the metric '%.80s' has a name that is too long", text);
    if (!metric_parse(m, whole, e)) return false;
    snprintf(m->name, sizeof m->name, "%s", text);
    return true;
}

bool scores_suites(char **names, int *n, int64_t sweep_id, db *d, error *e)
{
    sqlite3_stmt *q;
    growing words;
    bool row = true, ok = db_query(d, &q, e, sql_scores_known, "i", sweep_id);
    *n = 0;
    growing_open(&words);
    while (ok && (ok = db_next(d, q, &row, e)) && row)
        fprintf(words.f, "%s%s", (*n)++ ? ", " : "", (const char *)sqlite3_column_text(q, 0));
    sqlite3_finalize(q);
    *names = growing_close(&words);
    if (ok && *n) return true;
    free(*names);
    *names = NULL;
    return ok;
}

/* --- what is asked for ------------------------------------------------------------------------ */

/* The metric, taken apart. */
typedef struct asked {
    char part[METRIC_TASK];  /* "": the whole suite */
    const scores_kind *kind; /* NULL: that of each task */
    int64_t context;
} asked;

static bool known_part(const scores *k, const char *part)
{
    if (!*part) return true;
    for (int t = 0; t < k->tasks; t++)
        if (strcmp(k->task[t].name, part) == 0 || strcmp(k->task[t].group, part) == 0) return true;
    return false;
}

/* "/PART:SCORE@CONTEXT".  A part may hold : and @ itself, so they are taken off only if the whole
 * is no part. */
static bool parse_rest(asked *a, const scores *k, const char *rest, error *e)
{
    char text[METRIC_TASK], *end, *at;
    *a = (asked){ 0 };
    snprintf(text, sizeof text, "%s", rest);
    char *part = *text == '/' ? text + 1 : text;
    if (*text == '/' && *part && known_part(k, part)) {
        snprintf(a->part, sizeof a->part, "%s", part);
        return true;
    }
    if ((at = strrchr(text, '@'))) {
        a->context = strtoll(at + 1, &end, 10);
        if (!at[1] || *end || a->context < 1)
            return error_usage(e, "'%s%s': '%s' is not a length in tokens", k->suite, rest, at + 1);
        *at = '\0';
    }
    if ((at = strrchr(text, ':')) && (a->kind = find_kind(at + 1))) *at = '\0';
    part = *text == '/' ? text + 1 : text;
    snprintf(a->part, sizeof a->part, "%s", part);
    if (known_part(k, part) && (*text == '/') == (*part != '\0')) return true;
    growing words;
    growing_open(&words);
    for (int t = 0; t < k->tasks; t++)
        fprintf(words.f, "%s%s/%s", t ? ", " : "", k->task[t].group, k->task[t].name);
    char *known = growing_close(&words);
    error_usage(e,
                "suite '%s' has no group or task '%s'; write SUITE/PART[:SCORE][@CONTEXT], with a "
                "score of acc, acc_norm, margin, nll, bpb; it has %.250s",
                k->suite, part, known);
    free(known);
    return false;
}

static bool read_tasks(scores *k, db *d, error *e)
{
    sqlite3_stmt *q;
    bool row = true, ok = db_query(d, &q, e, sql_scores_tasks, "i", k->suite_id);
    while (ok && (ok = db_next(d, q, &row, e)) && row) {
        k->task = growing_list(k->task, k->tasks, sizeof *k->task);
        k->task[k->tasks++] = (scores_task){
            .task_id = sqlite3_column_int64(q, 0),
            .name = db_column(q, 1),
            .group = db_column(q, 2),
            .kind = find_kind((const char *)sqlite3_column_text(q, 3)),
            .all = sqlite3_column_int(q, 4),
            .chance = sqlite3_column_type(q, 5) == SQLITE_NULL ? NAN : sqlite3_column_double(q, 5)
        };
    }
    sqlite3_finalize(q);
    return ok && !k->tasks ? error_set(e, "%s: suite '%s' has no tasks", d->path, k->suite) : ok;
}

static void free_task(scores_task *t)
{
    free(t->name), free(t->group), free(t->item), free(t->x), free(t->weight);
}

/* Keep the tasks that were asked for. */
static void keep_part(scores *k, const asked *a)
{
    int kept = 0;
    bool group = false;
    for (int t = 0; t < k->tasks; t++) group = group || strcmp(k->task[t].group, a->part) == 0;
    for (int t = 0; t < k->tasks; t++) {
        scores_task *x = &k->task[t];
        if (a->kind) x->kind = a->kind;
        if (*a->part && strcmp(group ? x->group : x->name, a->part) != 0)
            free_task(x);
        else
            k->task[kept++] = *x;
    }
    k->tasks = kept;
}

/* --- scores ----------------------------------------------------------------------------------- */

/* One evaluation of a task: x (all) and the weights (all), NaN where an item was not scored. */
static bool read_items(double *x, double *weight, const scores_task *t, int64_t task_eval_id, db *d,
                       error *e)
{
    char sql[512];
    sqlite3_stmt *q;
    bool row = true;
    snprintf(sql, sizeof sql, sql_scores_items, t->kind->value, t->kind->weight);
    bool ok = db_query(d, &q, e, sql, "i", task_eval_id);
    while (ok && (ok = db_next(d, q, &row, e)) && row) {
        const int item = sqlite3_column_int(q, 0);
        if (item < 0 || item >= t->all) continue;
        if (sqlite3_column_type(q, 1) != SQLITE_NULL) x[item] = sqlite3_column_double(q, 1);
        weight[item] = sqlite3_column_double(q, 2);
    }
    sqlite3_finalize(q);
    return ok;
}

/* Divide a run's losses by its mean number of tokens or bytes, over the items it has. */
static void take_ratio(double *x, const double *weight, int items)
{
    double sum = 0;
    int n = 0;
    for (int i = 0; i < items; i++)
        if (!isnan(x[i])) sum += weight[i], n++;
    for (int i = 0; i < items; i++) x[i] /= sum / n;
}

typedef struct reading {
    study *s;
    scores *k;
    const asked *a;
    double *weight; /* (tasks, most items): of the last run that was read */
    int most;
    bool *has; /* (arms x seeds): every task is there */
} reading;

static double *cell_of(const reading *r, int task, int cell)
{
    return r->k->task[task].x + (size_t)cell * (size_t)r->k->task[task].all;
}

static bool several(const reading *r, const scores_task *t, int64_t one, int64_t two, error *e)
{
    return error_usage(e,
                       "study '%s': task '%s' was evaluated with several longest items: add @ and "
                       "one of %lld, %lld",
                       r->s->name, t->name, (long long)one, (long long)two);
}

/* One finished run. */
static bool read_cell(reading *r, int cell, db *d, error *e)
{
    scores *k = r->k;
    study_cell *c = &r->s->cell[cell];
    int64_t *eval = error_zeroed((size_t)k->tasks * 2, sizeof *eval), *context = eval + k->tasks;
    int found = 0;
    sqlite3_stmt *q;
    bool row = true, ok = db_query(d, &q, e, sql_scores_evals, "iindi", c->run_id, k->suite_id,
                                   (int)r->s->at.of, r->s->at.value, r->a->context);
    while (ok && (ok = db_next(d, q, &row, e)) && row)
        for (int t = 0; ok && t < k->tasks; t++) {
            if (k->task[t].task_id != sqlite3_column_int64(q, 0)) continue;
            if (eval[t]) ok = several(r, &k->task[t], context[t], sqlite3_column_int64(q, 2), e);
            found += !eval[t];
            eval[t] = sqlite3_column_int64(q, 1), context[t] = sqlite3_column_int64(q, 2);
            c->ended = sqlite3_column_int(q, 3);
        }
    sqlite3_finalize(q);
    r->has[cell] = found == k->tasks;
    for (int t = 0; ok && r->has[cell] && t < k->tasks; t++) {
        scores_task *x = &k->task[t];
        double *weight = r->weight + (size_t)t * (size_t)r->most;
        ok = read_items(cell_of(r, t, cell), weight, x, eval[t], d, e);
        if (!x->context[0] || context[t] < x->context[0]) x->context[0] = context[t];
        if (context[t] > x->context[1]) x->context[1] = context[t];
    }
    free(eval);
    return ok;
}

/* Keep the items of a task that every run has scored. */
static bool keep_common(reading *r, int task, error *e)
{
    scores_task *t = &r->k->task[task];
    const int cells = r->s->arms * r->s->seeds;
    const double *weight = r->weight + (size_t)task * (size_t)r->most;
    t->item = error_zeroed((size_t)t->all, sizeof *t->item);
    for (int i = 0; i < t->all; i++) {
        bool common = true;
        for (int c = 0; c < cells && common; c++)
            common = !r->has[c] || !isnan(cell_of(r, task, c)[i]);
        if (common) t->item[t->items++] = i;
    }
    if (!t->items)
        return error_usage(e,
                           "study '%s': no item of task '%s' has the score '%s' in every run: "
                           "items may be longer than the shortest context, or have another score",
                           r->s->name, t->name, t->kind->name);
    const bool ratio = strcmp(t->kind->weight, "1") != 0;
    if (ratio) t->weight = error_zeroed((size_t)t->items, sizeof *t->weight);
    for (int i = 0; ratio && i < t->items; i++) t->weight[i] = weight[t->item[i]];
    for (int c = 0; c < cells; c++) {
        const double *from = cell_of(r, task, c);
        double *to = t->x + (size_t)c * (size_t)t->items;
        for (int i = 0; i < t->items; i++) to[i] = from[t->item[i]];
        if (ratio && r->has[c]) take_ratio(to, t->weight, t->items);
    }
    if (ratio) take_ratio(t->weight, t->weight, t->items);
    return true;
}

static void take_means(reading *r)
{
    scores *k = r->k;
    const int cells = k->arms * k->seeds;
    k->mean = error_zeroed((size_t)k->tasks * (size_t)cells, sizeof *k->mean);
    for (int t = 0; t < k->tasks; t++)
        for (int c = 0; c < cells; c++) {
            const double *x = k->task[t].x + (size_t)c * (size_t)k->task[t].items;
            double sum = 0;
            for (int i = 0; i < k->task[t].items; i++) sum += x[i];
            k->mean[t * cells + c] = r->has[c] ? sum / k->task[t].items : NAN;
        }
    for (int c = 0; c < cells; c++)
        r->s->cell[c].value = r->has[c] ? scores_value(k, 0, c / k->seeds, c % k->seeds) : NAN;
}

/* Every task of every finished run. */
static bool read_all(reading *r, db *d, error *e)
{
    scores *k = r->k;
    const int cells = r->s->arms * r->s->seeds;
    bool ok = true, any = false, done = false;
    for (int t = 0; t < k->tasks; t++) {
        const size_t n = (size_t)cells * (size_t)k->task[t].all;
        if (k->task[t].all > r->most) r->most = k->task[t].all;
        k->task[t].x = error_zeroed(n, sizeof *k->task[t].x);
        for (size_t i = 0; i < n; i++) k->task[t].x[i] = NAN;
    }
    r->has = error_zeroed((size_t)cells, sizeof *r->has);
    r->weight = error_zeroed((size_t)k->tasks * (size_t)r->most, sizeof *r->weight);
    for (int c = 0; ok && c < cells; c++) {
        if (r->s->cell[c].status != STUDY_DONE) continue;
        ok = read_cell(r, c, d, e);
        any = any || r->has[c], done = true;
    }
    if (ok && done && !any)
        ok = error_usage(e,
                         "study '%s': no finished run was evaluated by all of '%s': `attnlab "
                         "evaluate` does it",
                         r->s->name, r->s->metric.name);
    for (int t = 0; ok && any && t < k->tasks; t++) ok = keep_common(r, t, e);
    if (ok && any) score_rows(k);
    if (ok && any) take_means(r);
    free(r->has), free(r->weight);
    return ok;
}

static bool find_suite(scores *k, const study *s, db *d, error *e)
{
    sqlite3_stmt *q;
    bool row = false;
    if (!match_suite(&k->suite, s->metric.task, d, e)) return false;
    if (!k->suite)
        return error_usage(e,
                           "study '%s': no run was evaluated by the suite '%s'; `attnlab evaluate` "
                           "does it",
                           s->name, s->metric.task);
    const bool ok =
        db_query(d, &q, e, sql_scores_suite, "it", s->sweep_id, k->suite) && db_next(d, q, &row, e);
    if (ok && row) {
        k->suite_id = sqlite3_column_int64(q, 0), k->sha256 = db_column(q, 1);
        k->other = sqlite3_column_int64(q, 3);
    }
    sqlite3_finalize(q);
    return ok;
}

bool scores_open(study *s, db *d, error *e)
{
    scores *k = error_zeroed(1, sizeof *k);
    asked a;
    *k = (scores){ .arms = s->arms, .seeds = s->seeds };
    s->scores = k;
    if (!find_suite(k, s, d, e) || !read_tasks(k, d, e) ||
        !parse_rest(&a, k, s->metric.task + strlen(k->suite), e))
        return false;
    keep_part(k, &a);
    reading r = { .s = s, .k = k, .a = &a };
    if (!read_all(&r, d, e)) return false;
    if (k->rows) {
        s->metric.unit = k->row[0].kind->unit;
        s->metric.larger_is_better = k->row[0].kind->larger_is_better;
    }
    return true;
}

void scores_close(scores *k)
{
    if (!k) return;
    for (int t = 0; t < k->tasks; t++) free_task(&k->task[t]);
    for (int r = 0; r < k->rows; r++) free(k->row[r].weight);
    free(k->suite), free(k->sha256), free(k->task), free(k->row), free(k->mean);
    free(k);
}

double scores_value(const scores *k, int row, int arm, int seed)
{
    const double *weight = k->row[row].weight;
    double sum = 0;
    for (int t = 0; t < k->tasks; t++)
        if (weight[t] != 0) sum += weight[t] * k->mean[(t * k->arms + arm) * k->seeds + seed];
    return sum;
}

const double *scores_items(const scores *k, int task, int arm, int seed)
{
    const scores_task *t = &k->task[task];
    return t->x + ((size_t)arm * (size_t)k->seeds + (size_t)seed) * (size_t)t->items;
}
