/* file.h - files that are written completely or not at all, folders, and locks that end with the
 * process that holds them.
 *
 * A file is written under a temporary name in the same folder, flushed to disk and renamed into
 * place; then the folder is flushed (Pillai et al., All file systems are not created equal, OSDI
 * 2014).  After a failed flush the new file is dropped and the old one stays.  The flush is not
 * retried, because Linux may discard the pages and then report success.
 */
#ifndef CORE_BASE_FILE_H
#define CORE_BASE_FILE_H

#include "core/base/error.h"

#include <stddef.h>
#include <stdio.h>

/* Read a whole file of *n bytes and put a 0 byte after it; the caller frees *bytes.  Fails if the
 * file cannot be read or has more than `limit` bytes. */
bool file_read(char **bytes, size_t *n, const char *path, size_t limit, error *e);

/* Replace the file at `path` by n bytes and flush it to disk.  If this fails, the file stays as it
 * was, unless the very last step failed, the flush of the folder. */
bool file_write(const char *path, const void *bytes, size_t n, error *e);

/* The same for a file written in pieces: open, fwrite to f, then either close, which flushes the
 * file and puts it in place, or drop, which discards it.  A failed close has dropped it. */
typedef struct file_draft {
    FILE *f;
    char *path, *beside; /* where it will be; its temporary name */
} file_draft;
bool file_draft_open(file_draft *d, const char *path, error *e);
bool file_draft_close(file_draft *d, error *e);
void file_draft_drop(file_draft *d);

/* An output is a file at a path that the user chose.  It replaces only what the same command made,
 * so that a wrong name costs nothing: no database, study, corpus, checkpoint or input, under any of
 * its names (links, names that belong to a database).  `maker` is the command, "attnlab report"; it
 * writes file_mark into the first or last FILE_MARKED bytes of its files.  A command whose files
 * hold no text of its own says itself, by `made`, which files are its; otherwise `made` is NULL.
 *
 * file_output_check refuses (error_usage) a path that must not be written; it creates nothing.
 * file_output_open checks and opens a draft, which is closed as any other; a symbolic link to an
 * earlier output is followed. */
enum { FILE_MARKED = 1024, FILE_MARK = 128 };
typedef bool file_made(const char *path, void *context);
void file_mark(char mark[FILE_MARK], const char *maker);
bool file_output_check(const char *path, const char *maker, file_made *made, void *context,
                       error *e);
bool file_output_open(file_draft *d, const char *path, const char *maker, file_made *made,
                      void *context, error *e);

/* The folder for a command's files: created if need be, with its parents.  Refuses a file, and a
 * name that belongs to a database. */
bool file_output_folder(const char *path, error *e);

/* The folder that `path` is in; the caller frees it.  NULL if memory runs out. */
char *file_folder(const char *path);

/* "folder/name"; the caller frees it. */
char *file_path(const char *folder, const char *name);

/* Flush the folder that `path` is in, so that a new name in it lasts. */
bool file_flush_folder(const char *path, error *e);

/* Does the name end in `end` (".csv")? */
bool file_ends_in(const char *name, const char *end);

/* Create a folder and its parents.  It is no error if they exist. */
bool file_make_folder(const char *path, error *e);

/* Create a private folder under $TMPDIR (or /tmp) with `what` in its name, and write its path into
 * folder (size).  file_scratch_remove removes it with everything in it. */
bool file_scratch(char *folder, size_t size, const char *what, error *e);
void file_scratch_remove(const char *folder);

/* Could a file of n bytes be written into this folder now?  Fails with the system's reason (no
 * space, a quota, a limit on the size of files) if not.  Leaves nothing behind.  Where a file
 * system can't reserve space for a file without a name, there is no answer but the attempt: true.
 */
bool file_room(const char *folder, size_t n, error *e);

/* Try to lock a file, which is created if needed; does not wait.  *fd is -1 if another process
 * holds the lock.  Closing *fd releases it, and so does the end of the process.  A file that exists
 * but can't be written is locked all the same.  Fails if the file cannot be opened or locked. */
bool file_lock(int *fd, const char *path, error *e);

#endif
