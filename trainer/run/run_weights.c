/* run_weights.c - what the database says of a run's weights, and whether the files agree.
 *
 * The statement is in run_weights.sql.
 */
#include "trainer/run/run_weights.h"

#include "core/base/file.h"
#include "core/base/hash.h"
#include "trainer/corpus/manifest.h"
#include "trainer/run/run_folder.h"

#include <stdlib.h>
#include <string.h>

extern const char sql_run_weights[];

static bool check_hash(const char *path, const char *sha256, error *e)
{
    char found[HASH_HEX];
    return hash_file(found, path, e) &&
           (strcmp(found, sha256) == 0 ||
            error_set(e, "%s: is not the file that was recorded (SHA-256 %.12s..., not %.12s...)",
                      path, found, sha256));
}

bool run_weights_find(run_weights *w, db *d, const char *uid, error *e)
{
    sqlite3_stmt *q;
    bool row = false;
    char *name = NULL, *sha256 = NULL;
    *w = (run_weights){ 0 };
    bool ok = db_query(d, &q, e, sql_run_weights, "t", uid) && db_next(d, q, &row, e);
    if (ok && row)
        name = db_column(q, 0), sha256 = db_column(q, 1), w->corpus_sha256 = db_column(q, 2);
    if (ok && row && !name && sqlite3_column_int(q, 4))
        ok = error_usage(e, "run %s was imported, not trained by attnlab: it has no weights", uid);
    else if (ok && !name)
        ok = error_set(e, "run %s has no weights (it is %s): it kept none, or has not saved any",
                       uid, row ? (const char *)sqlite3_column_text(q, 3) : "unknown");
    sqlite3_finalize(q);
    if (ok) {
        w->folder = run_folder_path(d, uid, NULL);
        w->file = run_folder_path(d, uid, name);
        ok = check_hash(w->file, sha256, e);
    }
    free(name), free(sha256);
    return ok;
}

void run_weights_close(run_weights *w)
{
    free(w->folder), free(w->file), free(w->corpus_sha256);
    *w = (run_weights){ 0 };
}

bool run_weights_check_corpus(const char *folder, const char *sha256, error *e)
{
    manifest m;
    if (!manifest_read(&m, folder, MANIFEST_SIZES, e)) return false;
    const bool same = !sha256 || strcmp(m.sha256, sha256) == 0;
    manifest_close(&m);
    return same || error_set(e,
                             "%s: this corpus is not the one that the run was trained on; name its "
                             "tokenizer with --tokenizer",
                             folder);
}

bool run_weights_config(config *settings, char corpus[CONFIG_PATH], const char *folder, error *e)
{
    char *path = file_path(folder, "config.yaml");
    yaml_node *file = NULL;
    const yaml_node *sweep = NULL;
    const bool ok = config_load(settings, path, &file, &sweep, e);
    yaml_close(file), free(path);
    if (!ok) return error_where(e, "the shape of the model");
    memcpy(corpus, settings->data.corpus, CONFIG_PATH);
    settings->data.corpus[0] = settings->train.init_from[0] = '\0';
    return true;
}
