/* run_folder.h - DB.runs/UID: the folder of a run, and the lock by which a process owns the run.
 *
 * A run is owned by the process that holds the lock on `lock` in its folder.  The kernel releases
 * it when that process dies, so nothing in the database needs to say who is alive.
 */
#ifndef TRAINER_RUN_RUN_FOLDER_H
#define TRAINER_RUN_RUN_FOLDER_H

#include "core/db/db.h"

/* "DB.runs/UID", or with a name "DB.runs/UID/NAME"; DB is the real path, whatever link led to it.
 * The caller frees it. */
char *run_folder_path(const db *d, const char *uid, const char *name);

/* Make the folder; fails if it can't be made. */
bool run_folder_make(const db *d, const char *uid, error *e);

/* Take the run: *lock is -1 if a living process has it.  Closing *lock releases it. */
bool run_folder_lock(int *lock, const db *d, const char *uid, error *e);

/* Is this descriptor, handed down by a parent, the lock of the run? */
bool run_folder_owns(int lock, const db *d, const char *uid);

/* Does a living process own the run?  This takes the lock for a moment, so a process that can't get
 * it should try again before it says that another has it. */
bool run_folder_alive(const db *d, const char *uid, bool *alive, error *e);

#endif
