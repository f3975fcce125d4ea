/* identity.c - one database has one name: links are followed, and second names are refused.
 *
 * Two names are one file if device and inode are the same.  A new database has two names for a
 * moment, its own and that of its draft (create.h), so drafts are not counted. */
#define _GNU_SOURCE /* statx */
#include "core/db/identity.h"

#include "core/base/file.h"
#include "core/db/create.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MARK ".database"

bool identity_same(const char *one, const char *other)
{
    struct stat a, b;
    return stat(one, &a) == 0 && stat(other, &b) == 0 && a.st_dev == b.st_dev &&
           a.st_ino == b.st_ino;
}

static bool is_mounted(const char *path)
{
    struct statx s;
    return statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &s) == 0 &&
           (s.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) &&
           (s.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

bool identity_resolve(char **file, const char *path, error *e)
{
    struct stat s;
    *file = realpath(path, NULL);
    if (!*file) return error_set(e, "%s: cannot be opened: %s", path, strerror(errno));
    const int drafts = create_drafts(*file); /* before the names are counted */
    bool ok = stat(*file, &s) == 0 || error_set(e, "%s: %s", path, strerror(errno));
    if (ok && (long)s.st_nlink - drafts > 1)
        ok =
            error_set(e,
                      "%s: this file has a second name (a hard link), and writing under two names "
                      "damages a database: find it with `find FOLDER -samefile FILE` and remove it",
                      path);
    if (ok && is_mounted(*file))
        ok = error_set(e,
                       "%s: this file is mounted by itself, without the log next to it: mount the "
                       "folder that it is in instead",
                       path);
    if (ok) return true;
    free(*file);
    *file = NULL;
    return false;
}

/* The database that the mark in a folder of runs names; "" if there is none. */
static void read_mark(char owner[PATH_MAX], const char *mark)
{
    error ignored;
    char *text;
    size_t n;
    owner[0] = '\0';
    if (access(mark, F_OK) != 0 || !file_read(&text, &n, mark, PATH_MAX, &ignored)) return;
    snprintf(owner, PATH_MAX, "%.*s", (int)strcspn(text, "\n"), text);
    free(text);
}

/* Is this another database that uses the same folder of runs? */
static bool is_rival(const char *owner, const char *file, const char *runs)
{
    char theirs[PATH_MAX + 8];
    snprintf(theirs, sizeof theirs, "%s.runs", owner);
    return access(owner, F_OK) == 0 && !identity_same(owner, file) && identity_same(theirs, runs);
}

static bool refuse(const char *path, const char *runs, const char *owner, error *e)
{
    return error_set(e,
                     "%s: %s is also the folder of runs of %s, and each would remove the other's "
                     "weights: give one of them its own folder",
                     path, runs, owner);
}

/* The folder is a link or a mount: it belongs to the database beside it, or to the one in its mark.
 */
static bool claim(const char *path, const char *file, const char *runs, const char *mark, error *e)
{
    char owner[PATH_MAX] = "", *real = realpath(runs, NULL);
    if (real && file_ends_in(real, ".runs"))
        snprintf(owner, sizeof owner, "%.*s", (int)(strlen(real) - strlen(".runs")), real);
    free(real);
    if (*owner && is_rival(owner, file, runs)) return refuse(path, runs, owner, e);
    read_mark(owner, mark);
    return strcmp(owner, file) == 0 || file_write(mark, file, strlen(file), e);
}

bool identity_check_runs(const char *path, const char *file, error *e)
{
    char runs[PATH_MAX + 8], named[PATH_MAX + 8], mark[PATH_MAX + 32], owner[PATH_MAX];
    struct stat s;
    snprintf(runs, sizeof runs, "%s.runs", file);
    snprintf(named, sizeof named, "%s.runs", path);
    snprintf(mark, sizeof mark, "%s/" MARK, runs);
    if (access(named, F_OK) == 0 && !identity_same(named, runs))
        return error_set(e,
                         "%s: this is a link to %s, but %s is another folder than %s: move what is "
                         "in it there, then remove it",
                         path, file, named, runs);
    if (lstat(runs, &s) != 0) return true;
    read_mark(owner, mark);
    if (*owner && is_rival(owner, file, runs)) return refuse(path, runs, owner, e);
    return (!S_ISLNK(s.st_mode) && !is_mounted(runs)) || access(runs, W_OK) != 0 ||
           claim(path, file, runs, mark, e);
}
