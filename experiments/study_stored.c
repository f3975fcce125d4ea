/* study_stored.c - a study by the name that the user gave: a file, a folder, or a study in the
 * database, whose newest version holds its text and the settings of its command line. */
#define _GNU_SOURCE /* asprintf */
#include "experiments/study_stored.h"

#include "core/db/db.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A stored text does not say in which folder its file lay, so a relative data.corpus is taken from
 * the runs that were planned, unless the command line sets it. */
static bool recall_corpus(study_file *s, db *d, const char *name, char *const *settings, int n,
                          error *e)
{
    static const char KEY[] = "data.corpus=";
    char *path;
    for (int i = 0; i < n; i++)
        if (strncmp(settings[i], KEY, sizeof KEY - 1) == 0) return true;
    if (!*s->base.data.corpus || *s->base.data.corpus == '/') return true;
    if (!db_text(d, &path, e,
                 "SELECT max(path) FROM dataset JOIN config USING(dataset_id) JOIN arm"
                 " USING(config_id) JOIN sweep USING(sweep_id) WHERE name=? AND dropped=0"
                 " HAVING count(DISTINCT dataset_id) = 1",
                 "t", name))
        return false;
    if (path && strlen(path) < CONFIG_PATH && access(path, F_OK) == 0)
        strcpy(s->base.data.corpus, path);
    free(path);
    return true;
}

/* What the newest version of a study has for text and settings; *text is NULL if there is no such
 * study.  The caller frees the text and each of the *kept settings; there is room for n more. */
static bool read_stored(char **text, char ***settings, int *kept, int n, db *d, const char *name,
                        error *e)
{
    sqlite3_stmt *q;
    bool row = true;
    *settings = error_zeroed((size_t)n + 1, sizeof **settings);
    *kept = 0;
    if (!db_text(d, text, e,
                 "SELECT spec_text FROM sweep_version JOIN sweep USING(sweep_id) WHERE name=?"
                 " ORDER BY version DESC LIMIT 1",
                 "t", name) ||
        !db_query(d, &q, e,
                  "SELECT value FROM json_each((SELECT settings_json FROM sweep_version JOIN sweep"
                  " USING(sweep_id) WHERE name=? ORDER BY version DESC LIMIT 1))",
                  "t", name))
        return false;
    bool ok = true;
    while (ok && (ok = db_next(d, q, &row, e)) && row) {
        char **more = realloc(*settings, (size_t)(*kept + n + 2) * sizeof *more);
        if (!more) error_memory();
        *settings = more;
        more[*kept] = strdup((const char *)sqlite3_column_text(q, 0));
        if (!more[(*kept)++]) error_memory();
    }
    sqlite3_finalize(q);
    return ok;
}

bool study_stored_recall(study_file *s, const char *name, const char *db_path,
                         char *const *settings, int n, error *e)
{
    db d;
    char *text = NULL, **all = NULL;
    int kept = 0;
    if (strchr(name, '/') || access(db_path, F_OK) != 0)
        return error_set(e, "%s: no such file", name);
    if (!db_open(&d, db_path, DB_READ, e)) return false;
    bool ok = read_stored(&text, &all, &kept, n, &d, name, e);
    if (ok && !text)
        ok = error_set(e, "%s: no such file, and %s has no study of this name", name, db_path);
    int64_t imported = 0;
    ok =
        ok && db_integer(&d, &imported, 0, e,
                         "SELECT 1 FROM import JOIN sweep USING(sweep_id) WHERE name=?", "t", name);
    if (ok && imported)
        ok = error_usage(e, "the study '%s' was imported: attnlab can't train it", name);
    if (ok) {
        if (n) memcpy(all + kept, settings, (size_t)n * sizeof *all);
        ok = study_file_recall(s, text, all, kept, kept + n, e) ||
             error_where(e, "%s, as stored in %s", name, db_path);
        if (ok && !recall_corpus(s, &d, name, all, kept + n, e)) {
            study_file_close(s);
            ok = false;
        }
    }
    for (int i = 0; i < kept; i++) free(all[i]);
    free(all), free(text);
    db_close(&d);
    if (ok) s->db = db_path;
    return ok;
}

static bool open_file(study_file *s, const char *name, char *const *settings, int n, error *e)
{
    struct stat what;
    if (stat(name, &what) != 0) return error_set(e, "%s: no such file", name);
    if (!S_ISDIR(what.st_mode)) return study_file_read(s, name, settings, n, e);
    char *path;
    if (asprintf(&path, "%s/study.yaml", name) < 0) return error_set(e, "out of memory");
    const bool ok = study_file_read(s, path, settings, n, e);
    free(path);
    return ok;
}

bool study_stored_open(study_file *s, const char *name, const char *db_path, char *const *settings,
                       int n, error *e)
{
    if (access(name, F_OK) != 0) return study_stored_recall(s, name, db_path, settings, n, e);
    if (!open_file(s, name, settings, n, e)) return false;
    s->db = db_path;
    return true;
}
