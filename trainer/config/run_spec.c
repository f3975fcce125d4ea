/* run_spec.c - what keys say together: derived values, and the checks that one key alone can't
 * make.
 *
 * A resolved run can be planned, named and trained.
 */
#include "trainer/config/run_spec.h"

#include "trainer/config/run_paths.h"
#include "trainer/corpus/corpus.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FFN_MULTIPLE = 32 };

static bool derived(const config *settings, const char *name)
{
    return !config_given(settings, config_find(name));
}

/* Llama's rule for SwiGLU: 2/3 of 4 dim (Touvron et al. 2023). */
static int64_t ffn_of(int64_t dim)
{
    const int64_t f = 8 * dim / 3;
    return (f + FFN_MULTIPLE - 1) / FFN_MULTIPLE * FFN_MULTIPLE;
}

/* Say which key names what could not be read, for the reason in e. */
static bool unreadable(const config *settings, const char *name, error *e)
{
    const error why = *e;
    config_error(settings, name, e, "%.400s", why.msg);
    e->status = why.status;
    return false;
}

/* What the manifest says. */
static bool resolve_corpus(config *settings, run_corpus *out, error *e)
{
    corpus text;
    settings->corpus_sha256[0] = '\0';
    if (!*settings->data.corpus) return true;
    if (!run_paths_resolve(settings, settings->data.corpus, "data.corpus", e)) return false;
    if (!corpus_open(&text, settings->data.corpus, CORPUS_MANIFEST, e))
        return unreadable(settings, "data.corpus", e);
    memcpy(settings->corpus_sha256, text.sha256, HASH_HEX);
    *out = (run_corpus){ .vocab_size = text.vocab_size,
                         .train_tokens = text.train.n_tokens,
                         .train_bytes = text.train.n_bytes,
                         .val_tokens = text.val.n_tokens,
                         .val_bytes = text.val.n_bytes,
                         .item_tokens = text.item_tokens };
    corpus_close(&text);
    return true;
}

/* A sequence holds whole items of a generated corpus, or answers would be cut off from what gives
 * them away. */
static bool check_items(const config *settings, const run_corpus *text, error *e)
{
    const config_counts *lengths = &settings->eval.context;
    static const char WHY[] = "%lld is not a multiple of %d, the length of an item of %s";
    if (text->item_tokens == 0) return true;
    if (settings->model.context % text->item_tokens)
        return config_error(settings, "model.context", e, WHY, (long long)settings->model.context,
                            text->item_tokens, settings->data.corpus);
    for (int i = 0; i < lengths->n; i++)
        if (lengths->item[i] % text->item_tokens)
            return config_error(settings, "eval.context", e, WHY, (long long)lengths->item[i],
                                text->item_tokens, settings->data.corpus);
    return true;
}

/* Is there enough text?  One more token than positions, since each predicts the next. */
static bool check_text(const config *settings, const run_corpus *text, error *e)
{
    const config_counts *lengths = &settings->eval.context;
    const int64_t longest = lengths->item[lengths->n - 1];
    if (!check_items(settings, text, e)) return false;
    if (text->train_tokens <= settings->data.span)
        return config_error(
            settings, derived(settings, "data.span") ? "model.context" : "data.span", e,
            "%lld, but the training text of %s has only %lld tokens",
            (long long)settings->data.span, settings->data.corpus, (long long)text->train_tokens);
    if (text->val_tokens <= longest)
        return config_error(settings,
                            derived(settings, "eval.context") ? "model.context" : "eval.context", e,
                            "%lld, but the held-out text of %s has only %lld tokens",
                            (long long)longest, settings->data.corpus, (long long)text->val_tokens);
    return true;
}

static bool resolve_vocabulary(config *settings, const run_corpus *text, error *e)
{
    if (!*settings->data.corpus) {
        if (!derived(settings, "model.vocab_size")) return true;
        return config_error(
            settings, "model.vocab_size", e,
            "not set: set it, or set data.corpus to a folder made by `attnlab prepare`");
    }
    if (derived(settings, "model.vocab_size")) settings->model.vocab_size = text->vocab_size;
    if (settings->model.vocab_size < text->vocab_size)
        return config_error(settings, "model.vocab_size", e,
                            "%lld, but %s has %d pieces: omit this key to use those",
                            (long long)settings->model.vocab_size, settings->data.corpus,
                            text->vocab_size);
    return true;
}

static bool resolve_sizes(config *settings, error *e)
{
    const int64_t dim = settings->model.dim, heads = settings->model.n_heads;
    if (derived(settings, "model.head_dim")) {
        if (dim % heads)
            return config_error(settings, "model.n_heads", e,
                                "%lld does not divide model.dim %lld: change one of them, or set "
                                "model.head_dim",
                                (long long)heads, (long long)dim);
        settings->model.head_dim = dim / heads;
    }
    if (settings->model.token_shift != TOKEN_SHIFT_NONE && dim % 2)
        return config_error(settings, "model.token_shift", e,
                            "half exchanges the two halves of the channels: model.dim %lld must be "
                            "even",
                            (long long)dim);
    if (derived(settings, "model.ffn_dim")) settings->model.ffn_dim = ffn_of(dim);
    const rope_scaling *scaling = rope_scalings[settings->model.rope_scaling];
    if (derived(settings, "model.rope_original_context") || !scaling->reads_original_context)
        settings->model.rope_original_context = settings->model.context;
    if (!scaling->reads_factor)
        settings->model.rope_factor = 1;
    else if (derived(settings, "model.rope_factor"))
        return config_error(settings, "model.rope_scaling", e,
                            "%s needs model.rope_factor: without it, it scales nothing (to have "
                            "just that, set model.rope_factor=1)",
                            scaling->name);
    return true;
}

/* The spec of a layer, parsed for the dimensions that the layer has. */
static bool parse_spec(const attn_variant **v, attn_dims *d, const config *settings, int layer,
                       int T, error *e)
{
    const config_specs *s = &settings->model.attention;
    *d = (attn_dims){ .B = 1,
                      .T = T,
                      .S = T,
                      .D = (int)settings->model.dim,
                      .H = (int)settings->model.n_heads,
                      .E = (int)settings->model.head_dim,
                      .layer = layer,
                      .L = (int)settings->model.n_layers };
    const char *spec = s->item[layer % s->n];
    error why;
    return attn_parse(spec, v, d, &why) ||
           config_error(settings, "model.attention", e, "'%s': %s", spec, why.msg);
}

/* A layer that uses another's keys and values needs one of the same kind there. */
static bool check_source(const config *settings, const attn_variant *v, const attn_dims *d,
                         const char *spec, error *e)
{
    const attn_variant *u;
    attn_dims there;
    char other[ATTN_SPEC];
    const int source = attn_source(v, d);
    if (source == d->layer) return true;
    if (!parse_spec(&u, &there, settings, source, d->T, e)) return false;
    attn_describe(other, u, &there);
    return strcmp(spec, other) == 0 ||
           config_error(
               settings, "model.attention", e,
               "layer %d (%s) uses the keys and values of layer %d, which is %s: both must "
               "be the same",
               d->layer, spec, source, other);
}

static void rope_of(rope_config *r, const config *settings)
{
    *r = (rope_config){ .theta = settings->model.rope_theta,
                        .scaling = rope_scalings[settings->model.rope_scaling],
                        .factor = settings->model.rope_factor,
                        .original_context = (int)settings->model.rope_original_context };
}

/* The canonical spec of every layer, and the shortest list that, tiled, gives them. */
static bool resolve_attention(config *settings, error *e)
{
    config_specs canonical = { .n = settings->model.attention.n };
    const int L = (int)settings->model.n_layers, n = canonical.n;
    rope_config rotation;
    rope_of(&rotation, settings);
    if (n > L)
        return config_error(settings, "model.attention", e, "%d values given for %d layers", n, L);
    for (int i = 0; i < L; i++) {
        const attn_variant *v;
        attn_dims d;
        char spec[ATTN_SPEC];
        if (!parse_spec(&v, &d, settings, i, (int)settings->model.context, e)) return false;
        attn_describe(spec, v, &d);
        if (!check_source(settings, v, &d, spec, e)) return false;
        if (i < n) memcpy(canonical.item[i], spec, sizeof spec);
        const int width = attn_rotary(v, &d);
        error why;
        if (width > 0 && !rope_check(&rotation, width, &why))
            return config_error(settings,
                                rotation.scaling == &rope_none ? "model.rope_theta"
                                                               : "model.rope_scaling",
                                e, "%s", why.msg);
    }
    for (int period = 1; period <= n; period++) {
        bool same = true;
        for (int i = 0; i < L; i++)
            same = same && strcmp(canonical.item[i % n], canonical.item[i % period]) == 0;
        if (!same) continue;
        for (int i = period; i < n; i++) memset(canonical.item[i], 0, ATTN_SPEC);
        canonical.n = period;
        break;
    }
    settings->model.attention = canonical;
    return true;
}

/* The last part of warm-up, stable, decay; no other schedule reads it. */
static bool resolve_decay(config *settings, error *e)
{
    const int64_t most = settings->train.tokens - settings->train.warmup_tokens;
    if (settings->train.schedule != SCHEDULE_WSD) {
        settings->train.decay_tokens = 0;
        return true;
    }
    if (!settings->train.decay_tokens) {
        settings->train.decay_tokens = (settings->train.tokens + 4) / 5;
        if (settings->train.decay_tokens > most) settings->train.decay_tokens = most;
    }
    return settings->train.decay_tokens <= most ||
           config_error(settings, "train.decay_tokens", e,
                        "%lld, but %lld of train.tokens %lld are left after the warm-up",
                        (long long)settings->train.decay_tokens, (long long)most,
                        (long long)settings->train.tokens);
}

/* Text in tokens: a batch is spans, a span is sequences. */
static bool resolve_training(config *settings, error *e)
{
    const int64_t T = settings->model.context, tokens = settings->train.tokens;
    const bool alone = derived(settings, "data.span");
    if (alone) settings->data.span = T;
    if (settings->data.span % T)
        return config_error(settings, "data.span", e,
                            "%lld is not a multiple of model.context %lld",
                            (long long)settings->data.span, (long long)T);
    if (settings->train.batch_tokens % settings->data.span)
        return config_error(settings, "train.batch_tokens", e, "%lld is not a multiple of %s %lld",
                            (long long)settings->train.batch_tokens,
                            alone ? "model.context" : "data.span", (long long)settings->data.span);
    if (settings->tokens_of_source)
        return config_error(settings, "train.tokens", e,
                            "%g%% of what: that is a part of the tokens that a run was trained on, "
                            "so train.init_from must name a run or the arm of a study",
                            settings->tokens_percent);
    if (tokens == 0 && !*settings->train.init_from)
        return config_error(settings, "train.tokens", e,
                            "0: nothing would be trained; only a run that starts from others' "
                            "weights (train.init_from) may have none of its own");
    if (derived(settings, "train.warmup_tokens") || tokens == 0)
        settings->train.warmup_tokens = tokens / 20;
    if (tokens > 0 && settings->train.warmup_tokens >= tokens)
        return config_error(settings, "train.warmup_tokens", e,
                            "%lld is not below train.tokens %lld",
                            (long long)settings->train.warmup_tokens, (long long)tokens);
    if (!resolve_decay(settings, e)) return false;
    if (derived(settings, "train.save_every_tokens"))
        settings->train.save_every_tokens = tokens > 0 ? (tokens + 9) / 10 : 1;
    if (derived(settings, "eval.every_tokens"))
        settings->eval.every_tokens = tokens > 0 ? (tokens + 9) / 10 : 1;
    return true;
}

static int by_length(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* The lengths are a set: sorted, each once. */
static bool resolve_evaluation(config *settings, error *e)
{
    config_counts *s = &settings->eval.context;
    if (derived(settings, "eval.context")) *s = (config_counts){ 1, { settings->model.context } };
    qsort(s->item, (size_t)s->n, sizeof *s->item, by_length);
    int n = 1;
    for (int i = 1; i < s->n; i++)
        if (s->item[i] != s->item[n - 1]) s->item[n++] = s->item[i];
    for (int i = n; i < s->n; i++) s->item[i] = 0;
    s->n = n;

    const int64_t longest = s->item[n - 1], stride = settings->eval.stride;
    for (int i = 0; i < n; i++) {
        if (longest % s->item[i])
            return config_error(settings, "eval.context", e,
                                "%lld does not divide the largest, %lld", (long long)s->item[i],
                                (long long)longest);
        if (stride && s->item[i] % stride)
            return config_error(settings, "eval.stride", e, "%lld does not divide the length %lld",
                                (long long)stride, (long long)s->item[i]);
    }
    if (settings->eval.tokens && settings->eval.tokens < longest)
        return config_error(settings, "eval.tokens", e, "%lld is less than one window of %lld",
                            (long long)settings->eval.tokens, (long long)longest);
    return true;
}

static bool resolve_tasks(config *settings, error *e)
{
    if (derived(settings, "eval.tasks_context"))
        settings->eval.tasks_context = settings->model.context;
    for (int i = 0; i < settings->eval.tasks.n; i++)
        if (!run_paths_resolve(settings, settings->eval.tasks.item[i], "eval.tasks", e))
            return false;
    return true;
}

/* The weights in a folder that Hugging Face Transformers or `attnlab import` wrote. */
static bool enter_folder(config *settings, error *e)
{
    static const char *const NAMES[] = { "model.safetensors", "weights.safetensors" };
    char *path = settings->train.init_from;
    struct stat what;
    if (stat(path, &what) != 0 || !S_ISDIR(what.st_mode)) return true;
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        char file[CONFIG_PATH + 32];
        snprintf(file, sizeof file, "%s/%s", path, NAMES[i]);
        if (access(file, F_OK) != 0 || strlen(file) >= CONFIG_PATH) continue;
        memcpy(path, file, strlen(file) + 1);
        return true;
    }
    return config_error(settings, "train.init_from", e,
                        "%.300s: a folder without %s or %s; `attnlab import` makes one of other "
                        "formats",
                        path, NAMES[0], NAMES[1]);
}

static bool resolve_source(config *settings, error *e)
{
    char *text = settings->train.init_from;
    run_source source;
    error why;
    if (run_source_is_study(text))
        return config_error(settings, "train.init_from", e,
                            "'%.200s' names a study, and this command starts no run", text);
    if (!run_source_read(&source, text, &why)) {
        *e = why;
        return false;
    }
    run_source_write(text, &source);
    return true;
}

static bool resolve_weights(config *settings, error *e)
{
    settings->init_sha256[0] = '\0';
    if (!*settings->train.init_from) {
        settings->train.convert = CONVERT_MEAN; /* nothing reads it */
        return true;
    }
    if (run_source_is(settings->train.init_from)) return resolve_source(settings, e);
    if (!run_paths_resolve(settings, settings->train.init_from, "train.init_from", e) ||
        !enter_folder(settings, e))
        return false;
    return hash_file(settings->init_sha256, settings->train.init_from, e) ||
           unreadable(settings, "train.init_from", e);
}

/* The model, each layer's attention parsed from its canonical form. */
static bool fill_model(model_config *m, const config *settings, error *e)
{
    *m = (model_config){ .L = (int)settings->model.n_layers,
                         .D = (int)settings->model.dim,
                         .H = (int)settings->model.n_heads,
                         .E = (int)settings->model.head_dim,
                         .F = (int)settings->model.ffn_dim,
                         .V = (int)settings->model.vocab_size,
                         .T = (int)settings->model.context,
                         .tied = settings->model.tie_embeddings,
                         .shift = (int)settings->model.token_shift,
                         .eps = settings->model.norm_eps };
    rope_of(&m->rope, settings);
    for (int i = 0; i < m->L; i++) {
        attn_dims d;
        if (!parse_spec(&m->layer[i].variant, &d, settings, i, m->T, e)) return false;
        memcpy(m->layer[i].opt, d.opt, sizeof d.opt);
    }
    return true;
}

bool run_spec_model(model_config *m, config *settings, error *e)
{
    if (derived(settings, "model.vocab_size"))
        return config_error(settings, "model.vocab_size", e, "not set");
    return resolve_sizes(settings, e) && resolve_attention(settings, e) &&
           fill_model(m, settings, e);
}

static void fill_id(run_spec *spec)
{
    char hex[HASH_HEX];
    char *json = config_canonical(&spec->config, false);
    hash_bytes(hex, json, strlen(json));
    free(json);
    snprintf(spec->id, sizeof spec->id, "%s", hex);
}

bool run_spec_resolve(run_spec *spec, const config *from, error *e)
{
    config *settings = &spec->config;
    if (settings != from) *settings = *from;
    spec->corpus = (run_corpus){ 0 };
    const bool ok = resolve_sizes(settings, e) && resolve_attention(settings, e) &&
                    resolve_training(settings, e) && resolve_evaluation(settings, e) &&
                    resolve_tasks(settings, e) && resolve_corpus(settings, &spec->corpus, e) &&
                    resolve_vocabulary(settings, &spec->corpus, e) &&
                    (!*settings->data.corpus || check_text(settings, &spec->corpus, e)) &&
                    resolve_weights(settings, e) && fill_model(&spec->model, settings, e);
    if (ok) fill_id(spec);
    return ok;
}

void run_spec_uid(char uid[CONFIG_UID], const run_spec *spec, int64_t generation)
{
    char hex[HASH_HEX], text[128];
    const config *settings = &spec->config;
    const int n = snprintf(text, sizeof text, "%s %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64,
                           spec->id, settings->train.seed, settings->train.data_seed,
                           settings->train.replica, generation);
    hash_bytes(hex, text, (size_t)n);
    snprintf(uid, CONFIG_UID, "%s", hex);
}
