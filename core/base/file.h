/* file.h - files that are whole or not there, folders, and locks that die with their holder.
 *
 * A file is written beside its place, flushed to the disk, renamed into place, and the folder is
 * flushed (Pillai et al., OSDI 2014).  A failed flush is final: the new file is given up and the
 * old one stays, because Linux may drop the pages and report success to whoever tries again.
 */
#ifndef CORE_BASE_FILE_H
#define CORE_BASE_FILE_H

#include "core/base/error.h"

#include <stddef.h>
#include <stdio.h>

/* The whole of a file, and a 0 after it; the caller frees *bytes.  Fails on what cannot be read
 * and on more than `limit` bytes. */
bool file_read(char **bytes, size_t *n, const char *path, size_t limit, error *e);

/* Replace the file at `path` by n bytes, durably, or leave it as it was. */
bool file_write(const char *path, const void *bytes, size_t n, error *e);

/* The same for a file written in pieces: open, fwrite to f, then close (which makes it durable and
 * puts it in place) or drop.  A failed close drops. */
typedef struct file_draft {
    FILE *f;
    char *path, *beside;
} file_draft;
bool file_draft_open(file_draft *d, const char *path, error *e);
bool file_draft_close(file_draft *d, error *e);
void file_draft_drop(file_draft *d);

/* Flush the folder that `path` is in, so that a new name in it lasts. */
bool file_flush_folder(const char *path, error *e);

/* Does the name end in these letters? */
bool file_ends_in(const char *name, const char *end);

/* Make a folder and those above it; one that is there is no error. */
bool file_make_folder(const char *path, error *e);

/* Make a folder of one's own under $TMPDIR (or /tmp), with `what` in its name, and write its path
 * into `folder`; and remove it with all that is in it. */
bool file_scratch(char *folder, size_t size, const char *what, error *e);
void file_scratch_remove(const char *folder);

/* Take the lock on a file, made if need be.  *fd is -1 when another process holds it.  Closing *fd,
 * or dying, lets it go. */
bool file_lock(int *fd, const char *path, error *e);

#endif
