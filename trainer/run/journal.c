/* journal.c - one attempt at one run: rows, evaluations and checkpoints, in few transactions.
 *
 * A checkpoint's file is durable before its row is, and no row outlives the checkpoint that a
 * resumed run continues from.  So what the database says of a step is what the weights had seen.
 */
#define _DEFAULT_SOURCE /* getrusage */
#include "trainer/run/journal.h"

#include "core/base/file.h"
#include "core/db/wait.h"
#include "trainer/model/checkpoint.h"
#include "trainer/run/build_row.h"
#include "trainer/run/run_folder.h"

#include <dirent.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { LOSS_NAN = 1, LOSS_INFINITE = 2, CLIPPED = 4, PATH = 4096 };

/* Rows are written every two seconds, or when there are so many; and what is kept at most while
 * another process has the database locked. */
enum { FLUSH_MS = 2000, FLUSH_ROWS = 256, MOST_ROWS = 1 << 16, MOST_EVALUATIONS = 64 };

/* While it is locked: how often to ask, and after how long to say so. */
enum { RETRY_MS = 500, SAY_MS = 3000 };

/* The sums of one evaluation, at a few lengths. */
struct journal_sums {
    int64_t step;
    int n;
    eval_result *result; /* (n), without their arrays, which are the caller's */
};

static void forget_evaluations(journal *j)
{
    while (j->evaluations > 0) free(j->sums[--j->evaluations].result);
}

static bool warn(journal *j, const char *message, error *e)
{
    return db_run(j->d, e,
                  "INSERT INTO event(run_id, at_ms, level, message) VALUES(?,?,'warning',?)", "iit",
                  j->run_id, db_now_ms(), message);
}

static void path_of(char path[PATH], const journal *j, const char *file)
{
    snprintf(path, PATH, "%s/%s", j->folder, file);
}

bool journal_leftover(db *d, bool *left, int64_t run_id, const char *file, error *e)
{
    int64_t named = 0;
    *left = file_ends_in(file, ".safetensors.part");
    if (*left || !file_ends_in(file, ".safetensors")) return true;
    if (!db_integer(d, &named, 0, e, "SELECT 1 FROM ckpt WHERE run_id=? AND file=?", "it", run_id,
                    file))
        return false;
    *left = !named;
    return true;
}

void journal_sweep(db *d, int64_t run_id, const char *uid)
{
    char *folder = run_folder_path(d, uid, NULL), path[PATH];
    DIR *dir = opendir(folder);
    for (struct dirent *f; dir && (f = readdir(dir));) {
        bool left;
        error ignored;
        if (!journal_leftover(d, &left, run_id, f->d_name, &ignored) || !left)
            continue; /* not ours, or in doubt: keep it */
        snprintf(path, sizeof path, "%s/%s", folder, f->d_name);
        unlink(path);
    }
    if (dir) closedir(dir);
    free(folder);
}

/* Load the newest intact checkpoint, or start the run anew if there is none.  Skipped checkpoints
 * are reported, and recorded only after the query ends: a transaction that has begun to read can't
 * write once another process has written. */
static bool go_on_from(journal *j, train_step *train, error *e)
{
    enum { MOST = 8 };
    sqlite3_stmt *s;
    bool row, ok;
    error why;
    int n = 0;
    char path[PATH], line[MOST][2 * sizeof why.msg];
    if (!db_query(j->d, &s, e,
                  "SELECT step, file, sha256 FROM ckpt WHERE run_id=? ORDER BY step DESC", "i",
                  j->run_id))
        return false;
    while ((ok = db_next(j->d, s, &row, e)) && row) {
        const int64_t step = sqlite3_column_int64(s, 0);
        path_of(path, j, (const char *)sqlite3_column_text(s, 1));
        if (checkpoint_load(train, path, (const char *)sqlite3_column_text(s, 2), step, &why)) {
            j->from_step = step;
            break;
        }
        if (n == MOST) continue;
        snprintf(line[n], sizeof line[n], "skipped the checkpoint of step %" PRId64 ": %s", step,
                 why.msg);
        fprintf(stderr, "attnlab: %s\n", line[n++]);
    }
    sqlite3_finalize(s);
    for (int i = 0; i < n; i++) warn(j, line[i], &why);
    if (!ok || j->from_step > 0) return ok;
    if (n > 0) {
        static const char ANEW[] = "no checkpoint is intact: starting again from the first step";
        fprintf(stderr, "attnlab: %s\n", ANEW);
        warn(j, ANEW, &why);
    }
    return train_step_start(train, j->settings, e);
}

/* A run that is resumed in another environment is mixed; this is said, and recorded. */
static bool mark_mixed(journal *j, error *e)
{
    char differs[BUILD_ROW_DIFFERS], line[BUILD_ROW_DIFFERS + 64];
    if (!build_row_differs(j->d, differs, j->run_id, j->from_step, j->host_id, e)) return false;
    if (!*differs) return true;
    snprintf(line, sizeof line, "mixed: resumed at step %" PRId64 " in another environment (%s)",
             j->from_step, differs);
    fprintf(stderr, "attnlab: run %s: %s\n", j->uid, line);
    return warn(j, line, e);
}

/* Delete the rows past the checkpoint and begin the attempt, in one transaction. */
static bool begin_attempt(journal *j, const train_step *train, error *e)
{
    db *d = j->d;
    if (!db_begin(d, e)) return false;
    const bool ok =
        build_row_code(d, &j->code_id, e) && build_row_host(d, &j->host_id, e) &&
        mark_mixed(j, e) &&
        db_run(d, e, "DELETE FROM train_step WHERE run_id=? AND step>?", "ii", j->run_id,
               j->from_step) &&
        db_run(d, e, "DELETE FROM eval WHERE run_id=? AND step>?", "ii", j->run_id, j->from_step) &&
        db_run(d, e, "DELETE FROM task_eval WHERE run_id=? AND step>?", "ii", j->run_id,
               j->from_step) &&
        db_run(d, e, "DELETE FROM ckpt WHERE run_id=? AND step>?", "ii", j->run_id, j->from_step) &&
        db_integer(d, &j->attempt, 0, e,
                   "SELECT 1 + coalesce(max(attempt), 0) FROM attempt WHERE run_id=?", "i",
                   j->run_id) &&
        db_integer(d, &j->wall_ms, 0, e, "SELECT wall_ms FROM train_step WHERE run_id=? AND step=?",
                   "ii", j->run_id, j->from_step) &&
        db_run(d, e,
               "INSERT INTO attempt(run_id, attempt, host_id, code_id, pid, threads, from_step,"
               " started_ms) VALUES(?,?,?,?,?,?,?,?)",
               "iiiinnii", j->run_id, j->attempt, j->host_id, j->code_id, (int)getpid(),
               threads_count(train->pool), j->from_step, j->began_ms) &&
        db_run(d, e,
               "UPDATE run SET status='running', message=NULL, attempts=?, code_id=?,"
               " last_step=nullif(?,0), started_ms=coalesce(started_ms,?), ended_ms=NULL"
               " WHERE run_id=? AND status NOT IN ('done', 'diverged')",
               "iiiii", j->attempt, j->code_id, j->from_step, j->began_ms, j->run_id) &&
        (db_changes(d) == 1 || error_set(e, "run %s has already ended", j->uid));
    if (ok) return db_commit(d, e);
    db_rollback(d);
    return false;
}

/* Will the weights fit on the disk?  Better asked before the training than after it. */
static bool has_room(const journal *j, const train_step *train, error *e)
{
    return j->settings->train.keep == KEEP_NONE ||
           file_room(j->folder, train->m.floats * sizeof *train->w, e) ||
           error_where(e, "the weights of run %s cannot be kept", j->uid);
}

bool journal_open(journal *j, db *d, const run_row *r, const run_spec *spec, train_step *train,
                  error *e)
{
    *j = (journal){ .d = d,
                    .settings = &spec->config,
                    .run_id = r->run_id,
                    .began_ms = db_now_ms(),
                    .room = FLUSH_ROWS };
    memcpy(j->uid, r->uid, sizeof j->uid);
    j->flushed_ms = j->began_ms;
    j->folder = run_folder_path(d, r->uid, NULL);
    j->row = malloc((size_t)j->room * sizeof *j->row);
    j->sums = malloc(MOST_EVALUATIONS * sizeof *j->sums);
    if (!j->row || !j->sums) {
        journal_drop(j);
        return error_set(e, "run %s: out of memory for its journal", r->uid);
    }
    if (!has_room(j, train, e)) {
        journal_drop(j);
        return false;
    }
    journal_sweep(d, r->run_id, r->uid);
    if (go_on_from(j, train, e) && begin_attempt(j, train, e)) return true;
    journal_drop(j);
    return false;
}

void journal_drop(journal *j)
{
    if (j->sums) forget_evaluations(j);
    free(j->folder), free(j->row), free(j->sums);
    *j = (journal){ 0 };
}

/* The rows in memory, as part of a transaction. */
static bool write_rows(journal *j, error *e)
{
    sqlite3_stmt *s;
    bool ok = true, row;
    if (j->rows == 0) return true;
    if (!db_query(
            j->d, &s, e,
            "INSERT INTO train_step(run_id, step, attempt, tokens, wall_ms, loss, grad_norm, lr,"
            " flags) VALUES(?,?,?,?,?,?,?,?,?)",
            NULL))
        return false;
    for (int i = 0; ok && i < j->rows; i++) {
        const journal_row *r = &j->row[i];
        const int flags = (isnan(r->loss) ? LOSS_NAN : 0) | (isinf(r->loss) ? LOSS_INFINITE : 0) |
                          (r->clipped ? CLIPPED : 0);
        sqlite3_bind_int64(s, 1, j->run_id);
        sqlite3_bind_int64(s, 2, r->step);
        sqlite3_bind_int64(s, 3, j->attempt);
        sqlite3_bind_int64(s, 4, r->step * j->settings->train.batch_tokens);
        sqlite3_bind_int64(s, 5, r->wall_ms);
        sqlite3_bind_double(s, 6, r->loss);
        sqlite3_bind_double(s, 7, r->grad_norm);
        sqlite3_bind_double(s, 8, r->lr);
        sqlite3_bind_int(s, 9, flags);
        ok = db_next(j->d, s, &row, e);
        sqlite3_reset(s);
    }
    sqlite3_finalize(s);
    return ok && db_run(j->d, e, "UPDATE run SET last_step=? WHERE run_id=?", "ii",
                        j->row[j->rows - 1].step, j->run_id);
}

/* One evaluation; for the final one also its sums by window and by position. */
static bool write_evaluation(journal *j, int64_t step, const eval_result *r, bool final, error *e)
{
    if (!db_run(
            j->d, e,
            "INSERT INTO eval(run_id, step, task, split, context, stride, n_tok, n_bytes, nll_sum,"
            " last_n_tok, last_nll_sum, wall_ms, n_right) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?)",
            "iittnniididii", j->run_id, step, r->task, r->split, r->context, r->stride, r->tokens,
            r->bytes, r->nll_sum, r->last_tokens, r->last_nll_sum, r->wall_ms, r->right))
        return false;
    const int64_t id = db_last_id(j->d);
    bool ok = true;
    for (int i = 0; final && ok && i < r->windows; i++)
        if (r->window_n[i] > 0)
            ok = db_run(j->d, e, "INSERT INTO eval_seq(eval_id, seq, n, nll_sum) VALUES(?,?,?,?)",
                        "inid", id, i, r->window_n[i], r->window_nll[i]);
    for (int i = 0; final && ok && i < r->context; i++)
        if (r->pos_n[i] > 0)
            ok = db_run(j->d, e, "INSERT INTO eval_pos(eval_id, pos, n, nll_sum) VALUES(?,?,?,?)",
                        "inid", id, i, r->pos_n[i], r->pos_nll[i]);
    return ok;
}

/* What is in memory, as part of a transaction. */
static bool write_pending(journal *j, error *e)
{
    bool ok = write_rows(j, e);
    for (int i = 0; ok && i < j->evaluations; i++) {
        const struct journal_sums *x = &j->sums[i];
        for (int k = 0; ok && k < x->n; k++)
            ok = write_evaluation(j, x->step, &x->result[k], false, e);
    }
    return ok;
}

/* End the transaction that wrote what was in memory, which is forgotten only if it is committed. */
static bool finish(journal *j, bool ok, error *e)
{
    if (!ok) {
        db_rollback(j->d);
        return false;
    }
    if (!db_commit(j->d, e)) return false;
    j->rows = 0;
    forget_evaluations(j);
    j->flushed_ms = db_now_ms();
    j->held_ms = j->retry_ms = 0;
    j->said = false;
    return true;
}

/* Another process has the database locked.  Training goes on; the user is told, once. */
static void note_held(journal *j)
{
    char who[80];
    const int64_t now = db_now_ms();
    j->retry_ms = now + RETRY_MS;
    if (j->held_ms == 0) j->held_ms = now;
    if (j->said || now - j->held_ms < SAY_MS) return;
    wait_holder(who, sizeof who, j->d);
    fprintf(stderr,
            "attnlab: %s: %s has locked the database; training goes on, and its rows are kept in "
            "memory meanwhile\n",
            j->d->path, who);
    j->said = true;
}

/* Make room for one more row; false if there are too many, or memory runs out. */
static bool make_room(journal *j)
{
    if (j->rows < j->room) return true;
    journal_row *more =
        j->room < MOST_ROWS ? realloc(j->row, 2 * (size_t)j->room * sizeof *more) : NULL;
    if (!more) return false;
    j->row = more;
    j->room *= 2;
    return true;
}

/* Write what is in memory, unless another process has the database locked and there is room to keep
 * it.  Afterwards there is room for one more row and one more evaluation. */
static bool flush(journal *j, error *e)
{
    const bool full = !make_room(j) || j->evaluations == MOST_EVALUATIONS;
    bool begun = true;
    if (!full && db_now_ms() < j->retry_ms) return true;
    if (full ? !db_begin(j->d, e) : !db_begin_soon(j->d, &begun, e)) return false;
    if (begun) return finish(j, write_pending(j, e), e);
    note_held(j);
    return true;
}

bool journal_step(journal *j, const journal_row *row, error *e)
{
    j->row[j->rows++] = *row;
    if (j->rows < FLUSH_ROWS && db_now_ms() - j->flushed_ms < FLUSH_MS) return true;
    return flush(j, e);
}

bool journal_evaluation(journal *j, int64_t step, const eval_result *r, int n, bool final, error *e)
{
    if (!final) {
        struct journal_sums *x = &j->sums[j->evaluations++];
        *x = (struct journal_sums){ step, n, error_zeroed((size_t)n, sizeof *r) };
        memcpy(x->result, r, (size_t)n * sizeof *r);
        return flush(j, e);
    }
    if (!db_begin(j->d, e)) return false;
    bool ok = write_pending(j, e);
    for (int i = 0; ok && i < n; i++) ok = write_evaluation(j, step, &r[i], true, e);
    return finish(j, ok, e);
}

/* Delete the rows of all but the `keep` newest checkpoints.  Their files are removed only after the
 * commit (journal_sweep): if it fails they are still the last good ones. */
static bool forget_older(journal *j, int keep, error *e)
{
    return db_run(j->d, e,
                  "DELETE FROM ckpt WHERE ckpt_id IN (SELECT ckpt_id FROM ckpt WHERE run_id=?"
                  " ORDER BY step DESC LIMIT -1 OFFSET ?)",
                  "in", j->run_id, keep);
}

static bool write_checkpoint(journal *j, int64_t step, const char *file, const checkpoint_file *f,
                             error *e)
{
    return db_run(j->d, e,
                  "INSERT OR REPLACE INTO ckpt(run_id, step, file, bytes, sha256, created_ms)"
                  " VALUES(?,?,?,?,?,?)",
                  "iititi", j->run_id, step, file, (int64_t)f->bytes, f->sha256, db_now_ms());
}

bool journal_checkpoint(journal *j, bool *saved, const train_step *train, int64_t step, error *e)
{
    char file[64], path[PATH], line[600];
    checkpoint_file f;
    error why;
    snprintf(file, sizeof file, "step-%09" PRId64 ".safetensors", step);
    path_of(path, j, file);
    *saved = checkpoint_save(&f, path, train, j->uid, step, true, &why);
    if (!*saved) {
        snprintf(line, sizeof line, "no checkpoint at step %" PRId64 ": %s", step, why.msg);
        fprintf(stderr, "attnlab: %s\n", line);
    }
    if (!db_begin(j->d, e)) return false;
    bool ok = write_pending(j, e);
    if (*saved)
        ok = ok && write_checkpoint(j, step, file, &f, e) &&
             (j->settings->train.keep == KEEP_ALL || forget_older(j, 2, e));
    else
        ok = ok && warn(j, line, e);
    if (!finish(j, ok, e)) return false;
    journal_sweep(j->d, j->run_id, j->uid);
    db_tidy(j->d);
    return *saved || has_room(j, train, e);
}

/* Close the attempt and the run, as part of a transaction. */
static bool write_end(journal *j, run_status status, int64_t step, const char *message,
                      const char *final_hash, int exit_code, error *e)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    const int64_t cpu = (int64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000 +
                        (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1000;
    const int64_t now = db_now_ms();
    return db_run(
               j->d, e,
               "UPDATE attempt SET to_step=?, ended_ms=?, exit_code=? WHERE run_id=? AND attempt=?",
               "iinii", step, now, exit_code, j->run_id, j->attempt) &&
           db_run(j->d, e,
                  "UPDATE run SET status=?, last_step=nullif(?,0), ended_ms=?, train_ms="
                  " (SELECT wall_ms FROM train_step WHERE run_id=run.run_id ORDER BY step DESC "
                  "LIMIT 1),"
                  " cpu_ms=coalesce(cpu_ms,0)+?, peak_rss=max(coalesce(peak_rss,0),?), message=?,"
                  " final_hash=? WHERE run_id=?",
                  "tiiiitti", run_status_word(status), step, now, cpu, (int64_t)u.ru_maxrss * 1024,
                  message, final_hash, j->run_id);
}

bool journal_done(journal *j, const train_step *train, int64_t step, error *e)
{
    static const char FILE_NAME[] = "weights.safetensors";
    const bool stay = j->settings->train.keep != KEEP_NONE;
    char path[PATH], hex[HASH_HEX];
    checkpoint_file f;
    path_of(path, j, FILE_NAME);
    checkpoint_hash(hex, train);
    if (stay && !checkpoint_save(&f, path, train, j->uid, step, false, e)) return false;
    if (!db_begin(j->d, e)) return false;
    const bool ok = write_pending(j, e) &&
                    (j->settings->train.keep == KEEP_ALL || forget_older(j, 0, e)) &&
                    (!stay || write_checkpoint(j, step, FILE_NAME, &f, e)) &&
                    write_end(j, RUN_DONE, step, NULL, hex, STATUS_DONE, e);
    if (!finish(j, ok, e)) return false;
    journal_sweep(j->d, j->run_id, j->uid);
    db_tidy(j->d);
    return true;
}

bool journal_close(journal *j, run_status status, int64_t step, const char *message, int exit_code,
                   error *e)
{
    if (!db_begin(j->d, e)) return false;
    const bool ok = write_pending(j, e) && write_end(j, status, step, message, NULL, exit_code, e);
    if (!finish(j, ok, e)) return false;
    db_tidy(j->d);
    return true;
}
