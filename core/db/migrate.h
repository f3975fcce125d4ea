/* migrate.h - a database of an older schema is brought up to date, completely or not at all.
 *
 * A step is the SQL that turns version `from` into version `from + 1`.  All the steps needed run in
 * one transaction, which also sets user_version, so a process killed on the way leaves the old
 * version as it was.  Foreign keys are off meanwhile, so that tables can be replaced, and are
 * checked before the commit.
 */
#ifndef CORE_DB_MIGRATE_H
#define CORE_DB_MIGRATE_H

#include "core/base/error.h"

#include <sqlite3.h>

typedef struct migration {
    int from;
    const char *sql; /* statements; none of them BEGIN, COMMIT or a PRAGMA */
} migration;

/* Bring the database behind `handle`, which is in no transaction, to version `to` by the n steps of
 * the list.  Does nothing if it is there already: when several processes come at once, one does the
 * work and the others wait for it.  `path` is for messages. */
bool migrate_run(sqlite3 *handle, const char *path, const migration *list, int n, int to, error *e);

#endif
