/* study.c - read a study from the database into arrays: its head, arms, seeds, cells and values.
 *
 * The statements are in study.sql.
 */
#include "analysis/data/study.h"

#include "analysis/data/lookup.h"
#include "analysis/data/scores.h"
#include "analysis/data/sql.h"
#include "analysis/data/variant_files.h"
#include "core/base/growing.h"
#include "core/db/run_status.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

study_cell *study_at(const study *s, int arm, int seed)
{
    return &s->cell[(size_t)arm * (size_t)s->seeds + (size_t)seed];
}

/* A metric by its name, or a suite of tasks; of an imported study any that the file had. */
static bool parse_metric(metric *m, const char *text, const char *higher_json, db *d, error *e)
{
    json_t *higher, *name;
    size_t i;
    bool suite;
    if (!scores_metric(m, &suite, text, d, e)) return false;
    if (suite) return true;
    if (!higher_json) return metric_parse(m, text, e);
    if (!metric_of_import(m, text, e)) return false;
    higher = json_loads(higher_json, 0, NULL);
    m->larger_is_better = false;
    json_array_foreach(higher, i, name)
    {
        if (json_is_string(name) && strcmp(json_string_value(name), text) == 0)
            m->larger_is_better = true;
    }
    json_decref(higher);
    return true;
}

/* Where the results come from, also at the head of the question, which every page shows. */
static void read_import(study *s, sqlite3_stmt *q)
{
    growing from, question;
    if (sqlite3_column_type(q, 8) == SQLITE_NULL) return;
    growing_open(&from), growing_open(&question);
    fprintf(from.f, "%s (SHA-256 %s)", (const char *)sqlite3_column_text(q, 8),
            (const char *)sqlite3_column_text(q, 9));
    s->imported = growing_close(&from);
    fprintf(question.f, "[imported from %s]%s%s", s->imported, s->question ? " " : "",
            s->question ? s->question : "");
    free(s->question);
    s->question = growing_close(&question);
}

void study_note_import(notes *out, const study *s)
{
    if (s->imported)
        notes_add(out, NOTE_WARNING,
                  "Imported from %s: these results were not made by attnlab, which can't replay "
                  "them or check how the arms differ.",
                  s->imported);
}

static bool read_head(study *s, db *d, const char *metric_name, error *e)
{
    sqlite3_stmt *q;
    bool row = false,
         ok = db_query(d, &q, e, sql_study_head, "i", s->sweep_id) && db_next(d, q, &row, e);
    if (ok && !row) ok = error_set(e, "%s: the study has no version in the database", d->path);
    if (ok) {
        const char *own = (const char *)sqlite3_column_text(q, 4);
        s->name = db_column(q, 0), s->version = sqlite3_column_int64(q, 1);
        s->question = db_column(q, 2), s->hypothesis = db_column(q, 3);
        s->margin = sqlite3_column_type(q, 5) == SQLITE_NULL ? NAN : sqlite3_column_double(q, 5);
        s->alpha = sqlite3_column_double(q, 6);
        s->stated.alpha = s->alpha, s->stated.margin = s->margin;
        const char *higher = (const char *)sqlite3_column_text(q, 10);
        s->stated.start = sqlite3_column_int(q, 11), s->stated.step = sqlite3_column_int(q, 12);
        s->stated.max = sqlite3_column_int(q, 13);
        read_import(s, q);
        ok = parse_metric(&s->stated.metric, own, higher, d, e) &&
             parse_metric(&s->metric, metric_name ? metric_name : own, higher, d, e);
        s->stated.metric.larger_is_better =
            strcmp((const char *)sqlite3_column_text(q, 7), "max") == 0;
    }
    sqlite3_finalize(q);
    return ok;
}

static bool read_arms(study *s, db *d, error *e)
{
    sqlite3_stmt *q;
    bool row = true, ok = db_query(d, &q, e, sql_study_arms, "i", s->sweep_id);
    while (ok && (ok = db_next(d, q, &row, e)) && row) {
        s->arm = growing_list(s->arm, s->arms, sizeof *s->arm);
        s->arm[s->arms++] = (study_arm){ .arm_id = sqlite3_column_int64(q, 0),
                                         .base_arm_id = sqlite3_column_int64(q, 1),
                                         .base = -1,
                                         .label = db_column(q, 2),
                                         .attention = db_column(q, 3),
                                         .axis_json = db_column(q, 4),
                                         .context = sqlite3_column_int64(q, 5),
                                         .n_heads = sqlite3_column_int64(q, 6),
                                         .n_kv_heads = sqlite3_column_int64(q, 7),
                                         .n_params = sqlite3_column_int64(q, 8),
                                         .kv_bytes = sqlite3_column_double(q, 9),
                                         .train_flops = sqlite3_column_double(q, 10) };
    }
    sqlite3_finalize(q);
    if (ok && s->arms == 0) return error_set(e, "%s: study '%s' has no arms", d->path, s->name);
    for (int a = 0; a < s->arms; a++)
        for (int b = 0; b < s->arms; b++)
            if (s->arm[a].base_arm_id == s->arm[b].arm_id) s->arm[a].base = b;
    return ok;
}

static bool read_seeds(study *s, db *d, error *e)
{
    sqlite3_stmt *q;
    bool row = true, ok = db_query(d, &q, e, sql_study_seeds, "i", s->sweep_id);
    while (ok && (ok = db_next(d, q, &row, e)) && row) {
        s->seed = growing_list(s->seed, s->seeds, sizeof *s->seed);
        s->seed[s->seeds++] = sqlite3_column_int64(q, 0);
    }
    sqlite3_finalize(q);
    s->cell = error_zeroed((size_t)s->arms * (size_t)s->seeds, sizeof *s->cell);
    for (int i = 0; i < s->arms * s->seeds; i++) s->cell[i].value = NAN;
    return ok && !s->seeds ? error_set(e, "%s: study '%s' has no runs", d->path, s->name) : ok;
}

static study_status status_of(const char *text)
{
    const run_status status = run_status_of(text);
    return status == RUN_DONE       ? STUDY_DONE
           : status == RUN_DIVERGED ? STUDY_DIVERGED
           : status == RUN_FAILED   ? STUDY_FAILED
                                    : STUDY_UNFINISHED;
}

void study_count(study_arm *a, study_status status)
{
    a->done += status == STUDY_DONE;
    a->diverged += status == STUDY_DIVERGED;
    a->failed += status == STUDY_FAILED;
    a->unfinished += status == STUDY_UNFINISHED;
}

static void read_cell(study *s, sqlite3_stmt *q)
{
    int a = 0, i = 0;
    while (s->arm[a].arm_id != sqlite3_column_int64(q, 0)) a++;
    while (s->seed[i] != sqlite3_column_int64(q, 1)) i++;
    study_cell *c = study_at(s, a, i);
    *c = (study_cell){ .run_id = sqlite3_column_int64(q, 2),
                       .uid = db_column(q, 3),
                       .generation = sqlite3_column_int64(q, 4),
                       .status = status_of((const char *)sqlite3_column_text(q, 5)),
                       .message = db_column(q, 6),
                       .value = NAN,
                       .code_id = sqlite3_column_int64(q, 7),
                       .compiler = db_column(q, 8),
                       .host = db_column(q, 9),
                       .kernels = db_column(q, 10),
                       .blas = db_column(q, 11),
                       .mixed = sqlite3_column_int(q, 12),
                       .tokens = db_column(q, 13),
                       .older_done = sqlite3_column_int(q, 14) };
    c->older_done = c->older_done && c->status == STUDY_UNFINISHED;
    study_count(&s->arm[a], c->status);
}

/* {"mha":"variants/grouped.c", ...}; the caller frees it. */
static char *files_of_variants(void)
{
    growing words;
    growing_open(&words);
    for (const char *const *at = variant_files; *at; at += 2)
        fprintf(words.f, "%s\"%s\":\"%s\"", at == variant_files ? "{" : ",", at[0], at[1]);
    fputc('}', words.f);
    return growing_close(&words);
}

bool study_code(char **code, int64_t arm_id, int64_t code_id, db *d, error *e)
{
    char *files = files_of_variants();
    const bool ok = db_text(d, code, e, sql_study_code, "iit", arm_id, code_id, files);
    free(files);
    return ok;
}

/* The code of each run.  Most runs of an arm were made by one build. */
static bool read_codes(study *s, db *d, error *e)
{
    for (int i = 0; i < s->arms * s->seeds; i++) {
        study_cell *c = &s->cell[i], *last = i % s->seeds ? c - 1 : NULL;
        if (!c->code_id) continue;
        if (last && last->code && last->code_id == c->code_id) {
            if (!(c->code = strdup(last->code))) error_memory();
        } else if (!study_code(&c->code, s->arm[i / s->seeds].arm_id, c->code_id, d, e))
            return false;
    }
    return true;
}

static bool read_cells(study *s, db *d, int64_t generation, error *e)
{
    sqlite3_stmt *q;
    bool row = true, ok = db_query(d, &q, e, sql_study_cells, "ii", s->sweep_id, generation);
    while (ok && (ok = db_next(d, q, &row, e)) && row) read_cell(s, q);
    sqlite3_finalize(q);
    return ok && read_codes(s, d, e);
}

/* Why there is no value: one line that names what the runs were evaluated by. */
static bool no_values(const study *s, db *d, error *e)
{
    char *known;
    if (!db_text(d, &known, e, sql_study_metrics, "i", s->sweep_id)) return false;
    error_usage(e, "study '%s': no finished run was evaluated by '%s'; the database has %.300s",
                s->name, s->metric.name, known ? known : "no evaluation at a last step");
    free(known);
    return false;
}

bool study_contexts(int64_t *context, int *n, const study *s, db *d, int most, error *e)
{
    sqlite3_stmt *q;
    bool row = true, ok = db_query(d, &q, e, sql_study_contexts, "itt", s->sweep_id, s->metric.task,
                                   s->metric.split);
    *n = 0;
    while (ok && *n < most && (ok = db_next(d, q, &row, e)) && row)
        context[(*n)++] = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    return ok;
}

/* If the finished runs were evaluated at one length, take it; if at several, the user must choose.
 */
static bool choose_context(study *s, db *d, error *e)
{
    enum { MOST = 16 };
    int64_t context[MOST];
    int n;
    if (!study_contexts(context, &n, s, d, MOST, e)) return false;
    if (n > 1) {
        char known[MOST * 24] = "";
        for (int i = 0; i < n; i++) {
            const size_t used = strlen(known);
            snprintf(known + used, sizeof known - used, "%s%lld", i ? "," : "",
                     (long long)context[i]);
        }
        return error_usage(e,
                           "study '%s': '%s' was evaluated at several lengths: add @ and one of %s",
                           s->name, s->metric.name, known);
    }
    s->metric.context = n ? context[0] : 0;
    return true;
}

/* The value of one finished cell; NaN if it was not evaluated by then, or not to a finite value.
 * *found counts the evaluations. */
static bool read_value(study_cell *cell, int *found, const char *sql, const study *s, db *d,
                       error *e)
{
    sqlite3_stmt *q;
    bool row = false;
    const bool ok = db_query(d, &q, e, sql, "ittind", cell->run_id, s->metric.task, s->metric.split,
                             s->metric.context, (int)s->at.of, s->at.value) &&
                    db_next(d, q, &row, e);
    if (ok && row && sqlite3_column_type(q, 0) != SQLITE_NULL) {
        const double value = sqlite3_column_double(q, 0);
        cell->value = isfinite(value) ? value : NAN;
        cell->evaluated = db_column(q, 1), cell->ended = sqlite3_column_int(q, 2);
        ++*found;
    }
    sqlite3_finalize(q);
    return ok;
}

bool study_run_value(double *value, db *d, int64_t run_id, const metric *m, error *e)
{
    const study s = { .metric = *m };
    study_cell cell = { .run_id = run_id, .value = NAN };
    char sql[1024];
    int found = 0;
    snprintf(sql, sizeof sql, sql_study_value, m->value);
    const bool ok = read_value(&cell, &found, sql, &s, d, e);
    *value = cell.value;
    free(cell.evaluated);
    return ok;
}

static bool read_values(study *s, db *d, error *e)
{
    if (metric_is_suite(&s->metric)) return scores_open(s, d, e);
    if (!s->metric.context && !choose_context(s, d, e)) return false;
    char sql[1024], text[64];
    snprintf(sql, sizeof sql, sql_study_value, s->metric.value);
    int done = 0, found = 0;
    for (int i = 0; i < s->arms * s->seeds; i++) {
        if (s->cell[i].status != STUDY_DONE) continue;
        if (!read_value(&s->cell[i], &found, sql, s, d, e)) return false;
        done++;
    }
    if (!done || found) return true;
    if (s->at.of == STUDY_FINAL) return no_values(s, d, e);
    study_point_print(text, sizeof text, s->at);
    return error_usage(e, "study '%s': no finished run was evaluated by %s", s->name, text);
}

double study_tokens(const study *s, int arm)
{
    double tokens = 0;
    for (int i = 0; i < s->seeds; i++) {
        const study_cell *cell = study_at(s, arm, i);
        if (cell->status == STUDY_DONE && cell->tokens)
            tokens = fmax(tokens, strtod(cell->tokens, NULL));
    }
    return tokens;
}

bool study_as_stated(const study *s)
{
    return metric_same(&s->metric, &s->stated.metric);
}

/* The margin and the direction are for the study's own metric, however it is written. */
static void apply_metric(study *s)
{
    if (study_as_stated(s)) {
        if (!metric_is_suite(&s->metric)) /* of a suite its scores say it */
            s->metric.larger_is_better = s->stated.metric.larger_is_better;
        memcpy(s->metric.name, s->stated.metric.name, sizeof s->metric.name);
    } else
        s->margin = NAN;
}

bool study_open(study *s, db *d, const char *name, const char *metric_name, int64_t generation,
                error *e)
{
    return study_open_at(s, d, name, metric_name, generation, (study_point){ STUDY_FINAL, 0 }, e);
}

bool study_open_at(study *s, db *d, const char *name, const char *metric_name, int64_t generation,
                   study_point at, error *e)
{
    *s = (study){ .at = at, .generation = generation };
    const bool ok = lookup_study(d, &s->sweep_id, name, e) && read_head(s, d, metric_name, e) &&
                    read_arms(s, d, e) && read_seeds(s, d, e) && read_cells(s, d, generation, e) &&
                    read_values(s, d, e);
    if (ok)
        apply_metric(s);
    else
        study_free(s);
    return ok;
}

void study_free(study *s)
{
    for (int i = 0; s->cell && i < s->arms * s->seeds; i++) {
        study_cell *c = &s->cell[i];
        free(c->uid), free(c->message), free(c->code), free(c->compiler), free(c->host);
        free(c->kernels), free(c->blas), free(c->tokens), free(c->evaluated);
    }
    for (int a = 0; a < s->arms; a++)
        free(s->arm[a].label), free(s->arm[a].attention), free(s->arm[a].axis_json);
    free(s->name), free(s->question), free(s->hypothesis), free(s->imported);
    free(s->other.name), free(s->other.first);
    free(s->arm), free(s->seed), free(s->cell);
    scores_close(s->scores);
    *s = (study){ 0 };
}

static const char *const MEASURE[] = { "final", "tokens", "flops", "seconds" };

bool study_point_parse(study_point *p, const char *text, error *e)
{
    *p = (study_point){ STUDY_FINAL, 0 };
    if (strcmp(text, MEASURE[STUDY_FINAL]) == 0) return true;
    for (int k = STUDY_TOKENS; k <= STUDY_SECONDS; k++) {
        const size_t n = strlen(MEASURE[k]);
        if (strncmp(text, MEASURE[k], n) != 0 || text[n] != '=') continue;
        static const char SUFFIX[] = "kMGT";
        char *end;
        double x = strtod(text + n + 1, &end);
        const char *suffix = *end ? strchr(SUFFIX, *end) : NULL;
        if (suffix && end > text + n + 1) x *= pow(1000, (double)(suffix - SUFFIX + 1)), end++;
        if (end == text + n + 1 || *end || !(x > 0) || isinf(x)) break;
        *p = (study_point){ (study_measure)k, x };
        return true;
    }
    return error_usage(e, "--at '%s': use final, tokens=N, flops=N or seconds=N, such as tokens=2M",
                       text);
}

void study_point_print(char *text, size_t size, study_point p)
{
    if (p.of == STUDY_FINAL)
        snprintf(text, size, "%s", MEASURE[p.of]);
    else
        snprintf(text, size, "%s=%.10g", MEASURE[p.of], p.value);
}
