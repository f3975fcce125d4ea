/* corpus_folder.c - looks before anything is written.
 *
 * The lock and a manifest that was not put in place yet are all that a corpus may leave behind
 * before its manifest is there, so a folder with nothing else counts as empty.
 */
#define _DEFAULT_SOURCE
#include "trainer/corpus/corpus_folder.h"

#include "core/base/utf8.h"
#include "trainer/corpus/manifest.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file in the folder that a corpus in the making doesn't have; the caller frees it.  NULL if
 * there is none. */
static char *find_other(DIR *folder)
{
    static const char *const OWN[] = { ".", "..", ".lock", MANIFEST_FILE ".part" };
    for (struct dirent *entry; (entry = readdir(folder));) {
        bool own = false;
        for (size_t i = 0; i < sizeof OWN / sizeof *OWN; i++)
            own = own || strcmp(entry->d_name, OWN[i]) == 0;
        if (own) continue;
        char *name = strdup(entry->d_name);
        if (!name) error_memory();
        return name;
    }
    return NULL;
}

bool corpus_folder_look(corpus_folder *what, const char *path, error *e)
{
    *what = FOLDER_NEW;
    if (!utf8_is(path))
        return error_usage(e, "%s: this path is not UTF-8: choose another name for the folder",
                           path);
    DIR *folder = opendir(path);
    if (!folder) return errno == ENOENT || error_set(e, "%s: %s", path, strerror(errno));
    char *other = find_other(folder);
    closedir(folder);
    bool ok = true;
    if (other) {
        const manifest_state state = manifest_look(path);
        *what = state == MANIFEST_COMPLETE ? FOLDER_CORPUS : FOLDER_BEGUN;
        ok = state != MANIFEST_NONE ||
             error_set(e,
                       "%s: this folder has files that are not a corpus's (%s): choose a new or an "
                       "empty folder",
                       path, other);
    }
    free(other);
    return ok;
}

bool corpus_folder_writable(const char *path, error *e)
{
    char *part = error_zeroed(strlen(path) + 2, 1);
    strcpy(part, path);
    struct stat s;
    /* Go up to the first folder that is there. */
    while (strcmp(part, ".") != 0 && stat(part, &s) != 0 && errno == ENOENT) {
        char *slash = strrchr(part, '/');
        if (!slash)
            strcpy(part, ".");
        else if (slash == part)
            part[1] = '\0';
        else
            *slash = '\0';
    }
    const bool same = strcmp(part, path) == 0;
    const bool ok = access(part, W_OK | X_OK) == 0;
    if (!ok && same) error_set(e, "%s: cannot write into this folder: %s", path, strerror(errno));
    if (!ok && !same)
        error_set(e, "%s: cannot make this folder in %s: %s", path, part, strerror(errno));
    free(part);
    return ok;
}
