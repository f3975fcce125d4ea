/* study_stored.c - a study by what people call it; see sweep.h. */
#define _GNU_SOURCE
#include "experiments/study_file.h"

#include "core/db/db.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool open_recorded(sweep *s, const char *name, const char *db_path, char *const *settings,
                          int n, error *e)
{
    db d;
    char *text = NULL;
    if (strchr(name, '/') || access(db_path, F_OK) != 0)
        return error_set(e, "%s: there is no such file", name);
    if (!db_open(&d, db_path, DB_READ, e)) return false;
    bool ok = db_text(&d, &text, e,
                      "SELECT spec_text FROM sweep_version JOIN sweep USING(sweep_id) WHERE name=?"
                      " ORDER BY version DESC LIMIT 1",
                      "t", name);
    if (ok && !text)
        ok = error_set(e, "%s: there is no such file, and %s has no study of this name", name,
                       db_path);
    if (ok && !sweep_recall(s, text, settings, n, e))
        ok = error_where(e, "%s, as recorded in %s", name, db_path);
    free(text);
    db_close(&d);
    return ok;
}

bool sweep_open(sweep *s, const char *name, const char *db_path, char *const *settings, int n,
                error *e)
{
    struct stat what;
    if (stat(name, &what) != 0) return open_recorded(s, name, db_path, settings, n, e);
    if (!S_ISDIR(what.st_mode)) return sweep_read(s, name, settings, n, e);
    char *path;
    if (asprintf(&path, "%s/study.yaml", name) < 0) return error_set(e, "no memory");
    const bool ok = sweep_read(s, path, settings, n, e);
    free(path);
    return ok;
}
