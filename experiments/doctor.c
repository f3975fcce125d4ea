/* doctor.c - checks of a database and its files.
 *
 * What SQL can see is in doctor.sql; locks and files are checked here.
 */
#define _DEFAULT_SOURCE
#include "experiments/doctor.h"

#include "core/base/hash.h"
#include "core/db/backup.h"
#include "trainer/run/journal.h"
#include "trainer/run/run_folder.h"
#include "trainer/run/run_row.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH = 4096 };
static const int64_t WAL_MOST = 64 << 20;

typedef struct doctor {
    db *d;
    bool fix;
    table t;
    doctor_count n;
    int64_t copied_ms; /* when this database was copied from another; 0: never */
    error *e;
} doctor;

static void report(doctor *x, const char *check, const char *subject, const char *what,
                   const char *remedy, bool fixed)
{
    x->n.found++, x->n.fixed += fixed;
    table_text(&x->t, check), table_text(&x->t, subject), table_text(&x->t, what);
    table_text(&x->t, fixed ? "fixed" : remedy);
}

/* --- what SQL can see ------------------------------------------------------------------------- */

extern const char doctor_sql[];

/* One check of doctor.sql: "-- NAME: REMEDY" and a statement. */
static bool check_rows(doctor *x, char *block)
{
    sqlite3_stmt *s;
    bool row, ok;
    char *name = block + strlen("-- "), *remedy = strstr(name, ": "), *sql = strchr(name, '\n');
    assert(remedy && sql && remedy < sql);
    *remedy = *sql = '\0';
    remedy += strlen(": ");
    if (!db_query(x->d, &s, x->e, sql + 1, NULL)) return false;
    while ((ok = db_next(x->d, s, &row, x->e)) && row)
        report(x, name, (const char *)sqlite3_column_text(s, 0),
               (const char *)sqlite3_column_text(s, 1), remedy, false);
    sqlite3_finalize(s);
    return ok;
}

/* All of them; the first block of the file says what it is. */
static bool check_sql(doctor *x)
{
    char *text = strdup(doctor_sql);
    if (!text) error_memory();
    bool ok = true;
    for (char *block = strstr(text, "\n\n"); ok && block;) {
        block += strlen("\n\n");
        char *end = strstr(block, "\n\n");
        if (end) *end = '\0';
        ok = check_rows(x, block);
        block = end;
    }
    free(text);
    return ok;
}

/* --- runs whose process is gone --------------------------------------------------------------- */

static bool bury(doctor *x, const run_row *r)
{
    db *d = x->d;
    if (!db_begin(d, x->e)) return false;
    if (db_run(d, x->e,
               "UPDATE run SET status='preempted', message='its process died', ended_ms=?"
               " WHERE run_id=? AND status='running'",
               "ii", db_now_ms(), r->run_id) &&
        db_run(d, x->e,
               "UPDATE attempt SET ended_ms=?, exit_code=-1 WHERE run_id=? AND ended_ms IS NULL",
               "ii", db_now_ms(), r->run_id))
        return db_commit(d, x->e);
    db_rollback(d);
    return false;
}

/* --- files ------------------------------------------------------------------------------------ */

/* What is wrong with a checkpoint's file; NULL if nothing is.  *sure is false if the file could not
 * be looked at, so that it may well be whole. */
static const char *blemish(bool *sure, const char *path, int64_t bytes, const char *sha256)
{
    char hex[HASH_HEX];
    struct stat s;
    error why;
    *sure = true;
    if (stat(path, &s) != 0) {
        *sure = errno == ENOENT;
        return *sure ? "is missing" : "cannot be looked at";
    }
    if (s.st_size != bytes) return "has another size than recorded";
    if (!hash_file(hex, path, &why)) {
        *sure = false;
        return "cannot be read";
    }
    return strcmp(hex, sha256) == 0 ? NULL : "has other content than recorded";
}

/* Rows whose file is missing or different.  Such a row may be deleted: the numbers of the run are
 * in other tables.  A copy made by `attnlab backup` has no earlier files. */
static bool check_checkpoints(doctor *x, const run_row *r, const char *folder)
{
    sqlite3_stmt *s;
    bool row, ok;
    char path[PATH], what[256];
    int64_t gone[16];
    int n = 0;
    if (!db_query(x->d, &s, x->e,
                  "SELECT ckpt_id, file, bytes, sha256, created_ms FROM ckpt WHERE"
                  " run_id=?",
                  "i", r->run_id))
        return false;
    while ((ok = db_next(x->d, s, &row, x->e)) && row) {
        const char *file = (const char *)sqlite3_column_text(s, 1);
        snprintf(path, sizeof path, "%s/%s", folder, file);
        if (access(path, F_OK) != 0 && sqlite3_column_int64(s, 4) <= x->copied_ms) {
            x->n.elsewhere++;
            continue;
        }
        bool sure;
        const char *wrong = blemish(&sure, path, sqlite3_column_int64(s, 2),
                                    (const char *)sqlite3_column_text(s, 3));
        if (!wrong) continue;
        snprintf(what, sizeof what, "%.100s %s", file, wrong);
        const bool fix = x->fix && sure && n < 16;
        if (fix) gone[n++] = sqlite3_column_int64(s, 0);
        report(x, "rows without files", r->uid, what,
               sure ? "--fix forgets it" : "check its permissions and its disk", fix);
    }
    sqlite3_finalize(s);
    if (n == 0 || !ok) return ok;
    if (!db_begin(x->d, x->e)) return false;
    for (int i = 0; ok && i < n; i++)
        ok = db_run(x->d, x->e, "DELETE FROM ckpt WHERE ckpt_id=?", "i", gone[i]);
    if (ok) return db_commit(x->d, x->e);
    db_rollback(x->d);
    return false;
}

/* Files that no row names.  In a folder that is a link they may be those of another database. */
static bool check_leftovers(doctor *x, const run_row *r, const char *folder)
{
    struct stat s;
    const bool is_link = lstat(folder, &s) == 0 && S_ISLNK(s.st_mode);
    DIR *dir = opendir(folder);
    bool ok = true;
    int found = 0;
    char what[300];
    for (struct dirent *f; ok && dir && (f = readdir(dir));) {
        bool left;
        ok = journal_leftover(x->d, &left, r->run_id, f->d_name, x->e);
        if (!ok || !left) continue;
        snprintf(what, sizeof what, "%s is in no row", f->d_name);
        report(x, "files without rows", r->uid, what,
               is_link ? "the folder is a link: look where it leads" : "--fix removes it",
               x->fix && !is_link);
        found++;
    }
    if (dir) closedir(dir);
    if (ok && found && x->fix && !is_link) journal_sweep(x->d, r->run_id, r->uid);
    return ok;
}

/* One run; its lock is held while it is mended.  A run that a living process owns is skipped, since
 * its files come and go. */
static bool check_run(doctor *x, const run_row *r)
{
    int lock = -1;
    char *folder = run_folder_path(x->d, r->uid, NULL);
    struct stat s;
    bool ok = true;
    const bool there = stat(folder, &s) == 0, begun = r->status == RUN_RUNNING;
    bool alive = false;
    if (there && x->fix) {
        ok = run_folder_lock(&lock, x->d, r->uid, x->e);
        alive = lock < 0;
    } else if (there) /* a reader may have no right to make a lock */
        ok = run_folder_alive(x->d, r->uid, &alive, x->e);
    if (ok && !alive) {
        if (begun) {
            ok = !x->fix || bury(x, r);
            report(x, "dead runs", r->uid, "marked as running, but no process has it",
                   "--fix, or resume it", x->fix && ok);
        }
        ok = ok && check_checkpoints(x, r, folder) && check_leftovers(x, r, folder);
    }
    if (lock >= 0) close(lock);
    free(folder);
    return ok;
}

static bool check_runs(doctor *x)
{
    sqlite3_stmt *s;
    bool row, ok;
    int64_t n = 0;
    run_row *list = NULL;
    if (!db_integer(x->d, &n, 0, x->e, "SELECT count(*) FROM run", NULL)) return false;
    list = calloc((size_t)n + 1, sizeof *list);
    if (!list) return error_set(x->e, "out of memory for %lld runs", (long long)n);
    int64_t i = 0;
    ok = db_query(x->d, &s, x->e, "SELECT run_id, run_uid, status FROM run ORDER BY run_id", NULL);
    while (ok && i < n && (ok = db_next(x->d, s, &row, x->e)) && row) {
        list[i].run_id = sqlite3_column_int64(s, 0);
        snprintf(list[i].uid, sizeof list[i].uid, "%s", (const char *)sqlite3_column_text(s, 1));
        list[i].status = run_status_of((const char *)sqlite3_column_text(s, 2));
        i++;
    }
    sqlite3_finalize(s); /* no row is being read when something is written */
    for (int64_t j = 0; ok && j < i; j++) ok = check_run(x, &list[j]);
    free(list);
    return ok;
}

/* A folder without a run: remove it only if it holds nothing but what a plan leaves that was never
 * committed. */
static bool remove_planned(const char *folder)
{
    static const char *const FILES[] = { "lock", "log", "config.yaml", "config.yaml.part" };
    char path[PATH];
    DIR *dir = opendir(folder);
    bool known = dir != NULL;
    for (struct dirent *f; known && (f = readdir(dir));) {
        bool one = strcmp(f->d_name, ".") == 0 || strcmp(f->d_name, "..") == 0;
        for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++)
            one |= strcmp(f->d_name, FILES[i]) == 0;
        known = one;
    }
    if (dir) closedir(dir);
    if (!known) return false;
    for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, FILES[i]);
        unlink(path);
    }
    return rmdir(folder) == 0;
}

/* In a write transaction, so that no process plans a run meanwhile. */
static bool check_folders(doctor *x)
{
    char folder[PATH], path[PATH];
    snprintf(folder, sizeof folder, "%s.runs", x->d->file);
    if (x->fix && !db_begin(x->d, x->e)) return false;
    DIR *dir = opendir(folder);
    bool ok = true;
    for (struct dirent *f; ok && dir && (f = readdir(dir));) {
        int64_t known = 0;
        if (f->d_name[0] == '.') continue;
        ok = db_integer(x->d, &known, 0, x->e, "SELECT 1 FROM run WHERE run_uid=?", "t", f->d_name);
        if (!ok || known) continue;
        snprintf(path, sizeof path, "%s/%s", folder, f->d_name);
        report(x, "files without rows", f->d_name, "a folder without a run",
               "--fix removes one without weights", x->fix && remove_planned(path));
    }
    if (dir) closedir(dir);
    if (x->fix) db_rollback(x->d);
    return ok;
}

static void check_wal(doctor *x)
{
    char path[PATH], what[64];
    struct stat s;
    snprintf(path, sizeof path, "%s-wal", x->d->file);
    if (stat(path, &s) != 0 || s.st_size <= WAL_MOST) return;
    snprintf(what, sizeof what, "%lld MiB", (long long)(s.st_size >> 20));
    if (x->fix) db_tidy(x->d);
    report(x, "write-ahead log", path, what, "--fix moves it into the database", x->fix);
}

bool doctor_run(doctor_count *n, db *d, bool fix, table_format f, FILE *out, error *e)
{
    static const char *const NAMES[] = { "check", "subject", "finding", "remedy" };
    doctor x = { .d = d, .fix = fix, .e = e };
    bool ok = true;
    if (!db_integer(
            d, &x.copied_ms, 0, e,
            "SELECT max(at_ms) FROM event WHERE run_id IS NULL AND message LIKE '" BACKUP_SAYS "%'",
            NULL))
        return false;
    table_open(&x.t, f, out, 4, NAMES);
    ok = check_sql(&x) && check_runs(&x) && check_folders(&x);
    if (ok) check_wal(&x);
    table_close(&x.t);
    *n = x.n;
    return ok;
}
