/* folder_draft.c - fill a folder beside its place, then rename or exchange.
 *
 * Invariant: at every moment the path names either the old folder or the new one, complete.  A
 * killed process leaves at worst "PATH.part-PID".
 */
#define _GNU_SOURCE /* asprintf, renameat2 */
#include "trainer/interchange/folder_draft.h"

#include "core/base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_known(const char *name, const char *const *names)
{
    for (; *names; names++)
        if (strcmp(name, *names) == 0) return true;
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Is there anything in the folder that this command doesn't make?  *empty: nothing at all. */
static bool check_names(const char *path, const char *maker, const char *const *names, bool *empty,
                        error *e)
{
    DIR *folder = opendir(path);
    struct dirent *entry;
    bool ok = true;
    *empty = true;
    if (!folder) return error_set(e, "%s: %s", path, strerror(errno));
    while (ok && (entry = readdir(folder))) {
        *empty = *empty && entry->d_name[0] == '.' && is_known(entry->d_name, names);
        if (!is_known(entry->d_name, names))
            ok = error_usage(e,
                             "%s holds '%.100s', which `%s` did not make: choose another folder or "
                             "remove it",
                             path, entry->d_name, maker);
    }
    closedir(folder);
    return ok;
}

/* May the path be written? */
static bool check_place(const char *path, const char *maker, const char *marked,
                        const char *const *names, error *e)
{
    struct stat s;
    bool empty;
    if (lstat(path, &s) != 0) return true;
    if (!S_ISDIR(s.st_mode)) return error_usage(e, "%s exists and is not a folder", path);
    if (!check_names(path, maker, names, &empty, e)) return false;
    if (empty) return true;
    char *file = file_path(path, marked);
    error why;
    bool ok = access(file, F_OK) == 0 && file_output_check(file, maker, NULL, NULL, &why);
    free(file);
    return ok || error_usage(e,
                             "%s exists and was not made by `%s`: choose another folder or remove "
                             "it",
                             path, maker);
}

bool folder_draft_open(folder_draft *d, const char *path, const char *maker, const char *marked,
                       const char *const *names, error *e)
{
    *d = (folder_draft){ 0 };
    d->path = strdup(path);
    if (!d->path) error_memory();
    for (size_t n = strlen(path); n > 1 && d->path[n - 1] == '/'; n--) d->path[n - 1] = '\0';
    if (asprintf(&d->beside, "%s.part-%ld", d->path, (long)getpid()) < 0) error_memory();
    bool ok = *path || error_usage(e, "'': name a folder");
    ok = ok && check_place(d->path, maker, marked, names, e);
    if (ok && mkdir(d->beside, 0777) != 0)
        ok = error_set(e, "%s: cannot create this folder: %s", d->beside, strerror(errno));
    if (!ok) {
        free(d->beside), d->beside = NULL; /* there is nothing to remove */
        folder_draft_drop(d);
    }
    return ok;
}

char *folder_draft_file(const folder_draft *d, const char *name)
{
    return file_path(d->beside, name);
}

bool folder_draft_put(const folder_draft *d, const char *name, const void *bytes, size_t n,
                      error *e)
{
    char *path = folder_draft_file(d, name);
    const bool ok = file_write(path, bytes, n, e);
    free(path);
    return ok;
}

bool folder_draft_close(folder_draft *d, error *e)
{
    bool ok = rename(d->beside, d->path) == 0; /* also takes the place of an empty folder */
    if (!ok && (errno == ENOTEMPTY || errno == EEXIST))
        ok = renameat2(AT_FDCWD, d->beside, AT_FDCWD, d->path, RENAME_EXCHANGE) == 0;
    if (!ok)
        error_set(e, "%s: cannot put the new folder in place: %s", d->path, strerror(errno));
    else
        ok = file_flush_folder(d->path, e);
    folder_draft_drop(d); /* what is beside now is the old folder, if there was one */
    return ok;
}

void folder_draft_drop(folder_draft *d)
{
    if (d->beside) file_scratch_remove(d->beside);
    free(d->path), free(d->beside);
    *d = (folder_draft){ 0 };
}
