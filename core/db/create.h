/* create.h - a new database appears complete or not at all. */
#ifndef CORE_DB_CREATE_H
#define CORE_DB_CREATE_H

#include "core/base/error.h"

/* Put a database with the tables of `schema`, in WAL mode, at `path`, where there is no file or an
 * empty one.  If another process was faster, its database is left alone: that is success
 * too.  Fails if the folder is missing or cannot be written; nothing is left behind then.
 * Symbolic links are followed, also to a file that does not exist yet. */
bool create_database(const char *path, const char *schema, error *e);

/* The same in two steps, with a draft beside the place that may be filled in between: *file is the
 * place, after links; the caller frees both.  Publishing removes the draft, whatever happens;
 * *taken if there is a database by now, which is left alone. */
bool create_draft(char **file, char **draft, const char *path, const char *schema, error *e);
bool create_publish(bool *taken, const char *file, const char *draft, error *e);

/* Remove the drafts that processes killed in create_database left beside `path`: those over an hour
 * old, which no living process can still be writing.  Never fails. */
void create_clear(const char *path);

/* How many drafts beside the database at `file` (a real path) are names of that file.  Count them
 * before its names: the process that made it removes its draft. */
int create_drafts(const char *file);

#endif
