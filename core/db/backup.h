/* backup.h - a copy of the database while others write to it. */
#ifndef CORE_DB_BACKUP_H
#define CORE_DB_BACKUP_H

#include "core/db/db.h"

/* A copy holds an event that begins with this; the path of the original follows. */
#define BACKUP_SAYS "copied from "

/* Write what is committed at this moment into the file at `path`, durably.  An earlier copy of d
 * at `path` is replaced, unless somebody has written to it since; anything else there is an error:
 * another database, a copy of another one, d itself by any name.  The copy has one event more, with
 * BACKUP_SAYS.  Writers don't have to wait. */
bool backup_write(db *d, const char *path, error *e);

#endif
