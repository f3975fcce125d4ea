/* bundle.c - a model in memory and as a folder.
 *
 * The shape is a configuration's model.* keys, resolved by the same code as a run's, so a bundle
 * never has a shape that could not be trained.
 */
#include "trainer/interchange/bundle.h"

#include "core/base/file.h"
#include "core/base/growing.h"
#include "core/base/number.h"
#include "trainer/corpus/sentencepiece.h"
#include "trainer/interchange/folder_draft.h"
#include "trainer/model/weights.h"
#include "trainer/run/run_weights.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool bundle_open(bundle *b, size_t most, error *e)
{
    model_config shape;
    if (!run_spec_model(&shape, &b->settings, e) || !model_open(&b->m, &shape, e)) return false;
    if (most && b->m.floats > most)
        return error_set(e, "a model of this shape has %zu weights, but the file has room for %zu",
                         b->m.floats, most);
    b->w = calloc(b->m.floats + 1, sizeof *b->w);
    return b->w || error_set(e, "out of memory: the weights need %.1f MB",
                             (double)b->m.floats * sizeof *b->w * 1e-6);
}

void bundle_close(bundle *b)
{
    model_close(&b->m);
    pieces_close(&b->pieces);
    notes_close(&b->notes);
    free(b->w), free(b->tokenizer), free(b->name), free(b->card);
    *b = (bundle){ 0 };
}

void bundle_begin(bundle *b, const char *path)
{
    const char *slash = strrchr(path, '/');
    *b = (bundle){ .name = strdup(slash && slash[1] ? slash + 1 : path), .card = strdup("") };
    if (!b->name || !b->card) error_memory();
    config_init(&b->settings);
}

bool bundle_set_text(bundle *b, const char *key, const char *value, error *e)
{
    char text[CONFIG_PATH];
    snprintf(text, sizeof text, "%s=%s", key, value);
    return config_override(&b->settings, text, e);
}

bool bundle_set_whole(bundle *b, const char *key, int64_t value, error *e)
{
    char text[32];
    snprintf(text, sizeof text, "%" PRId64, value);
    return bundle_set_text(b, key, text, e);
}

bool bundle_set_real(bundle *b, const char *key, double value, error *e)
{
    char text[NUMBER_TEXT];
    number_print(text, value);
    return bundle_set_text(b, key, text, e);
}

bool bundle_set_attention(bundle *b, int64_t H, int64_t G, int64_t window, error *e)
{
    char spec[96];
    if (G < 1 || H % G) /* the caller has checked that H is a number of heads */
        return error_set(e, "%" PRId64 " key/value heads do not divide %" PRId64 " heads", G, H);
    if (window > 0)
        snprintf(spec, sizeof spec, "window:size=%" PRId64 ":n_kv_heads=%" PRId64, window, G);
    else
        snprintf(spec, sizeof spec, "gqa:n_kv_heads=%" PRId64, G);
    return bundle_set_text(b, "model.attention", spec, e);
}

int bundle_find(const bundle *b, const char *name)
{
    for (int i = 0; i < b->m.n; i++)
        if (strcmp(b->m.tensor[i].name, name) == 0) return i;
    return -1;
}

bool bundle_take_tokenizer(bundle *b, char *bytes, size_t n, error *e)
{
    pieces p;
    sp *library = NULL;
    bool ok = sp_open(&library, bytes, n, e) && pieces_read(&p, bytes, n, e);
    sp_close(library);
    if (ok && p.n > b->m.config.V) {
        ok = error_usage(e, "the tokenizer has %d pieces, but the model's vocabulary has %d", p.n,
                         b->m.config.V);
        pieces_close(&p);
    }
    if (!ok) {
        free(bytes);
        return false;
    }
    b->tokenizer = bytes, b->tokenizer_bytes = n, b->pieces = p;
    return true;
}

void bundle_note_not_finite(bundle *b)
{
    int bad = 0, first = 0;
    size_t values = 0;
    for (int i = 0; i < b->m.n; i++) {
        const float *w = bundle_weights(b, i);
        size_t here = 0;
        for (size_t k = 0; k < b->m.tensor[i].n; k++) here += !isfinite(w[k]);
        if (here && !bad++) first = i;
        values += here;
    }
    if (bad)
        notes_add(&b->notes, NOTE_WARNING,
                  "%zu weights are NaN or infinite, in %d tensor%s; the first is %s.", values, bad,
                  bad == 1 ? "" : "s", b->m.tensor[first].name);
}

/* Read a model file into the bundle. */
static bool read_tokenizer(bundle *b, const char *path, error *e)
{
    enum { MOST = 1 << 28 };
    char *bytes;
    size_t n;
    return file_read(&bytes, &n, path, MOST, e) &&
           (bundle_take_tokenizer(b, bytes, n, e) || error_where(e, "%s", path));
}

/* The tokenizer beside the weights, or that of the corpus. */
static bool find_tokenizer(bundle *b, const char *folder, const char *corpus, error *e)
{
    char *beside = file_path(folder, BUNDLE_TOKENIZER), *own = file_path(corpus, BUNDLE_TOKENIZER);
    bool ok = true;
    if (access(beside, F_OK) == 0)
        ok = read_tokenizer(b, beside, e);
    else if (*corpus && access(own, F_OK) == 0)
        ok = read_tokenizer(b, own, e);
    else
        notes_add(&b->notes, NOTE_WARNING,
                  *corpus
                      ? "The corpus %s is not there or has no tokenizer. Name one with --tokenizer."
                      : "There is no tokenizer beside the weights%s. Name one with "
                        "--tokenizer.",
                  corpus);
    free(beside), free(own);
    return ok;
}

bool bundle_load(bundle *b, char corpus[CONFIG_PATH], const char *path, const char *tokenizer,
                 error *e)
{
    char *inside = file_path(path, BUNDLE_CONFIG);
    const bool is_folder = access(inside, F_OK) == 0;
    char *folder = is_folder ? strdup(path) : file_folder(path);
    char *weights = is_folder ? file_path(path, BUNDLE_WEIGHTS) : strdup(path);
    if (!folder || !weights) error_memory();
    bundle_begin(b, path);
    bool ok = run_weights_config(&b->settings, corpus, folder, e) && bundle_open(b, 0, e) &&
              weights_load(b->w, &b->m, weights, e);
    if (ok) ok = tokenizer ? read_tokenizer(b, tokenizer, e) : find_tokenizer(b, folder, corpus, e);
    if (ok) bundle_note_not_finite(b);
    free(inside), free(folder), free(weights);
    if (!ok) bundle_close(b);
    return ok;
}

/* --- saving ----------------------------------------------------------------------------------- */

/* The keys model.*, and where the weights are. */
static char *config_text(const bundle *b, const char *maker, const char *origin)
{
    char mark[FILE_MARK], value[CONFIG_VALUE];
    growing text;
    growing_open(&text);
    file_mark(mark, maker);
    fprintf(text.f, "# %s\n# %s\n", mark, origin);
    fputs("# To train on: attnlab train THIS_FILE data.corpus=DIR train.tokens=N\nmodel:\n",
          text.f);
    for (const config_key *key = config_keys; key->name; key++) {
        static const char SECTION[] = "model.";
        if (strncmp(key->name, SECTION, strlen(SECTION)) != 0) continue;
        config_value(value, sizeof value, &b->settings, key);
        const bool quoted = key->type == CONFIG_SPECS && b->settings.model.attention.n == 1;
        fprintf(text.f, quoted ? "  %s: \"%s\"\n" : "  %s: %s\n", key->name + strlen(SECTION),
                value);
    }
    fputs("train:\n  init_from: " BUNDLE_WEIGHTS "\n", text.f);
    return growing_close(&text);
}

static bool save_weights(const bundle *b, const char *path, error *e)
{
    static const char *const METADATA[] = { "format", "pt", NULL };
    safetensors_tensor *list = error_zeroed((size_t)b->m.n, sizeof *list);
    char sha256[HASH_HEX];
    for (int i = 0; i < b->m.n; i++)
        list[i] = weights_entry(b->m.tensor[i].name, &b->m.tensor[i].spec, bundle_weights(b, i));
    const bool ok = safetensors_save(path, list, b->m.n, METADATA, sha256, NULL, e);
    free(list);
    return ok;
}

bool bundle_save(const bundle *b, const char *path, const char *origin, error *e)
{
    static const char *const NAMES[] = { BUNDLE_CONFIG, BUNDLE_WEIGHTS, BUNDLE_TOKENIZER, NULL };
    static const char MAKER[] = "attnlab import";
    folder_draft d;
    if (!folder_draft_open(&d, path, MAKER, BUNDLE_CONFIG, NAMES, e)) return false;
    char *text = config_text(b, MAKER, origin), *weights = folder_draft_file(&d, BUNDLE_WEIGHTS);
    bool ok =
        folder_draft_put(&d, BUNDLE_CONFIG, text, strlen(text), e) && save_weights(b, weights, e);
    if (ok && b->tokenizer)
        ok = folder_draft_put(&d, BUNDLE_TOKENIZER, b->tokenizer, b->tokenizer_bytes, e);
    free(text), free(weights);
    if (ok) return folder_draft_close(&d, e);
    folder_draft_drop(&d);
    return false;
}

/* --- what other programs call the attention ----------------------------------------------------
 */

/* One layer's; fails on every option but those two that isn't at its default. */
static bool layer_attention(bundle_attention *a, const bundle *b, int layer, error *e)
{
    const model_config *c = &b->m.config;
    const attn_variant *v = c->layer[layer].variant;
    const double *opt = c->layer[layer].opt;
    static const char *const KNOWN[] = { "mha", "mqa", "gqa", "window" };
    bool known = false;
    *a = (bundle_attention){ 0 };
    for (size_t i = 0; i < sizeof KNOWN / sizeof *KNOWN; i++)
        known = known || strcmp(v->name, KNOWN[i]) == 0;
    if (!known)
        return error_usage(e,
                           "layer %d has attention '%s'; only mha, mqa, gqa and window exist "
                           "outside attnlab",
                           layer, v->name);
    for (int i = 0; v->options && v->options[i].name; i++) {
        const attn_option *o = &v->options[i];
        if (strcmp(o->name, "n_kv_heads") == 0)
            a->n_kv_heads = (int)opt[i];
        else if (strcmp(o->name, "size") == 0)
            a->window = opt[i] < INT_MAX ? (int)opt[i] : 0;
        else if (opt[i] != o->value)
            return error_usage(e,
                               "layer %d has attention '%s' with %s=%g, which does not exist "
                               "outside attnlab",
                               layer, v->name, o->name, opt[i]);
    }
    return true;
}

bool bundle_attention_of(bundle_attention *a, const bundle *b, error *e)
{
    if (!layer_attention(a, b, 0, e)) return false;
    for (int layer = 1; layer < b->m.config.L; layer++) {
        bundle_attention other;
        if (!layer_attention(&other, b, layer, e)) return false;
        if (other.n_kv_heads != a->n_kv_heads || other.window != a->window)
            return error_usage(e, "layers 0 and %d have different attention", layer);
    }
    return true;
}
