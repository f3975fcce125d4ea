/* run_start.c - a source's run, looked up by its identity and seed; its weights, by their step.
 *
 *     step = ceil(tokens / batch_tokens)  for "@tokens=N", as the length of a run is counted
 *
 * The statements are in run_start.sql.
 */
#include "trainer/run/run_start.h"

#include "core/db/run_status.h"
#include "trainer/run/run_folder.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern const char sql_run_start_by_config[], sql_run_start_by_uid[], sql_run_start_run[],
    sql_run_start_weights[], sql_run_start_changed[];

/* The source's run, 0 if there is none. */
static bool find_run(int64_t *run_id, db *d, const run_source *from, const config *settings,
                     error *e)
{
    const int64_t seed = from->seed >= 0 ? from->seed : settings->train.seed;
    if (*from->uid) return db_integer(d, run_id, 0, e, sql_run_start_by_uid, "t", from->uid);
    return db_integer(d, run_id, 0, e, sql_run_start_by_config, "tii", from->id, seed,
                      from->replica);
}

/* Its name, how it ended, and how many tokens a step has. */
static bool read_run(run_start *s, db *d, run_status *status, char **message, int64_t *batch,
                     error *e)
{
    sqlite3_stmt *q;
    bool row = false;
    if (!db_query(d, &q, e, sql_run_start_run, "i", s->run_id)) return false;
    const bool ok = db_next(d, q, &row, e) && row;
    if (ok) {
        const char *study = (const char *)sqlite3_column_text(q, 4);
        snprintf(s->name, sizeof s->name, "run %s%s%.120s%s", sqlite3_column_text(q, 0),
                 study ? " (" : "", study ? study : "", study ? ")" : "");
        *status = run_status_of((const char *)sqlite3_column_text(q, 1));
        *message = db_column(q, 2);
        *batch = sqlite3_column_int64(q, 3);
    }
    sqlite3_finalize(q);
    return ok;
}

/* The file of that step; 0: the last. */
static bool find_file(run_start *s, db *d, int64_t step, int64_t tokens, error *e)
{
    sqlite3_stmt *q;
    bool row = false;
    if (!db_query(d, &q, e, sql_run_start_weights, "ii", s->run_id, step)) return false;
    bool ok = db_next(d, q, &row, e);
    if (ok && row) {
        char uid[CONFIG_UID];
        snprintf(uid, sizeof uid, "%s", s->name + strlen("run "));
        s->step = sqlite3_column_int64(q, 0);
        s->file = run_folder_path(d, uid, (const char *)sqlite3_column_text(q, 1));
        snprintf(s->sha256, sizeof s->sha256, "%s", (const char *)sqlite3_column_text(q, 2));
        if (access(s->file, R_OK) != 0)
            ok = error_set(e, "train.init_from: %s: its weights are gone: %s is missing", s->name,
                           s->file);
    } else if (ok && step)
        ok = error_set(e,
                       "train.init_from: %s has no checkpoint at %" PRId64 " tokens (step %" PRId64
                       "): train it with train.keep=all, and see train.save_every_tokens",
                       s->name, tokens, step);
    else if (ok)
        ok = error_set(e, "train.init_from: %s kept no weights: train it with train.keep=final",
                       s->name);
    sqlite3_finalize(q);
    return ok;
}

static bool find_source(run_start *s, db *d, const run_spec *spec, error *e)
{
    run_source from;
    run_status status = RUN_PLANNED;
    char *message = NULL;
    int64_t batch = 1;
    const char *text = spec->config.train.init_from;
    if (!run_source_read(&from, text, e) || !find_run(&s->run_id, d, &from, &spec->config, e))
        return false;
    if (!s->run_id)
        return error_set(e,
                         "train.init_from: %s: %s has no such run yet; train the source first, or "
                         "let `attnlab sweep STUDY --with-sources` do it",
                         text, d->path);
    if (!read_run(s, d, &status, &message, &batch, e)) return false;
    s->diverged = status == RUN_DIVERGED;
    bool ok = true;
    if (status == RUN_DONE)
        ok = find_file(s, d, from.tokens ? (from.tokens + batch - 1) / batch : 0, from.tokens, e);
    else if (!s->diverged)
        ok = error_set(e, "train.init_from: %s is not done (it is %s%s%s): train it first", s->name,
                       run_status_word(status), *message ? ": " : "", message);
    free(message);
    return ok;
}

bool run_start_find(run_start *s, db *d, const run_spec *spec, error *e)
{
    const char *path = spec->config.train.init_from;
    *s = (run_start){ .exists = *path != '\0' };
    if (!s->exists) return true;
    if (run_source_is(path)) return find_source(s, d, spec, e);
    s->file = strdup(path);
    if (!s->file) error_memory();
    memcpy(s->sha256, spec->config.init_sha256, HASH_HEX);
    return true;
}

void run_start_close(run_start *s)
{
    free(s->file);
    *s = (run_start){ 0 };
}

bool run_start_store(db *d, int64_t run_id, const run_start *s, error *e)
{
    if (!s->exists) return true;
    return db_run(d, e,
                  "INSERT OR REPLACE INTO run_source(run_id, source_run_id, step, name, sha256)"
                  " VALUES(?, nullif(?, 0), nullif(?, 0), ?, ?)",
                  "iiitt", run_id, s->run_id, s->step, *s->name ? s->name : s->file, s->sha256);
}

bool run_start_changed(db *d, char uid[CONFIG_UID], int64_t run_id, error *e)
{
    char *changed = NULL;
    const bool ok = db_text(d, &changed, e, sql_run_start_changed, "i", run_id);
    snprintf(uid, CONFIG_UID, "%s", ok && changed ? changed : "");
    free(changed);
    return ok;
}
