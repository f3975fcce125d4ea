/* merge.c - the sources one by one, in one transaction.
 *
 * Each source is a connection of its own, read in one snapshot.  One of an older schema is copied
 * and the copy brought up to date.  A new destination is a draft that nobody sees; what goes wrong
 * leaves nothing but files without rows, which are removed here or by `attnlab doctor --fix`.
 */
#define _GNU_SOURCE /* realpath */
#include "experiments/merge.h"

#include "core/base/file.h"
#include "core/db/backup.h"
#include "core/db/draft.h"
#include "core/db/identity.h"
#include "experiments/merge_files.h"
#include "experiments/merge_runs.h"
#include "experiments/merge_sql.h"
#include "experiments/merge_study.h"
#include "trainer/run/journal.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

typedef struct merger {
    const merge_order *o;
    merge_count *count; /* (o->n) */
    db *into;
    merge_schema schema;
    merge_file *file;
    merge_lock *lock;
    int files, locks;
    error *e;
} merger;

/* --- tables with rules of their own ------------------------------------------------------------
 */

typedef bool merge_rule(merge_work *x, int table);

/* A version comes with its study. */
static bool leave(merge_work *x, int table)
{
    (void)x, (void)table;
    return true;
}

/* A copy of a database says so in an event; what is merged is none. */
static bool merge_events(merge_work *x, int table)
{
    return merge_rows_where(x, table, "WHERE message NOT LIKE '" BACKUP_SAYS "%' ORDER BY 1");
}

static bool merge_comparisons(merge_work *x, int table)
{
    int64_t before, after;
    static const char COUNT[] = "SELECT count(*) FROM comparison";
    const bool ok = db_integer(x->into, &before, 0, x->e, COUNT, NULL) &&
                    merge_rows_table(x, table) && db_integer(x->into, &after, 0, x->e, COUNT, NULL);
    if (ok) x->count->looks += after - before;
    return ok;
}

// clang-format off
static const struct { const char *table; merge_rule *rule; } RULES[] = {
    { "sweep",         merge_study_sweeps },
    { "sweep_version", leave },
    { "arm",           merge_study_arms },
    { "arm_run",       merge_study_cells },
    { "run",           merge_runs },
    { "ckpt",          merge_runs_checkpoints },
    { "event",         merge_events },
    { "comparison",    merge_comparisons },
};
// clang-format on

static bool merge_tables(merge_work *x)
{
    bool ok = true;
    for (int i = 0; ok && i < x->schema->n; i++) {
        merge_rule *rule = merge_rows_table;
        for (size_t k = 0; k < sizeof RULES / sizeof *RULES; k++)
            if (strcmp(x->schema->table[i].name, RULES[k].table) == 0) rule = RULES[k].rule;
        ok = rule(x, i);
    }
    return ok && merge_study_finish(x);
}

/* The number of a look, and of the version that it was of, follow from its time. */
static bool open_schema(merge_schema *s, db *d, error *e)
{
    static const char *const KEY[] = { "sweep_id", "at_ms", "metric", "at_x", "procedure", "argv" };
    if (!merge_schema_open(s, d, e)) return false;
    merge_table *t = &s->table[merge_schema_find(s, "comparison")];
    t->keys = 0, t->unique = true;
    for (size_t i = 0; i < sizeof KEY / sizeof *KEY; i++)
        t->key[t->keys++] = merge_schema_column(t, KEY[i]);
    return true;
}

/* --- one source --------------------------------------------------------------------------------
 */

static bool record(merger *m, const db *from, const merge_count *c)
{
    char line[PATH_MAX + 128];
    if (c->added + c->continued + c->studies + c->looks + c->files == 0) return true;
    snprintf(line, sizeof line,
             "merged from %s: %" PRId64 " runs new, %" PRId64 " further, %" PRId64 " known",
             from->file, c->added, c->continued, c->known);
    return db_run(m->into, m->e, sql_merge_event, "it", db_now_ms(), line);
}

static bool merge_from(merger *m, db *from, merge_count *count)
{
    merge_work x = { .into = m->into,
                     .from = from,
                     .name = m->o->into,
                     .files = m->o->files,
                     .schema = &m->schema,
                     .file = &m->file,
                     .files_n = &m->files,
                     .lock = &m->lock,
                     .locks = &m->locks,
                     .count = count,
                     .e = m->e };
    bool ok = db_run(from, m->e, "BEGIN", NULL) && merge_tables(&x) && record(m, from, count);
    db_rollback(from);
    merge_rows_close(&x);
    return ok;
}

/* Is this a database of an older schema than `into`?  Whatever else is wrong, db_open says. */
static bool is_older(const char *path, db *into)
{
    error ignored;
    db d = { .path = (char *)path };
    int64_t id = 0, version = 0, ours = 0, current = 0;
    const bool ok = sqlite3_open_v2(path, &d.handle, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
                    db_integer(&d, &id, 0, &ignored, "PRAGMA application_id", NULL) &&
                    db_integer(&d, &version, 0, &ignored, "PRAGMA user_version", NULL) &&
                    db_integer(into, &ours, 0, &ignored, "PRAGMA application_id", NULL) &&
                    db_integer(into, &current, 0, &ignored, "PRAGMA user_version", NULL);
    sqlite3_close(d.handle);
    return ok && id == ours && version < current;
}

/* A copy of a database of an older schema, brought up to date; the folder is the caller's to
 * remove. */
static bool open_older(db *d, char *folder, size_t size, const char *path, error *e)
{
    char copy[PATH_MAX], real[PATH_MAX];
    db old = { .path = (char *)path };
    if (!realpath(path, real)) return error_set(e, "%s: cannot be opened", path);
    if (!file_scratch(folder, size, "merge", e)) return false;
    snprintf(copy, sizeof copy, "%s/older.db", folder);
    const bool ok = sqlite3_open_v2(real, &old.handle, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
                    db_run(&old, e, "VACUUM INTO ?", "t", copy);
    if (!old.handle) error_set(e, "%s: out of memory", path);
    sqlite3_close(old.handle);
    if (!ok || !db_open(d, copy, DB_CHANGE, e)) return false;
    free(d->path), free(d->file); /* its runs lie beside the original */
    d->path = strdup(path), d->file = strdup(real);
    if (!d->path || !d->file) error_memory();
    return true;
}

static bool merge_source(merger *m, int i)
{
    char folder[PATH_MAX] = "";
    const char *path = m->o->source[i];
    db from;
    bool ok = is_older(path, m->into) ? open_older(&from, folder, sizeof folder, path, m->e)
                                      : db_open(&from, path, DB_READ, m->e);
    if (ok) {
        ok = merge_from(m, &from, &m->count[i]);
        db_close(&from);
    }
    if (*folder) file_scratch_remove(folder);
    return ok;
}

/* --- all of them -------------------------------------------------------------------------------
 */

static bool check_names(const merge_order *o, error *e)
{
    for (int i = 0; i < o->n; i++) {
        if (access(o->source[i], F_OK) != 0)
            return error_set(e, "%s: there is no such database", o->source[i]);
        if (strcmp(o->source[i], o->into) == 0 || identity_same(o->source[i], o->into))
            return error_usage(e, "%s is the database to merge into: leave it out of the list",
                               o->source[i]);
        for (int k = 0; k < i; k++)
            if (identity_same(o->source[k], o->source[i]))
                return error_usage(e, "%s is given twice%s%s", o->source[i],
                                   strcmp(o->source[k], o->source[i]) == 0 ? "" : ", also as ",
                                   strcmp(o->source[k], o->source[i]) == 0 ? "" : o->source[k]);
    }
    return true;
}

/* Every run that is replaced is locked, which takes a descriptor each. */
static void raise_limit(void)
{
    struct rlimit r;
    if (getrlimit(RLIMIT_NOFILE, &r) != 0) return;
    r.rlim_cur = r.rlim_max;
    setrlimit(RLIMIT_NOFILE, &r);
}

static bool merge_sources(merger *m)
{
    bool ok = open_schema(&m->schema, m->into, m->e) &&
              db_run(m->into, m->e, "PRAGMA cache_size=-262144", NULL) && /* KiB */
              db_begin(m->into, m->e);
    for (int i = 0; ok && i < m->o->n; i++) ok = merge_source(m, i);
    ok = ok && merge_files_copy(m->file, m->files, m->e);
    merge_schema_close(&m->schema);
    return ok;
}

static bool merge_new(merger *m)
{
    draft w;
    if (!draft_open(&w, m->o->into, m->e)) return false;
    m->into = &w.d;
    if (identity_check_runs(m->o->into, w.d.file, m->e) && merge_sources(m) &&
        db_commit(&w.d, m->e))
        return draft_close(&w, m->e);
    draft_drop(&w);
    return false;
}

static bool merge_existing(merger *m)
{
    db d;
    if (!db_open(&d, m->o->into, DB_CHANGE, m->e)) return false;
    m->into = &d;
    bool ok = merge_sources(m);
    if (ok)
        ok = db_commit(&d, m->e);
    else
        db_rollback(&d);
    for (int i = 0; ok && i < m->locks; i++) /* the checkpoints that its rows no longer name */
        journal_sweep(&d, m->lock[i].run_id, m->lock[i].uid);
    if (ok) db_tidy(&d);
    db_close(&d);
    return ok;
}

bool merge_run(merge_count *count, const merge_order *o, error *e)
{
    merger m = { .o = o, .count = count, .e = e };
    if (!check_names(o, e)) return false;
    raise_limit();
    memset(count, 0, (size_t)o->n * sizeof *count);
    const bool ok = access(o->into, F_OK) == 0 ? merge_existing(&m) : merge_new(&m);
    if (!ok) merge_files_remove(m.file, m.files);
    merge_files_close(m.file, m.files);
    for (int i = 0; i < m.locks; i++) close(m.lock[i].fd), free(m.lock[i].uid);
    free(m.lock);
    return ok;
}
