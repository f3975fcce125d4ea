/* run_folder.c - the folder of a run, and flock(2) on the file `lock` in it.
 *
 * The file is never removed: a process that locked a removed file would own nothing.
 */
#define _GNU_SOURCE /* asprintf, flock */
#include "trainer/run/run_folder.h"

#include "core/base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

char *run_folder_path(const db *d, const char *uid, const char *name)
{
    char *path;
    if (asprintf(&path, "%s.runs/%s%s%s", d->file, uid, name ? "/" : "", name ? name : "") < 0)
        error_memory();
    return path;
}

bool run_folder_make(const db *d, const char *uid, error *e)
{
    char *folder = run_folder_path(d, uid, NULL);
    const bool ok = file_make_folder(folder, e);
    free(folder);
    return ok;
}

bool run_folder_lock(int *lock, const db *d, const char *uid, error *e)
{
    *lock = -1;
    if (!run_folder_make(d, uid, e)) return false;
    char *path = run_folder_path(d, uid, "lock");
    const bool ok = file_lock(lock, path, e);
    free(path);
    return ok;
}

bool run_folder_owns(int lock, const db *d, const char *uid)
{
    char *path = run_folder_path(d, uid, "lock");
    struct stat ours, named;
    const bool same = fstat(lock, &ours) == 0 && stat(path, &named) == 0 &&
                      ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
    free(path);
    return same && flock(lock, LOCK_EX | LOCK_NB) == 0;
}

bool run_folder_alive(const db *d, const char *uid, bool *alive, error *e)
{
    char *path = run_folder_path(d, uid, "lock");
    int lock = -1;
    *alive = false;
    const bool begun = access(path, F_OK) == 0, ok = !begun || file_lock(&lock, path, e);
    free(path);
    if (!begun || !ok) return ok;
    *alive = lock < 0;
    if (lock >= 0) close(lock);
    return true;
}
