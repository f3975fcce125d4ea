/* filesystem.h - can the file system of a folder hold a database that several processes use? */
#ifndef CORE_DB_FILESYSTEM_H
#define CORE_DB_FILESYSTEM_H

#include "core/base/error.h"

/* Fails, and says what to do, if the database at `path` would lie on a network file system, or on
 * one without locks or without memory that processes share.  Leaves nothing behind; where the
 * folder can't be written, there is no answer but the attempt: true. */
bool filesystem_check(const char *path, error *e);

#endif
