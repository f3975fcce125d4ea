/* merge_study.c - studies, their versions, arms and cells.
 *
 * The versions of both sides are put in the order of time.  A version that says what the one before
 * it says is no version of its own, so a study that 100 machines planned from one file has one.
 * Whose newest version is the newest of all, says what the arms are; arms that only the other side
 * has count as dropped.
 */
#include "experiments/merge_study.h"

#include "core/base/growing.h"
#include "experiments/merge_sql.h"

#include <stdlib.h>
#include <string.h>

static int table_of(const merge_work *x, const char *name)
{
    return merge_schema_find(x->schema, name);
}

/* --- one study or two? -------------------------------------------------------------------------
 */

/* Have the studies `from` and `into` an arm in common?  A study without arms has. */
static bool check_arms(merge_work *x, int64_t from, int64_t into, const char *study)
{
    sqlite3_stmt *q;
    bool row, ok = true, any = false;
    int64_t common = 0, arms = 0;
    if (!db_query(x->from, &q, x->e, "SELECT config_id, replica FROM arm WHERE sweep_id=?", "i",
                  from))
        return false;
    while (ok && (ok = db_next(x->from, q, &row, x->e)) && row && !common) {
        any = true;
        ok = db_integer(x->into, &common, 0, x->e, sql_merge_known_arm, "iti", into,
                        (const char *)sqlite3_column_text(q, 0), sqlite3_column_int64(q, 1));
    }
    sqlite3_finalize(q);
    ok = ok && db_integer(x->into, &arms, 0, x->e, "SELECT count(*) FROM arm WHERE sweep_id=?", "i",
                          into);
    return ok && (common || !any || !arms ||
                  error_set(x->e,
                            "%s: the study '%s' has no arm in common with the one of this name in "
                            "%s: if they are two studies, give one another name: attnlab rename",
                            x->from->path, study, x->name));
}

static bool check_imports(merge_work *x, int64_t from, int64_t into, const char *study)
{
    char *a = NULL, *b = NULL;
    bool ok = db_text(x->from, &a, x->e, sql_merge_imported, "i", from) &&
              db_text(x->into, &b, x->e, sql_merge_imported, "i", into);
    if (ok && (a || b) && !(a && b && strcmp(a, b) == 0))
        ok = error_set(x->e,
                       "%s: the study '%s' and the one of this name in %s do not come from the "
                       "same file of imported results: give one another name: attnlab rename",
                       x->from->path, study, x->name);
    free(a), free(b);
    return ok;
}

/* --- versions ----------------------------------------------------------------------------------
 */

static bool read_versions(merge_work *x, db *d, int side, int64_t sweep)
{
    sqlite3_stmt *q;
    bool row, ok = true;
    if (!db_query(d, &q, x->e, sql_merge_versions_read, "i", sweep)) return false;
    while (ok && (ok = db_next(d, q, &row, x->e)) && row)
        ok = db_run(x->into, x->e, sql_merge_versions_add, "niit", side, sqlite3_column_int64(q, 0),
                    sqlite3_column_int64(q, 1), (const char *)sqlite3_column_text(q, 2));
    sqlite3_finalize(q);
    return ok;
}

static bool renumber(merge_work *x, int64_t into)
{
    db *d = x->into;
    return db_run(d, x->e, sql_merge_versions_looks, "i", into) &&
           db_run(d, x->e, sql_merge_versions_drop, "i", into) &&
           db_run(d, x->e, sql_merge_versions_away, "i", into) &&
           db_run(d, x->e, sql_merge_versions_back, "i", into);
}

/* Copy one version of the source under the number that `version` gives it. */
static bool copy_version(merge_work *x, int64_t from, int64_t old)
{
    const int table = table_of(x, "sweep_version");
    const merge_table *t = &x->schema->table[table];
    char *select = merge_schema_select(t, "WHERE sweep_id=?1 AND version=?2"),
         *insert = merge_schema_insert(t, "");
    sqlite3_stmt *q = NULL, *to = NULL;
    bool row, ok = db_query(x->from, &q, x->e, select, "ii", from, old) &&
                   db_query(x->into, &to, x->e, insert, NULL) && db_next(x->from, q, &row, x->e);
    if (ok && row) ok = merge_rows_insert(x, table, q, to);
    sqlite3_finalize(q), sqlite3_finalize(to);
    free(select), free(insert);
    return ok;
}

static bool map_versions(merge_work *x, int64_t from, bool changed)
{
    sqlite3_stmt *q;
    bool row, ok = true;
    if (!db_query(x->into, &q, x->e, sql_merge_versions_map, NULL)) return false;
    while (ok && (ok = db_next(x->into, q, &row, x->e)) && row) {
        const int64_t old = sqlite3_column_int64(q, 0);
        x->version = growing_list(x->version, x->versions, sizeof *x->version);
        x->version[x->versions++] = (merge_version){ from, old, sqlite3_column_int64(q, 1) };
        if (changed && sqlite3_column_int(q, 2)) ok = copy_version(x, from, old);
    }
    sqlite3_finalize(q);
    return ok;
}

/* What the study is, from the side that has the newest version. */
static bool take_study(merge_work *x, int64_t from, int64_t into)
{
    sqlite3_stmt *q;
    bool row, ok;
    if (!db_query(x->from, &q, x->e, sql_merge_study, "i", from)) return false;
    ok = db_next(x->from, q, &row, x->e) &&
         db_run(x->into, x->e, sql_merge_study_set, "itttt", into,
                (const char *)sqlite3_column_text(q, 0), (const char *)sqlite3_column_text(q, 1),
                (const char *)sqlite3_column_text(q, 2), (const char *)sqlite3_column_text(q, 3));
    sqlite3_finalize(q);
    return ok && db_run(x->into, x->e, sql_merge_arms_away, "i", into);
}

static bool merge_versions(merge_work *x, int64_t from, int64_t into)
{
    int64_t changed = 0, newest = 0;
    const bool ok = db_run(x->into, x->e, sql_merge_versions_clear, NULL) &&
                    read_versions(x, x->into, 0, into) && read_versions(x, x->from, 1, from) &&
                    db_run(x->into, x->e, sql_merge_versions_order, NULL) &&
                    db_integer(x->into, &changed, 0, x->e, sql_merge_versions_changed, NULL) &&
                    db_integer(x->into, &newest, 0, x->e, sql_merge_versions_newest, NULL) &&
                    (!changed || renumber(x, into)) && map_versions(x, from, changed);
    x->newest[from] = newest;
    return ok && (!newest || take_study(x, from, into));
}

/* --- studies -----------------------------------------------------------------------------------
 */

static bool merge_sweep(merge_work *x, int table, int64_t from, const char *study,
                        sqlite3_stmt *insert)
{
    int64_t into = 0;
    if (!db_integer(x->into, &into, 0, x->e, "SELECT sweep_id FROM sweep WHERE name=?", "t", study))
        return false;
    const bool known = into != 0;
    if (known && (!check_imports(x, from, into, study) || !check_arms(x, from, into, study)))
        return false;
    if (!known) {
        char *select = merge_schema_select(&x->schema->table[table], "WHERE sweep_id=?1");
        sqlite3_stmt *q;
        bool row;
        const bool ok = db_query(x->from, &q, x->e, select, "i", from) &&
                        db_next(x->from, q, &row, x->e) && merge_rows_insert(x, table, q, insert);
        sqlite3_finalize(q);
        free(select);
        if (!ok) return false;
        into = db_last_id(x->into);
        x->count->studies++;
    }
    merge_rows_set(x, table, from, into, known ? MERGE_ADDED : MERGE_TAKEN);
    return merge_versions(x, from, into);
}

bool merge_study_sweeps(merge_work *x, int table)
{
    sqlite3_stmt *q = NULL, *insert = NULL;
    char *text = merge_schema_insert(&x->schema->table[table], "");
    bool row, ok = db_integer(x->from, &x->studies, 0, x->e, "SELECT 1 + max(sweep_id) FROM sweep",
                              NULL) &&
                   db_run(x->into, x->e, sql_merge_versions_make, NULL) &&
                   db_query(x->from, &q, x->e, sql_merge_studies, NULL) &&
                   db_query(x->into, &insert, x->e, text, NULL);
    x->newest = error_zeroed((size_t)x->studies, sizeof *x->newest);
    while (ok && (ok = db_next(x->from, q, &row, x->e)) && row)
        ok = merge_sweep(x, table, sqlite3_column_int64(q, 0),
                         (const char *)sqlite3_column_text(q, 1), insert);
    sqlite3_finalize(q), sqlite3_finalize(insert);
    free(text);
    return ok;
}

/* --- arms and cells ----------------------------------------------------------------------------
 */

enum { ARM, SWEEP, ORD, LABEL, CONFIG, REPLICA, BASE, AXES, DROPPED };

static bool merge_arm(merge_work *x, int table, sqlite3_stmt *q)
{
    const int64_t from = sqlite3_column_int64(q, SWEEP);
    const merge_link *sweep = merge_rows_link(x, table_of(x, "sweep"), from);
    const char *config = (const char *)sqlite3_column_text(q, CONFIG),
               *label = (const char *)sqlite3_column_text(q, LABEL),
               *axes = (const char *)sqlite3_column_text(q, AXES);
    const int64_t replica = sqlite3_column_int64(q, REPLICA);
    int64_t id = 0;
    const int dropped = x->newest[from] ? sqlite3_column_int(q, DROPPED) : 1;
    if (!db_integer(x->into, &id, 0, x->e, sql_merge_arm_find, "iti", sweep->id, config, replica))
        return false;
    const bool known = id != 0;
    if (!known && !db_run(x->into, x->e, sql_merge_arm_add, "itittn", sweep->id, config, replica,
                          label, axes, dropped))
        return false;
    if (!known) id = db_last_id(x->into);
    merge_rows_set(x, table, sqlite3_column_int64(q, ARM), id, known ? MERGE_ADDED : MERGE_TAKEN);
    if (!x->newest[from]) return true;
    return db_run(x->into, x->e, sql_merge_arm_set, "ittn", id, label, axes, dropped) &&
           (dropped ||
            db_run(x->into, x->e, sql_merge_arm_ord, "ii", id, sqlite3_column_int64(q, ORD)));
}

/* The arm that it is compared with, where the source says so or the arm is new. */
static bool merge_base(merge_work *x, int table, sqlite3_stmt *q)
{
    const merge_link *arm = merge_rows_link(x, table, sqlite3_column_int64(q, ARM)),
                     *base = merge_rows_link(x, table, sqlite3_column_int64(q, BASE));
    const bool ours = x->newest[sqlite3_column_int64(q, SWEEP)] || arm->part == MERGE_TAKEN;
    return !ours || !base || db_run(x->into, x->e, sql_merge_arm_base, "ii", arm->id, base->id);
}

static bool each_arm(merge_work *x, int table, bool (*f)(merge_work *, int, sqlite3_stmt *))
{
    sqlite3_stmt *q;
    bool row, ok = true;
    if (!db_query(x->from, &q, x->e, sql_merge_arms, NULL)) return false;
    while (ok && (ok = db_next(x->from, q, &row, x->e)) && row) ok = f(x, table, q);
    sqlite3_finalize(q);
    return ok;
}

bool merge_study_arms(merge_work *x, int table)
{
    const merge_map *m = &x->map[table_of(x, "sweep")];
    bool ok = each_arm(x, table, merge_arm) && each_arm(x, table, merge_base);
    for (int64_t i = 1; ok && i < m->n; i++)
        if (m->link[i].id) ok = db_run(x->into, x->e, sql_merge_arms_back, "i", m->link[i].id);
    return ok;
}

bool merge_study_cells(merge_work *x, int table)
{
    const int arm = table_of(x, "arm"), run = table_of(x, "run");
    sqlite3_stmt *q = NULL, *to = NULL;
    bool row, ok = db_query(x->from, &q, x->e, sql_merge_cells, NULL) &&
                   db_query(x->into, &to, x->e, sql_merge_cell, NULL);
    (void)table;
    while (ok && (ok = db_next(x->from, q, &row, x->e)) && row) {
        sqlite3_bind_int64(to, 1, merge_rows_link(x, arm, sqlite3_column_int64(q, 0))->id);
        sqlite3_bind_int64(to, 2, sqlite3_column_int64(q, 1));
        sqlite3_bind_int64(to, 3, merge_rows_link(x, run, sqlite3_column_int64(q, 2))->id);
        ok = db_next(x->into, to, &row, x->e);
        sqlite3_reset(to);
    }
    sqlite3_finalize(q), sqlite3_finalize(to);
    return ok;
}

bool merge_study_finish(merge_work *x)
{
    const merge_map *m = &x->map[table_of(x, "sweep")];
    bool ok = true;
    for (int64_t i = 1; ok && i < m->n; i++)
        if (m->link[i].id)
            ok = db_run(x->into, x->e, sql_merge_looks, "i", m->link[i].id) &&
                 (m->link[i].part == MERGE_TAKEN ||
                  db_run(x->into, x->e, sql_merge_cells_drop, "i", m->link[i].id));
    return ok;
}
