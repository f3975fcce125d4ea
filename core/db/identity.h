/* identity.h - one database has one name.
 *
 * The log of a database (FILE-wal), its lock and its folder of runs are found by its name.  Under
 * two names it would have two of each: rows would be lost, and one run trained by two processes.
 * So every name is resolved to the real path, and what that cannot resolve is refused:
 *
 *     a hard link, or a file that is mounted by itself (the folder may be mounted anywhere)
 *     a folder of runs that another database uses (for writing)
 */
#ifndef CORE_DB_IDENTITY_H
#define CORE_DB_IDENTITY_H

#include "core/base/error.h"

/* The real path of the existing database `path`, which the caller frees. */
bool identity_resolve(char **file, const char *path, error *e);

/* Are these two names of one file or folder?  False if one of them names none. */
bool identity_same(const char *one, const char *other);

/* May this database write to FILE.runs?  `path` is the name that the user gave, and its real path
 * is `file`.  A folder that is a link or a mount notes its database in FILE.runs/.database. */
bool identity_check_runs(const char *path, const char *file, error *e);

#endif
