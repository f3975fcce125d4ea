/* study.c - see study.h. */
#include "analysis/data/study.h"

#include "analysis/data/lookup.h"
#include "core/db/run_status.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A column as text the caller frees; NULL for NULL. */
static char *text_of(sqlite3_stmt *q, int column)
{
    const char *text = (const char *)sqlite3_column_text(q, column);
    char *copy = text ? strdup(text) : NULL;
    if (text && !copy) error_memory();
    return copy;
}

static void *grown(void *p, int n, size_t size)
{
    if (n & (n - 1)) return p; /* room doubles at powers of two */
    p = realloc(p, 2 * ((size_t)n + 1) * size);
    if (!p) error_memory();
    return p;
}

study_cell *study_at(const study *s, int arm, int seed)
{
    return &s->cell[(size_t)arm * (size_t)s->seeds + (size_t)seed];
}

static bool read_head(study *s, db *d, const char *metric_name, error *e)
{
    sqlite3_stmt *q;
    bool row = false,
         ok = db_query(d, &q, e,
                       "SELECT s.name, v.version, v.question, v.hypothesis, v.metric, v.margin,"
                       " v.alpha, v.direction FROM sweep s JOIN sweep_version v USING(sweep_id)"
                       " WHERE s.sweep_id = ? ORDER BY v.version DESC LIMIT 1",
                       "i", s->sweep_id) &&
              db_next(d, q, &row, e);
    if (ok && !row) ok = error_set(e, "%s: the study has no version on record", d->path);
    if (ok) {
        const char *own = (const char *)sqlite3_column_text(q, 4);
        s->name = text_of(q, 0), s->version = sqlite3_column_int64(q, 1);
        s->question = text_of(q, 2), s->hypothesis = text_of(q, 3);
        s->margin = sqlite3_column_type(q, 5) == SQLITE_NULL ? NAN : sqlite3_column_double(q, 5);
        s->alpha = sqlite3_column_double(q, 6);
        ok = metric_parse(&s->metric, metric_name ? metric_name : own, e);
        if (ok && metric_name && strcmp(metric_name, own) != 0)
            s->margin = NAN; /* it was stated for another quantity */
        else if (ok)
            s->metric.larger_is_better =
                strcmp((const char *)sqlite3_column_text(q, 7), "max") == 0;
    }
    sqlite3_finalize(q);
    return ok;
}

static bool read_arms(study *s, db *d, error *e)
{
    sqlite3_stmt *q;
    bool row = true,
         ok = db_query(d, &q, e,
                       "SELECT a.arm_id, a.base_arm_id, a.label, c.attention, a.axis_json,"
                       " c.n_heads, c.n_kv_heads, c.n_params, c.kv_bytes_per_token"
                       " FROM arm a JOIN config c USING(config_id)"
                       " WHERE a.sweep_id = ? AND a.dropped = 0 ORDER BY a.ord",
                       "i", s->sweep_id);
    while (ok && (ok = db_next(d, q, &row, e)) && row) {
        s->arm = grown(s->arm, s->arms, sizeof *s->arm);
        s->arm[s->arms++] = (study_arm){ .arm_id = sqlite3_column_int64(q, 0),
                                         .base_arm_id = sqlite3_column_int64(q, 1),
                                         .base = -1,
                                         .label = text_of(q, 2),
                                         .attention = text_of(q, 3),
                                         .axis_json = text_of(q, 4),
                                         .n_heads = sqlite3_column_int64(q, 5),
                                         .n_kv_heads = sqlite3_column_int64(q, 6),
                                         .n_params = sqlite3_column_int64(q, 7),
                                         .kv_bytes = sqlite3_column_double(q, 8) };
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
    bool row = true, ok = db_query(d, &q, e,
                                   "SELECT DISTINCT pair_key FROM arm_run JOIN arm USING(arm_id)"
                                   " WHERE sweep_id = ? AND dropped = 0 ORDER BY pair_key",
                                   "i", s->sweep_id);
    while (ok && (ok = db_next(d, q, &row, e)) && row) {
        s->seed = grown(s->seed, s->seeds, sizeof *s->seed);
        s->seed[s->seeds++] = sqlite3_column_int64(q, 0);
    }
    sqlite3_finalize(q);
    s->cell = calloc((size_t)s->arms * (size_t)s->seeds + 1, sizeof *s->cell);
    if (!s->cell) error_memory();
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

static void read_cell(study *s, sqlite3_stmt *q)
{
    int a = 0, i = 0;
    while (s->arm[a].arm_id != sqlite3_column_int64(q, 0)) a++;
    while (s->seed[i] != sqlite3_column_int64(q, 1)) i++;
    study_cell *c = study_at(s, a, i);
    *c = (study_cell){ .run_id = sqlite3_column_int64(q, 2),
                       .uid = text_of(q, 3),
                       .generation = sqlite3_column_int64(q, 4),
                       .status = status_of((const char *)sqlite3_column_text(q, 5)),
                       .message = text_of(q, 6),
                       .value = NAN,
                       .code = text_of(q, 7),
                       .binary = text_of(q, 8),
                       .host = text_of(q, 9),
                       .blas = text_of(q, 10),
                       .tokens = text_of(q, 11),
                       .older_done = sqlite3_column_int(q, 12) };
    c->older_done = c->older_done && c->status == STUDY_UNFINISHED;
    s->arm[a].done += c->status == STUDY_DONE;
    s->arm[a].diverged += c->status == STUDY_DIVERGED;
    s->arm[a].failed += c->status == STUDY_FAILED;
    s->arm[a].unfinished += c->status == STUDY_UNFINISHED;
}

#define SAME_CELL(x)                                                                               \
    x ".config_id = r.config_id AND " x ".seed_init = r.seed_init AND " x                          \
      ".seed_data = r.seed_data AND " x ".replica = r.replica"

static bool read_cells(study *s, db *d, int64_t generation, error *e)
{
    static const char SQL[] =
        "SELECT ar.arm_id, ar.pair_key, n.run_id, n.run_uid, n.generation, n.status, n.message,"
        /* The files whose change makes a result outdated, and the build. */
        " (SELECT group_concat(name || ' ' || substr(sha256, 1, 12), ', ') FROM"
        "   (SELECT * FROM code_file WHERE code_id = n.code_id ORDER BY name)),"
        " (SELECT substr(binary_sha256, 1, 12) FROM code WHERE code_id = n.code_id),"
        " h.hostname || coalesce(', ' || h.cpu_model, ''),"
        " coalesce(h.blas || ' ', '') || h.blas_kernel,"
        " (SELECT tokens FROM train_step t WHERE t.run_id = n.run_id AND t.step = n.last_step),"
        " EXISTS (SELECT 1 FROM run o WHERE " SAME_CELL(
            "o") "   AND o.generation < n.generation AND o.status = 'done')"
                 " FROM arm_run ar JOIN arm a USING(arm_id) JOIN run r USING(run_id)"
                 " JOIN run n ON " SAME_CELL(
                     "n") " LEFT JOIN host h ON h.host_id = (SELECT host_id FROM attempt p"
                          "   WHERE p.run_id = n.run_id ORDER BY attempt DESC LIMIT 1)"
                          " WHERE a.sweep_id = ?1 AND a.dropped = 0 AND n.generation = CASE WHEN "
                          "?2 < 0 THEN"
                          "  (SELECT max(m.generation) FROM run m WHERE " SAME_CELL(
                              "m") ") ELSE ?2 END";
    sqlite3_stmt *q;
    bool row = true, ok = db_query(d, &q, e, SQL, "ii", s->sweep_id, generation);
    while (ok && (ok = db_next(d, q, &row, e)) && row) read_cell(s, q);
    sqlite3_finalize(q);
    return ok;
}

/* Why no value was found, in one line. */
static bool no_values(const study *s, db *d, error *e)
{
    char *known;
    if (!db_text(d, &known, e,
                 "SELECT group_concat(DISTINCT task || '.' || split || '_loss@' || e.context)"
                 " FROM eval e JOIN run r USING(run_id) JOIN arm_run USING(run_id)"
                 " JOIN arm a USING(arm_id) WHERE a.sweep_id = ? AND e.step = r.last_step",
                 "i", s->sweep_id))
        return false;
    error_usage(e, "study '%s': no finished run was evaluated by '%s'; on record: %.300s", s->name,
                s->metric.name, known ? known : "no evaluation at a last step");
    free(known);
    return false;
}

/* Lengths that the finished runs were evaluated at; more than one needs a choice. */
static bool choose_context(study *s, db *d, error *e)
{
    static const char FROM[] = " FROM eval e JOIN run r USING(run_id) JOIN arm_run USING(run_id)"
                               " JOIN arm a USING(arm_id) WHERE a.sweep_id = ? AND e.task = ?"
                               " AND e.split = ? AND e.step = r.last_step AND r.status = 'done'";
    char sql[512], *known;
    int64_t n;
    snprintf(sql, sizeof sql, "SELECT count(DISTINCT e.context)%s", FROM);
    if (!db_integer(d, &n, 0, e, sql, "itt", s->sweep_id, s->metric.task, s->metric.split))
        return false;
    snprintf(sql, sizeof sql, "SELECT group_concat(DISTINCT e.context)%s", FROM);
    if (n > 1) {
        if (!db_text(d, &known, e, sql, "itt", s->sweep_id, s->metric.task, s->metric.split))
            return false;
        error_usage(e, "study '%s': '%s' was measured at several lengths: add @ and one of %s",
                    s->name, s->metric.name, known);
        free(known);
        return false;
    }
    snprintf(sql, sizeof sql, "SELECT min(e.context)%s", FROM);
    return db_integer(d, &s->metric.context, 0, e, sql, "itt", s->sweep_id, s->metric.task,
                      s->metric.split);
}

static bool read_values(study *s, db *d, error *e)
{
    if (!s->metric.context && !choose_context(s, d, e)) return false;
    /* The last evaluation whose step had come by the point asked for. */
    static const char *const BY[] = { "1", "t.tokens <= ?5",
                                      "t.tokens * c.train_flops_per_token <= ?5",
                                      "t.wall_ms <= 1000.0 * ?5" };
    char sql[1024];
    snprintf(
        sql, sizeof sql,
        "SELECT %s, e.n_tok || ' in strides of ' || e.stride FROM eval e JOIN run r USING(run_id)"
        " JOIN config c USING(config_id) LEFT JOIN train_step t ON t.run_id = e.run_id"
        " AND t.step = e.step WHERE r.run_id = ?1 AND e.task = ?2 AND e.split = ?3"
        " AND e.context = ?4 AND %s AND (?5 IS NOT NULL OR e.step = r.last_step)"
        " ORDER BY e.step DESC, e.stride DESC LIMIT 1",
        s->metric.value, BY[s->at.of]);
    const double point = s->at.of == STUDY_FINAL ? NAN : s->at.value;
    int done = 0, found = 0;
    for (int i = 0; i < s->arms * s->seeds; i++) {
        study_cell *c = &s->cell[i];
        if (c->status != STUDY_DONE) continue;
        done++;
        sqlite3_stmt *q;
        bool row = false;
        const bool ok = db_query(d, &q, e, sql, "ittid", c->run_id, s->metric.task, s->metric.split,
                                 s->metric.context, point) &&
                        db_next(d, q, &row, e);
        if (ok && row && sqlite3_column_type(q, 0) != SQLITE_NULL) {
            c->value = sqlite3_column_double(q, 0);
            if (!isfinite(c->value)) c->value = NAN;
            c->evaluated = text_of(q, 1);
            found++;
        }
        sqlite3_finalize(q);
        if (!ok) return false;
    }
    if (!done || found) return true;
    char text[64];
    study_point_print(text, sizeof text, s->at);
    return s->at.of == STUDY_FINAL
               ? no_values(s, d, e)
               : error_usage(e, "study '%s': no finished run was evaluated by %s", s->name, text);
}

bool study_open(study *s, db *d, const char *name, const char *metric_name, int64_t generation,
                error *e)
{
    return study_open_at(s, d, name, metric_name, generation, (study_point){ STUDY_FINAL, 0 }, e);
}

bool study_open_at(study *s, db *d, const char *name, const char *metric_name, int64_t generation,
                   study_point at, error *e)
{
    *s = (study){ .at = at };
    const bool ok = lookup_study(d, &s->sweep_id, name, e) && read_head(s, d, metric_name, e) &&
                    read_arms(s, d, e) && read_seeds(s, d, e) && read_cells(s, d, generation, e) &&
                    read_values(s, d, e);
    if (!ok) study_free(s);
    return ok;
}

void study_free(study *s)
{
    for (int i = 0; s->cell && i < s->arms * s->seeds; i++) {
        study_cell *c = &s->cell[i];
        free(c->uid), free(c->message), free(c->code), free(c->binary), free(c->host);
        free(c->blas), free(c->tokens), free(c->evaluated);
    }
    for (int a = 0; a < s->arms; a++)
        free(s->arm[a].label), free(s->arm[a].attention), free(s->arm[a].axis_json);
    free(s->name), free(s->question), free(s->hypothesis);
    free(s->arm), free(s->seed), free(s->cell);
    *s = (study){ 0 };
}
