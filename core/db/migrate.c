/* migrate.c - the steps from one schema version to the next, in the order that
 * sqlite.org/lang_altertable.html prescribes: foreign keys off, BEGIN, changes, check, COMMIT.
 */
#include "core/db/migrate.h"

#include <stdio.h>

typedef struct work {
    sqlite3 *handle;
    const char *path;
} work;

static const migration *find_step(const migration *list, int n, int from)
{
    for (int i = 0; i < n; i++)
        if (list[i].from == from) return &list[i];
    return NULL;
}

static bool execute(const work *w, const char *sql, error *e)
{
    char *why = NULL;
    const bool ok = sqlite3_exec(w->handle, sql, NULL, NULL, &why) == SQLITE_OK;
    if (!ok) error_set(e, "%s: %s", w->path, why ? why : "out of memory");
    sqlite3_free(why);
    return ok;
}

static bool integer(const work *w, int *out, const char *sql, error *e)
{
    sqlite3_stmt *s = NULL;
    const bool ok = sqlite3_prepare_v2(w->handle, sql, -1, &s, NULL) == SQLITE_OK &&
                    sqlite3_step(s) == SQLITE_ROW;
    *out = ok ? sqlite3_column_int(s, 0) : 0;
    if (!ok) error_set(e, "%s: %s", w->path, sqlite3_errmsg(w->handle));
    sqlite3_finalize(s);
    return ok;
}

/* Called within the transaction: only there can nobody else change the version. */
static bool take_steps(const work *w, const migration *list, int n, int to, error *e)
{
    int version, broken;
    if (!integer(w, &version, "PRAGMA user_version", e)) return false;
    if (version == to) return true;
    for (int from = version; from < to; from++) {
        char set[48];
        const migration *step = find_step(list, n, from);
        if (!step)
            return error_set(e, "%s: there is no migration from schema version %d to %d", w->path,
                             from, from + 1);
        snprintf(set, sizeof set, "PRAGMA user_version = %d", from + 1);
        if (!execute(w, step->sql, e) || !execute(w, set, e))
            return error_where(e, "schema version %d to %d", from, from + 1);
    }
    if (!integer(w, &broken, "SELECT count(*) FROM pragma_foreign_key_check", e)) return false;
    if (broken == 0) return true;
    return error_set(
        e, "%s: %d rows would refer to missing rows in the new schema; nothing is changed", w->path,
        broken);
}

bool migrate_run(sqlite3 *handle, const char *path, const migration *list, int n, int to, error *e)
{
    const work w = { handle, path };
    if (!execute(&w, "PRAGMA foreign_keys=OFF; BEGIN IMMEDIATE", e)) return false;
    bool ok = take_steps(&w, list, n, to, e) && execute(&w, "COMMIT", e);
    /* SQLite may have rolled back by itself. */
    if (!ok && !sqlite3_get_autocommit(handle)) sqlite3_exec(handle, "ROLLBACK", NULL, NULL, NULL);
    return sqlite3_exec(handle, "PRAGMA foreign_keys=ON", NULL, NULL, NULL) == SQLITE_OK && ok;
}
