/* folder_draft.h - a folder of files that appears whole or not at all.
 *
 * It is filled under a temporary name beside its place and then renamed; an earlier folder is
 * exchanged with it in one step (renameat2) and then removed.  The user chose the path, so only
 * what the same command made is replaced: a file of the folder carries its mark (core/base/file.h),
 * and the folder holds nothing but files of known names.
 */
#ifndef TRAINER_INTERCHANGE_FOLDER_DRAFT_H
#define TRAINER_INTERCHANGE_FOLDER_DRAFT_H

#include "core/base/error.h"

#include <stddef.h>

typedef struct folder_draft {
    char *path, *beside; /* where it will be; its temporary name */
} folder_draft;

/* `maker` is the command, "attnlab export"; `marked` the file that has its mark, and `names` all
 * files that it makes (NULL last).  Fails (STATUS_USAGE) if the path holds anything else. */
bool folder_draft_open(folder_draft *d, const char *path, const char *maker, const char *marked,
                       const char *const *names, error *e);

/* Write one file of it, flushed to disk. */
bool folder_draft_put(const folder_draft *d, const char *name, const void *bytes, size_t n,
                      error *e);

/* "BESIDE/name"; the caller frees it. */
char *folder_draft_file(const folder_draft *d, const char *name);

/* Put it in place, or drop it.  A failed close has dropped it. */
bool folder_draft_close(folder_draft *d, error *e);
void folder_draft_drop(folder_draft *d);

#endif
