/* lookup.c - studies and runs by what people call them.
 *
 * A word with a slash, or one that ends in .yaml or .yml, is a path; any other is a name in the
 * database.  A file is read only for sweep.name.
 */
#include "analysis/data/lookup.h"

#include "core/base/file.h"
#include "core/base/study_name.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool is_path(const char *text)
{
    return strchr(text, '/') || file_ends_in(text, ".yaml") || file_ends_in(text, ".yml");
}

/* The name that a study file, or study.yaml in a folder, gives its study. */
static bool name_in_file(char name[STUDY_NAME], const char *place, error *e)
{
    struct stat what;
    char path[4096];
    yaml_node *root;
    const bool folder = stat(place, &what) == 0 && S_ISDIR(what.st_mode);
    snprintf(path, sizeof path, "%s%s", place, folder ? "/study.yaml" : "");
    if (!yaml_read(&root, path, e)) return false;
    const bool ok = study_name_read(name, root, e) && (*name || study_name_missing(path, e));
    yaml_close(root);
    return ok;
}

/* The name of the study: the word itself, or what the file says.  The caller frees it. */
static bool study_name(char **name, const char *text, error *e)
{
    char found[STUDY_NAME];
    if (is_path(text) && !name_in_file(found, text, e)) return false;
    *name = strdup(is_path(text) ? found : text);
    if (!*name) error_memory();
    return true;
}

bool lookup_study_maybe(db *d, int64_t *sweep_id, const char *name, error *e)
{
    char *known;
    if (!study_name(&known, name, e)) return false;
    const bool ok =
        db_integer(d, sweep_id, 0, e, "SELECT sweep_id FROM sweep WHERE name=?", "t", known);
    free(known);
    return ok;
}

bool lookup_study(db *d, int64_t *sweep_id, const char *name, error *e)
{
    if (!lookup_study_maybe(d, sweep_id, name, e)) return false;
    if (*sweep_id) return true;
    char *known, *others;
    if (!study_name(&known, name, e)) return false;
    if (!db_text(d, &others, e, "SELECT group_concat(name, ', ') FROM sweep", NULL)) {
        free(known);
        return false;
    }
    if (others)
        error_usage(e, "%s: no study '%s'; it has %.300s", d->path, known, others);
    else
        error_usage(e, "%s: no study '%s': it has no study yet", d->path, known);
    free(known), free(others);
    return false;
}

bool lookup_run_maybe(db *d, int64_t *run_id, const char *prefix, error *e)
{
    *run_id = 0;
    const size_t n = strlen(prefix);
    if (n == 0 || prefix[strspn(prefix, "0123456789abcdef")]) return true;
    int64_t found;
    if (!db_integer(d, &found, 0, e, "SELECT count(*) FROM run WHERE substr(run_uid, 1, ?)=?", "nt",
                    (int)n, prefix))
        return false;
    if (found > 1)
        return error_usage(e, "%s: %lld runs start with '%s': give more characters", d->path,
                           (long long)found, prefix);
    return db_integer(d, run_id, 0, e, "SELECT run_id FROM run WHERE substr(run_uid, 1, ?)=?", "nt",
                      (int)n, prefix);
}
