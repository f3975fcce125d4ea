/* run_paths.c - where the files are that a configuration names: beside the file in which the path
 * was written, else in the current folder.
 */
#define _GNU_SOURCE /* realpath */
#include "trainer/config/run_paths.h"

#include "core/base/utf8.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where a path that was written in a file lies beside that file; "" if it is absolute, or was given
 * on the command line. */
static void beside_file(char out[2 * CONFIG_PATH], const config *settings, const char *path,
                        const char *name)
{
    const char *slash = strrchr(settings->file, '/');
    const bool written = settings->line[config_find(name) - config_keys];
    *out = '\0';
    if (written && slash && *path && *path != '/')
        snprintf(out, 2 * CONFIG_PATH, "%.*s%s", (int)(slash + 1 - settings->file), settings->file,
                 path);
}

/* The absolute path, for free; NULL with errno if there is nothing. */
static char *find_path(const config *settings, const char *path, const char *name)
{
    char beside[2 * CONFIG_PATH];
    beside_file(beside, settings, path, name);
    char *whole = *beside ? realpath(beside, NULL) : NULL;
    return whole ? whole : realpath(path, NULL);
}

bool run_paths_elsewhere(const config *settings, const char *name)
{
    char beside[2 * CONFIG_PATH];
    const char *path = (const char *)settings + config_find(name)->offset;
    beside_file(beside, settings, path, name);
    return *beside && access(beside, F_OK) != 0 && access(path, F_OK) == 0;
}

/* Say where the path was written and, of a relative one, where it was looked for. */
static bool path_missing(const config *settings, const char *path, const char *name, error *e)
{
    const int why = errno;
    char folder[CONFIG_PATH];
    char beside[2 * CONFIG_PATH];
    const bool relative = *path != '/' && getcwd(folder, sizeof folder);
    beside_file(beside, settings, path, name);
    config_error(settings, name, e, "%.300s: %s%s%.400s", path, strerror(why),
                 !relative ? ""
                 : *beside ? "; it is neither beside this file nor in the current folder, "
                           : "; the current folder is ",
                 relative ? folder : "");
    e->status = STATUS_FAILED; /* the configuration may be right */
    return false;
}

bool run_paths_resolve(const config *settings, char path[CONFIG_PATH], const char *name, error *e)
{
    char *whole = find_path(settings, path, name);
    if (!whole) return path_missing(settings, path, name, e);
    if (!utf8_is(whole)) {
        free(whole);
        return config_error(settings, name, e, "the full path is not UTF-8: rename its folders");
    }
    const size_t n = strlen(whole);
    const bool fits = n < CONFIG_PATH;
    if (fits) memcpy(path, whole, n + 1);
    free(whole);
    return fits || config_error(settings, name, e, "a path of %zu bytes", n);
}
