/* model_source.c - finds the files and opens them.
 *
 * Neither the corpus nor train.init_from is opened: the weights are there already, and config.yaml
 * has every size of the model.
 */
#include "trainer/decode/model_source.h"

#include "core/base/file.h"
#include "core/db/db.h"
#include "trainer/config/run_spec.h"
#include "trainer/corpus/manifest.h"
#include "trainer/model/weights.h"
#include "trainer/run/run_config.h"
#include "trainer/run/run_weights.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const size_t TOKENIZER_LIMIT = (size_t)1 << 30;

static bool find_run(run_weights *w, const char *name, const char *db_path, error *e)
{
    char uid[CONFIG_UID];
    db d;
    if (!db_open(&d, db_path, DB_READ, e)) return false;
    const bool ok = run_config_find(uid, &d, name, e) && run_weights_find(w, &d, uid, e);
    db_close(&d);
    return ok;
}

static bool find(run_weights *w, const char *name, const char *db_path, error *e)
{
    struct stat s;
    const size_t n = strlen(name);
    if (stat(name, &s) == 0) {
        const bool folder = S_ISDIR(s.st_mode);
        w->folder = folder ? strdup(name) : file_folder(name);
        w->file = folder ? file_path(name, "weights.safetensors") : strdup(name);
        if (!w->folder || !w->file) error_memory();
        return true;
    }
    if (strchr(name, '/') || (n > 12 && strcmp(name + n - 12, ".safetensors") == 0))
        return error_usage(e, "%s: there is no such file or folder", name);
    return find_run(w, name, db_path, e);
}

static bool read_weights(model_source *s, char corpus[CONFIG_PATH], const run_weights *w, error *e)
{
    config settings;
    model_config shape;
    config_init(&settings);
    if (!run_weights_config(&settings, corpus, w->folder, e) ||
        !run_spec_model(&shape, &settings, e) || !model_open(&s->m, &shape, e))
        return false;
    s->precision = train_step_precision(&settings);
    s->w = tensor_block(s->m.floats);
    if (!s->w) return error_set(e, "out of memory for %zu weights", s->m.floats);
    memset(s->w, 0, s->m.floats * sizeof *s->w);
    return weights_load(s->w, &s->m, w->file, e);
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

static bool has_text(const char *corpus, error *e)
{
    manifest m;
    if (!manifest_read(&m, corpus, MANIFEST_SIZES, e)) return false;
    const bool ok = *m.model || error_usage(e, "%s: the corpus has token ids and no text", corpus);
    manifest_close(&m);
    return ok;
}

/* `any`: there may be none. */
static bool find_tokenizer(model_source *s, const run_weights *w, const char *corpus, bool any,
                           error *e)
{
    char *beside = file_path(w->folder, MANIFEST_MODEL);
    char *own = file_path(corpus, MANIFEST_MODEL);
    bool ok;
    if (access(beside, F_OK) == 0)
        ok = read_tokenizer(s, beside, e);
    else if (any && (!*corpus || access(own, F_OK) != 0))
        ok = true;
    else if (*corpus)
        ok = (run_weights_check_corpus(corpus, w->corpus_sha256, e) && has_text(corpus, e) &&
              read_tokenizer(s, own, e)) ||
             error_where(e, "the tokenizer");
    else
        ok =
            error_usage(e, "%s: there is no tokenizer.model: name one with --tokenizer", w->folder);
    free(beside), free(own);
    return ok;
}

static bool open_source(model_source *s, const char *name, const char *db_path,
                        const char *tokenizer_file, bool any, error *e)
{
    char corpus[CONFIG_PATH];
    run_weights w = { 0 };
    *s = (model_source){ 0 };
    bool ok = find(&w, name, db_path, e) && read_weights(s, corpus, &w, e);
    if (ok)
        ok = tokenizer_file ? read_tokenizer(s, tokenizer_file, e)
                            : find_tokenizer(s, &w, corpus, any, e);
    run_weights_close(&w);
    if (!ok) model_source_close(s);
    return ok;
}

bool model_source_open(model_source *s, const char *name, const char *db_path,
                       const char *tokenizer_file, error *e)
{
    return open_source(s, name, db_path, tokenizer_file, false, e);
}

bool model_source_open_any(model_source *s, const char *name, const char *db_path,
                           const char *tokenizer_file, error *e)
{
    return open_source(s, name, db_path, tokenizer_file, true, e);
}

void model_source_close(model_source *s)
{
    tokenizer_close(&s->tokenizer);
    model_close(&s->m);
    free(s->w);
    *s = (model_source){ 0 };
}
