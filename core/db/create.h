/* create.h - a new database appears complete or not at all. */
#ifndef CORE_DB_CREATE_H
#define CORE_DB_CREATE_H

#include "core/base/error.h"

/* Put a database with the tables of `schema`, in WAL mode, at `path`, where there is no file or an
 * empty one.  If another process was faster, its database is left alone: that is success
 * too.  Fails if the folder is missing or cannot be written; nothing is left behind then.
 * Symbolic links are followed, also to a file that does not exist yet. */
bool create_database(const char *path, const char *schema, error *e);

/* Remove the drafts that processes killed in create_database left beside `path`: those over an hour
 * old, which no living process can still be writing.  Never fails. */
void create_clear(const char *path);

/* How many drafts beside the database at `file` (a real path) are names of that file.  Count them
 * before its names: the process that made it removes its draft. */
int create_drafts(const char *file);

#endif
