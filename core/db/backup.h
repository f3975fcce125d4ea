/* backup.h - a copy of the record while others write to it. */
#ifndef CORE_DB_BACKUP_H
#define CORE_DB_BACKUP_H

#include "core/db/db.h"

/* What the event begins with by which a copy is known; the path of the original follows. */
#define BACKUP_SAYS "copied from "

/* Write what is committed at this moment into the file at `path`, durably; what is there is
 * replaced, if it is a record of attnlab's and not this one.  The copy
 * has one event more, with BACKUP_SAYS.  Writers are not held up. */
bool backup_write(db *d, const char *path, error *e);

#endif
