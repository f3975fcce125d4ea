/* migrate.c - see migrate.h; the order of things is that of sqlite.org/lang_altertable.html. */
#include "core/db/migrate.h"

#include <stdio.h>

static const migration *find_step(const migration *list, int n, int from)
{
    for (int i = 0; i < n; i++)
        if (list[i].from == from) return &list[i];
    return NULL;
}

static bool execute(db *d, const char *sql, error *e)
{
    char *why = NULL;
    const bool ok = sqlite3_exec(d->handle, sql, NULL, NULL, &why) == SQLITE_OK;
    if (!ok) error_set(e, "%s: %s", d->path, why ? why : "no memory");
    sqlite3_free(why);
    return ok;
}

/* Within the transaction, for only there nobody else can change the version. */
static bool take_steps(db *d, const migration *list, int n, int to, error *e)
{
    int64_t version, broken;
    if (!db_integer(d, &version, 0, e, "PRAGMA user_version", NULL)) return false;
    if (version == to) return true;
    for (int from = (int)version; from < to; from++) {
        char set[48];
        const migration *step = find_step(list, n, from);
        if (!step)
            return error_set(e, "%s: has schema version %d, from which no way leads to version %d",
                             d->path, from, to);
        snprintf(set, sizeof set, "PRAGMA user_version = %d", from + 1);
        if (!execute(d, step->sql, e) || !execute(d, set, e))
            return error_where(e, "schema version %d to %d", from, from + 1);
    }
    return db_integer(d, &broken, 0, e, "SELECT count(*) FROM pragma_foreign_key_check", NULL) &&
           (broken == 0 || error_set(e,
                                     "%s: %lld rows refer to nothing in the new schema: nothing is "
                                     "changed",
                                     d->path, (long long)broken));
}

bool migrate_run(db *d, const migration *list, int n, int to, error *e)
{
    error ignored;
    if (!db_run(d, e, "PRAGMA foreign_keys=OFF", NULL)) return false;
    bool ok = db_begin(d, e);
    if (ok) {
        ok = take_steps(d, list, n, to, e);
        if (ok)
            ok = db_commit(d, e);
        else
            db_rollback(d);
    }
    return db_run(d, ok ? e : &ignored, "PRAGMA foreign_keys=ON", NULL) && ok;
}
