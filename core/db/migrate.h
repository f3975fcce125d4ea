/* migrate.h - a database of an older schema is brought up to date, whole or not at all.
 *
 * A step is the SQL that makes version `from + 1` of version `from`.  All steps that are needed run
 * in one transaction, which also sets user_version: whoever is killed on the way leaves the old
 * version as it was.  Foreign keys are off meanwhile, so that tables can be made anew, and are
 * checked before the commit.
 */
#ifndef CORE_DB_MIGRATE_H
#define CORE_DB_MIGRATE_H

#include "core/db/db.h"

typedef struct migration {
    int from;
    const char *sql; /* statements; none of them BEGIN, COMMIT or a PRAGMA */
} migration;

/* Bring d to version `to` by the n steps of the list; nothing is done where it is there already.
 * Several processes may come at once: one does it.  The caller is in no transaction. */
bool migrate_run(db *d, const migration *list, int n, int to, error *e);

#endif
