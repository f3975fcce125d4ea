/* wait.h - waiting for a lock that another process has on the database, and saying who has it.
 *
 * Two locks lie on FILE.lock: the first byte, of the process whose turn it is to ask SQLite for its
 * write lock (a lock of the open file, which dies with the process), and flock, of the process that
 * moves the write-ahead log.  Programs other than attnlab know only SQLite's own locks.
 */
#ifndef CORE_DB_WAIT_H
#define CORE_DB_WAIT_H

#include "core/base/error.h"
#include "core/db/connection.h"

/* The busy handler of SQLite (sqlite3_busy_handler; `d` is the db).  It asks once a millisecond,
 * where SQLite's own handler asks less and less often, and gives up after d->patience_ms.  After
 * two seconds it says on stderr, once, which process it waits for. */
int wait_busy(void *d, int tries);

/* Become the one process that asks for SQLite's lock.  If the file system has no such locks, or the
 * turn does not come in time, this process asks all the same. */
void wait_take_turn(db *d);
void wait_give_turn(db *d);

/* Open FILE.lock for wait_take_turn; d->file is set. */
bool wait_open(db *d, error *e);

/* Who has the database locked: "process 4711 (sqlite3)", or "another process". */
void wait_holder(char *out, size_t size, const db *d);

#endif
