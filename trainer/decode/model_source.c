/* model_source.c - finds the files, checks them against their hashes in the database, and opens
 * them.
 *
 * Neither the corpus nor train.init_from is opened: the weights are there already, and config.yaml
 * has every size of the model.
 */
#include "trainer/decode/model_source.h"

#include "core/base/file.h"
#include "core/base/hash.h"
#include "core/db/db.h"
#include "trainer/corpus/manifest.h"
#include "trainer/model/weights.h"
#include "trainer/run/run_config.h"
#include "trainer/run/run_folder.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const size_t TOKENIZER_LIMIT = (size_t)1 << 30;

/* Where everything is; the caller frees it. */
typedef struct places {
    char *folder, *weights; /* of config.yaml; the file      */
    char *corpus_sha256;    /* that the run had; NULL: unknown */
} places;

static void places_close(places *p)
{
    free(p->folder), free(p->weights), free(p->corpus_sha256);
}

/* The newest weights of a run. */
static bool find_newest(places *p, db *d, const char *uid, error *e)
{
    sqlite3_stmt *q;
    bool row = false;
    char *file = NULL, *sha256 = NULL, found[HASH_HEX];
    if (!db_query(d, &q, e,
                  "SELECT c.file, c.sha256, s.sha256 FROM run r JOIN ckpt c USING(run_id)"
                  " JOIN config k USING(config_id) LEFT JOIN dataset s USING(dataset_id)"
                  " WHERE r.run_uid=? ORDER BY c.step DESC LIMIT 1",
                  "t", uid))
        return false;
    bool ok = db_next(d, q, &row, e);
    if (ok && row)
        file = db_column(q, 0), sha256 = db_column(q, 1), p->corpus_sha256 = db_column(q, 2);
    sqlite3_finalize(q);
    if (ok && !row)
        ok = error_set(e, "run %s has no weights: it has not saved any yet, or train.keep is none",
                       uid);
    if (ok) {
        p->folder = run_folder_path(d, uid, NULL);
        p->weights = run_folder_path(d, uid, file);
        ok = hash_file(found, p->weights, e);
        if (ok && strcmp(found, sha256) != 0)
            ok = error_set(e,
                           "%s: is not the file that was recorded (SHA-256 %.12s..., not %.12s...)",
                           p->weights, found, sha256);
    }
    free(file), free(sha256);
    return ok;
}

static bool find_run(places *p, const char *name, const char *db_path, error *e)
{
    char uid[CONFIG_UID];
    db d;
    if (!db_open(&d, db_path, DB_READ, e)) return false;
    const bool ok = run_config_find(uid, &d, name, e) && find_newest(p, &d, uid, e);
    db_close(&d);
    return ok;
}

static bool find(places *p, const char *name, const char *db_path, error *e)
{
    struct stat s;
    const size_t n = strlen(name);
    if (stat(name, &s) == 0) {
        const bool folder = S_ISDIR(s.st_mode);
        p->folder = folder ? strdup(name) : file_folder(name);
        p->weights = folder ? manifest_path(name, "weights.safetensors") : strdup(name);
        if (!p->folder || !p->weights) error_memory();
        return true;
    }
    if (strchr(name, '/') || (n > 12 && strcmp(name + n - 12, ".safetensors") == 0))
        return error_usage(e, "%s: there is no such file or folder", name);
    return find_run(p, name, db_path, e);
}

/* The configuration without its corpus, whose path is kept. */
static bool read_config(model_source *s, char corpus[CONFIG_PATH], const char *folder, error *e)
{
    config *settings = &s->spec->config;
    char *path = manifest_path(folder, "config.yaml");
    yaml_node *file = NULL;
    const yaml_node *sweep = NULL;
    config_init(settings);
    const bool ok = config_load(settings, path, &file, &sweep, e);
    yaml_close(file), free(path);
    if (!ok) return error_where(e, "the shape of the model");
    memcpy(corpus, settings->data.corpus, CONFIG_PATH);
    settings->data.corpus[0] = settings->train.init_from[0] = '\0';
    return run_spec_resolve(s->spec, settings, e);
}

static bool read_weights(model_source *s, const char *path, error *e)
{
    if (!model_open(&s->m, &s->spec->model, e)) return false;
    s->w = tensor_block(s->m.floats);
    if (!s->w) return error_set(e, "out of memory for %zu weights", s->m.floats);
    memset(s->w, 0, s->m.floats * sizeof *s->w);
    return weights_load(s->w, &s->m, path, e);
}

static bool read_tokenizer(model_source *s, const char *path, error *e)
{
    char *bytes;
    size_t n;
    if (!file_read(&bytes, &n, path, TOKENIZER_LIMIT, e)) return false;
    const bool ok = tokenizer_open(&s->tokenizer, bytes, n, e) || error_where(e, "%s", path);
    free(bytes);
    if (!ok || s->tokenizer.V == s->m.config.V) return ok;
    return error_set(e, "%s: this tokenizer has %d pieces, but the model's vocabulary has %d", path,
                     s->tokenizer.V, s->m.config.V);
}

/* Is the corpus still the one of the run?  Unknown counts as yes. */
static bool check_corpus(const char *corpus, const char *sha256, error *e)
{
    manifest m;
    if (!manifest_read(&m, corpus, MANIFEST_SIZES, e)) return false;
    const bool same = !sha256 || strcmp(m.sha256, sha256) == 0;
    manifest_close(&m);
    return same || error_set(e,
                             "%s: this corpus is not the one that the run was trained on; name its "
                             "tokenizer with --tokenizer",
                             corpus);
}

static bool find_tokenizer(model_source *s, const places *p, const char *corpus, error *e)
{
    char *beside = manifest_path(p->folder, MANIFEST_MODEL);
    char *own = manifest_path(corpus, MANIFEST_MODEL);
    bool ok;
    if (access(beside, F_OK) == 0)
        ok = read_tokenizer(s, beside, e);
    else if (*corpus)
        ok = (check_corpus(corpus, p->corpus_sha256, e) && read_tokenizer(s, own, e)) ||
             error_where(e, "the tokenizer");
    else
        ok =
            error_usage(e, "%s: there is no tokenizer.model: name one with --tokenizer", p->folder);
    free(beside), free(own);
    return ok;
}

bool model_source_open(model_source *s, const char *name, const char *db_path,
                       const char *tokenizer_file, error *e)
{
    char corpus[CONFIG_PATH];
    places p = { 0 };
    *s = (model_source){ .spec = error_zeroed(1, sizeof *s->spec) };
    bool ok = find(&p, name, db_path, e) && read_config(s, corpus, p.folder, e) &&
              read_weights(s, p.weights, e);
    if (ok)
        ok = tokenizer_file ? read_tokenizer(s, tokenizer_file, e)
                            : find_tokenizer(s, &p, corpus, e);
    places_close(&p);
    if (!ok) model_source_close(s);
    return ok;
}

void model_source_close(model_source *s)
{
    tokenizer_close(&s->tokenizer);
    model_close(&s->m);
    free(s->w), free(s->spec);
    *s = (model_source){ 0 };
}
