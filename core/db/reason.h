/* reason.h - why SQLite failed, in words that say what to do. */
#ifndef CORE_DB_REASON_H
#define CORE_DB_REASON_H

#include "core/base/error.h"
#include "core/db/connection.h"

/* Write why the last call on d->handle failed into e, and return false.  Names the file that is at
 * fault (the database, its log, the index of the log, or their folder) and the system's reason, if
 * there is one; else SQLite's own words. */
bool reason_set(const db *d, error *e);

/* Did the last call on d->handle fail because no space is left: the disk or a quota is full, or a
 * file has the largest size that is allowed?  *why is the system's errno; 0 if it gave none. */
bool reason_is_room(int *why, const db *d);

#endif
