/* merge_runs.c - which of two runs stays, and its files.
 *
 * A finished run is an outcome and replaces one that is not.  Bits depend on the configuration, the
 * code and the machine, so two finished runs may differ; then neither is more right, and a person
 * has to choose.
 */
#define _GNU_SOURCE /* asprintf */
#include "experiments/merge_runs.h"

#include "core/base/growing.h"
#include "core/db/run_status.h"
#include "experiments/merge_sql.h"
#include "trainer/run/run_folder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

typedef struct state {
    int64_t id, last_step, attempts, checkpoint;
    run_status status;
    char hash[80];
} state;

typedef struct conflict {
    int n;
    char uid[32];
    int64_t from, into; /* the first of them */
} conflict;

/* id 0: there is none. */
static bool read_run(state *r, db *d, const char *uid, error *e)
{
    sqlite3_stmt *q;
    bool row;
    *r = (state){ 0 };
    if (!db_query(d, &q, e, sql_merge_run, "t", uid)) return false;
    const bool ok = db_next(d, q, &row, e);
    if (ok && row) {
        const char *hash = (const char *)sqlite3_column_text(q, 4);
        r->id = sqlite3_column_int64(q, 0);
        r->status = run_status_of((const char *)sqlite3_column_text(q, 1));
        r->last_step = sqlite3_column_int64(q, 2);
        r->attempts = sqlite3_column_int64(q, 3);
        snprintf(r->hash, sizeof r->hash, "%s", hash ? hash : "");
        r->checkpoint = sqlite3_column_int64(q, 5);
    }
    sqlite3_finalize(q);
    return ok;
}

static bool same_losses(bool *same, merge_work *x, const state *a, const state *b)
{
    char *ours = NULL, *theirs = NULL;
    const bool ok = db_text(x->from, &theirs, x->e, sql_merge_run_losses, "i", a->id) &&
                    db_text(x->into, &ours, x->e, sql_merge_run_losses, "i", b->id);
    *same = ok && ours && theirs && strcmp(ours, theirs) == 0;
    free(ours), free(theirs);
    return ok;
}

/* Have two finished runs the same result?  Weights decide, or losses where there are none. */
static bool same_result(bool *same, merge_work *x, const state *a, const state *b)
{
    *same = a->status == b->status && a->last_step == b->last_step && strcmp(a->hash, b->hash) == 0;
    return !*same || *a->hash || same_losses(same, x, a, b);
}

static bool is_further(const state *a, const state *b)
{
    if (run_status_final(b->status)) return false;
    if (run_status_final(a->status)) return true;
    if (a->checkpoint != b->checkpoint) return a->checkpoint > b->checkpoint;
    if (a->last_step != b->last_step) return a->last_step > b->last_step;
    return a->attempts > b->attempts;
}

/* "heads: mqa, seed 3: A.db has ..., C.db has ..." */
static bool refuse(merge_work *x, const conflict *c)
{
    char *where = NULL, *theirs = NULL, *ours = NULL;
    if (db_text(x->from, &where, x->e, sql_merge_run_cell, "i", c->from) &&
        db_text(x->from, &theirs, x->e, sql_merge_run_words, "i", c->from) &&
        db_text(x->into, &ours, x->e, sql_merge_run_words, "i", c->into)) {
        char more[48] = "";
        if (c->n > 1) snprintf(more, sizeof more, " (and %d more runs)", c->n - 1);
        error_set(
            x->e,
            "run %s%s%s%s has two results: %s: %s; %s: %s%s. Nothing is merged: leave out one "
            "of the databases, or train the run again with `attnlab sweep --again`",
            c->uid, where ? " (" : "", where ? where : "", where ? ")" : "", x->from->path, theirs,
            x->name, ours, more);
    }
    free(where), free(theirs), free(ours);
    return false;
}

/* --- taking a run ------------------------------------------------------------------------------
 */

/* No living process may train the run that is replaced; its lock is held until the end. */
static bool own(merge_work *x, const char *uid, int64_t id)
{
    int lock;
    if (!run_folder_lock(&lock, x->into, uid, x->e)) return false;
    if (lock < 0)
        return error_set(x->e,
                         "%s: run %s is being trained by another process: wait for it or "
                         "stop it, then merge again",
                         x->name, uid);
    *x->lock = growing_list(*x->lock, *x->locks, sizeof **x->lock);
    merge_lock *l = &(*x->lock)[(*x->locks)++];
    *l = (merge_lock){ id, strdup(uid), lock };
    if (!l->uid) error_memory();
    return true;
}

/* What belongs to a run of the destination that is replaced. */
static bool forget(merge_work *x, int table, int64_t id)
{
    bool ok = true;
    for (int i = 0; ok && i < x->schema->n; i++) {
        const merge_table *t = &x->schema->table[i];
        for (int c = 0; ok && c < t->n; c++) {
            char *sql;
            if (t->column[c].parent != table || !t->column[c].owned) continue;
            if (asprintf(&sql, "DELETE FROM \"%s\" WHERE \"%s\"=?", t->name, t->column[c].name) < 0)
                error_memory();
            ok = db_run(x->into, x->e, sql, "i", id);
            free(sql);
        }
    }
    return ok;
}

/* UPDATE run SET column=?1, ... WHERE run_id=?N */
static char *update_text(const merge_table *t)
{
    growing text;
    const char *before = "";
    growing_open(&text);
    fprintf(text.f, "UPDATE \"%s\" SET ", t->name);
    for (int c = 0; c < t->n; c++) {
        if (c == t->id) continue;
        fprintf(text.f, "%s\"%s\"=?%d", before, t->column[c].name, c + 1);
        before = ", ";
    }
    fprintf(text.f, " WHERE \"%s\"=?%d", t->column[t->id].name, t->id + 1);
    return growing_close(&text);
}

/* Write the run of the source: over the one of the destination, or (into 0) as a new one. */
static bool take(merge_work *x, int table, const state *from, int64_t into)
{
    const merge_table *t = &x->schema->table[table];
    char *select = merge_schema_select(t, "WHERE run_id=?1"),
         *write = into ? update_text(t) : merge_schema_insert(t, "");
    sqlite3_stmt *q = NULL, *to = NULL;
    bool row, ok = db_query(x->from, &q, x->e, select, "i", from->id) &&
                   db_query(x->into, &to, x->e, write, NULL) && db_next(x->from, q, &row, x->e);
    if (ok) {
        merge_rows_bind(x, table, to, q);
        if (into) sqlite3_bind_int64(to, t->id + 1, into);
        ok = db_next(x->into, to, &row, x->e);
    }
    sqlite3_finalize(q), sqlite3_finalize(to);
    free(select), free(write);
    merge_rows_set(x, table, from->id, into ? into : db_last_id(x->into), MERGE_TAKEN);
    return ok;
}

static bool check_alive(merge_work *x, const state *r, const char *uid)
{
    bool alive;
    if (r->status != RUN_RUNNING) return true;
    if (!run_folder_alive(x->from, uid, &alive, x->e)) return false;
    x->count->cut_off += !alive;
    return !alive || error_set(x->e,
                               "%s: run %s is being trained: wait for it or stop it, then merge "
                               "again",
                               x->from->path, uid);
}

static bool merge_one(merge_work *x, int table, const char *uid, conflict *c)
{
    state from, into;
    if (!read_run(&from, x->from, uid, x->e) || !read_run(&into, x->into, uid, x->e) ||
        !check_alive(x, &from, uid))
        return false;
    const bool further = !into.id || is_further(&from, &into),
               both = into.id && run_status_final(from.status) && run_status_final(into.status);
    bool same = false;
    if (both && !same_result(&same, x, &from, &into)) return false;
    if (both && !same && c->n++ == 0) {
        snprintf(c->uid, sizeof c->uid, "%s", uid);
        c->from = from.id, c->into = into.id;
    }
    x->count->added += !into.id;
    x->count->continued += further && into.id;
    x->count->known += !further;
    x->count->finished += further && run_status_final(from.status);
    if (!further) {
        merge_rows_set(x, table, from.id, into.id, same ? MERGE_ADDED : MERGE_SKIPPED);
        return true;
    }
    const bool begun = into.attempts || into.last_step || into.checkpoint;
    return (!into.id || own(x, uid, into.id)) && (!begun || forget(x, table, into.id)) &&
           take(x, table, &from, into.id);
}

bool merge_runs(merge_work *x, int table)
{
    sqlite3_stmt *q;
    conflict c = { 0 };
    bool row, ok = true;
    if (!db_query(x->from, &q, x->e, sql_merge_runs, NULL)) return false;
    while (ok && (ok = db_next(x->from, q, &row, x->e)) && row)
        ok = merge_one(x, table, (const char *)sqlite3_column_text(q, 0), &c);
    sqlite3_finalize(q);
    return ok && (c.n == 0 || refuse(x, &c));
}

/* --- checkpoints -------------------------------------------------------------------------------
 */

enum { RUN, UID, STEP, FILE_NAME, BYTES, SHA256, CREATED };

/* Note a file that has to be copied into the run's folder. */
static void copy_later(merge_work *x, const char *uid, const char *name, const char *sha256)
{
    *x->file = growing_list(*x->file, *x->files_n, sizeof **x->file);
    merge_file *f = &(*x->file)[(*x->files_n)++];
    *f = (merge_file){ .from = run_folder_path(x->from, uid, name),
                       .to = run_folder_path(x->into, uid, name),
                       .folder = run_folder_path(x->into, uid, NULL),
                       .sha256 = sha256 ? strdup(sha256) : NULL };
    if (sha256 && !f->sha256) error_memory();
}

static bool merge_checkpoint(merge_work *x, int runs, sqlite3_stmt *q)
{
    struct stat s;
    char *known = NULL;
    const merge_link *run = merge_rows_link(x, runs, sqlite3_column_int64(q, RUN));
    const char *uid = (const char *)sqlite3_column_text(q, UID),
               *name = (const char *)sqlite3_column_text(q, FILE_NAME),
               *sha256 = (const char *)sqlite3_column_text(q, SHA256);
    const int64_t step = sqlite3_column_int64(q, STEP), bytes = sqlite3_column_int64(q, BYTES);
    if (run->part == MERGE_SKIPPED) return true;
    if (!db_text(x->into, &known, x->e, sql_merge_checkpoint_known, "iit", run->id, step, name))
        return false;
    const bool there = known != NULL;
    free(known);
    if (there) return true;
    char *path = run_folder_path(x->from, uid, name);
    const bool has = stat(path, &s) == 0 && s.st_size == bytes;
    free(path);
    if (!has) {
        x->count->missing++;
        return true;
    }
    copy_later(x, uid, name, sha256);
    x->count->files++, x->count->bytes += bytes;
    return db_run(x->into, x->e, sql_merge_checkpoint, "iititi", run->id, step, name, bytes, sha256,
                  sqlite3_column_int64(q, CREATED));
}

/* A finished run's configuration and every run's log are kept as well, where they are. */
static void copy_texts(merge_work *x, const char *uid, bool finished)
{
    static const char *const NAME[] = { "log", "config.yaml" };
    for (int i = 0; i < 1 + finished; i++) {
        struct stat s;
        char *from = run_folder_path(x->from, uid, NAME[i]),
             *to = run_folder_path(x->into, uid, NAME[i]);
        if (stat(from, &s) == 0 && stat(to, &s) != 0 && errno == ENOENT)
            copy_later(x, uid, NAME[i], NULL);
        free(from), free(to);
    }
}

bool merge_runs_checkpoints(merge_work *x, int table)
{
    const int runs = merge_schema_find(x->schema, "run");
    sqlite3_stmt *q;
    bool row, ok = true;
    (void)table;
    if (!x->files) return true;
    if (!db_query(x->from, &q, x->e, sql_merge_checkpoints, NULL)) return false;
    while (ok && (ok = db_next(x->from, q, &row, x->e)) && row) ok = merge_checkpoint(x, runs, q);
    sqlite3_finalize(q);
    if (!ok || !db_query(x->from, &q, x->e, "SELECT run_id, run_uid, status FROM run", NULL))
        return false;
    while ((ok = db_next(x->from, q, &row, x->e)) && row) {
        const merge_link *run = merge_rows_link(x, runs, sqlite3_column_int64(q, 0));
        if (run->part == MERGE_TAKEN)
            copy_texts(x, (const char *)sqlite3_column_text(q, 1),
                       run_status_final(run_status_of((const char *)sqlite3_column_text(q, 2))));
    }
    sqlite3_finalize(q);
    return ok;
}
