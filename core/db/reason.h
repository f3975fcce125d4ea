/* reason.h - why SQLite failed, in words that say what to do. */
#ifndef CORE_DB_REASON_H
#define CORE_DB_REASON_H

#include "core/base/error.h"
#include "core/db/connection.h"

/* Write why the last call on d->handle failed into e, and return false.  Names the file that is at
 * fault (the database, its log, the index of the log, or their folder) and the system's reason, if
 * there is one; else SQLite's own words. */
bool reason_set(const db *d, error *e);

/* Is there no room: has the system said that a disk is full, a quota used up, or a file at the
 * largest size allowed?  `code` is an extended error code of SQLite's, and `why` an errno. */
bool reason_is_room(int code, int why);

#endif
