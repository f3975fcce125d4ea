/* config_resolve.c - what keys say together: derived sizes, and the checks that one key alone
 * cannot make.  A resolved configuration can be planned, named and run.
 */
#define _GNU_SOURCE /* realpath */
#include "core/compute/rope.h"
#include "trainer/config/config.h"
#include "trainer/corpus/corpus.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FFN_MULTIPLE = 32 };

static bool derived(const config *c, const char *name)
{
    return !config_given(c, config_find(name));
}

/* Llama's rule for SwiGLU: 2/3 of 4 dim (Touvron et al. 2023). */
static int64_t ffn_of(int64_t dim)
{
    const int64_t f = 8 * dim / 3;
    return (f + FFN_MULTIPLE - 1) / FFN_MULTIPLE * FFN_MULTIPLE;
}

static bool resolve_path(config *c, char path[CONFIG_PATH], const char *name, error *e)
{
    char *whole = realpath(path, NULL);
    if (!whole) return error_set(e, "%s: %s: %s", name, path, strerror(errno));
    const size_t n = strlen(whole);
    const bool fits = n < CONFIG_PATH;
    if (fits) memcpy(path, whole, n + 1);
    free(whole);
    return fits || config_error(c, name, e, "a path of %zu bytes", n);
}

/* The text: its vocabulary, and is there enough of it? */
static bool resolve_corpus(config *c, corpus *text, error *e)
{
    c->corpus_sha256[0] = '\0';
    if (!*c->data.corpus) return true;
    if (!resolve_path(c, c->data.corpus, "data.corpus", e)) return false;
    if (!corpus_open(text, c->data.corpus, CORPUS_MANIFEST, e)) return false;
    memcpy(c->corpus_sha256, text->sha256, HASH_HEX);
    return true;
}

static bool check_text(const config *c, const corpus *text, error *e)
{
    const config_counts *lengths = &c->eval.context;
    const int64_t longest = lengths->item[lengths->n - 1];
    /* one more token than positions, since each predicts the next */
    if (text->train.n_tokens <= c->data.span)
        return config_error(
            c, config_given(c, config_find("data.span")) ? "data.span" : "model.context", e,
            "%lld positions, but the training text of %s has %lld tokens", (long long)c->data.span,
            c->data.corpus, (long long)text->train.n_tokens);
    if (text->val.n_tokens <= longest)
        return config_error(
            c, config_given(c, config_find("eval.context")) ? "eval.context" : "model.context", e,
            "%lld positions, but the held-out text of %s has %lld tokens", (long long)longest,
            c->data.corpus, (long long)text->val.n_tokens);
    return true;
}

static bool resolve_vocabulary(config *c, const corpus *text, error *e)
{
    if (!*c->data.corpus) {
        if (!derived(c, "model.vocab_size")) return true;
        return config_error(c, "model.vocab_size", e,
                            "set it, or data.corpus to a folder made by `attnlab prepare`");
    }
    if (derived(c, "model.vocab_size")) c->model.vocab_size = text->vocab_size;
    if (c->model.vocab_size < text->vocab_size)
        return config_error(c, "model.vocab_size", e,
                            "%lld, but %s has %d pieces: leave it out to take those",
                            (long long)c->model.vocab_size, c->data.corpus, text->vocab_size);
    return true;
}

static bool resolve_sizes(config *c, error *e)
{
    const int64_t dim = c->model.dim, heads = c->model.n_heads;
    if (derived(c, "model.head_dim")) {
        if (dim % heads)
            return config_error(c, "model.n_heads", e,
                                "%lld does not divide model.dim %lld: change one of them, or set "
                                "model.head_dim",
                                (long long)heads, (long long)dim);
        c->model.head_dim = dim / heads;
    }
    if (derived(c, "model.ffn_dim")) c->model.ffn_dim = ffn_of(dim);
    if (derived(c, "model.rope_original_context") || c->model.rope_scaling != ROPE_YARN)
        c->model.rope_original_context = c->model.context; /* nobody else reads it */
    if (c->model.rope_scaling == ROPE_NONE) c->model.rope_factor = 1;
    return true;
}

/* Spec i of the list, as layer `layer` sees it. */
static bool parse_spec(const attn_variant **v, attn_dims *d, const config *c, int layer, int T,
                       error *e)
{
    const config_specs *s = &c->model.attention;
    *d = (attn_dims){ .B = 1,
                      .T = T,
                      .S = T,
                      .D = (int)c->model.dim,
                      .H = (int)c->model.n_heads,
                      .E = (int)c->model.head_dim,
                      .layer = layer,
                      .L = (int)c->model.n_layers };
    const char *spec = s->item[layer % s->n];
    error why;
    return attn_parse(spec, v, d, &why) ||
           config_error(c, "model.attention", e, "'%s': %s", spec, why.msg);
}

static void rope_of(rope_config *r, const config *c)
{
    *r = (rope_config){ .theta = c->model.rope_theta,
                        .scaling = (rope_scaling)c->model.rope_scaling,
                        .factor = c->model.rope_factor,
                        .original_context = (int)c->model.rope_original_context };
}

/* The canonical spec of every layer, and the shortest list that, tiled, gives them. */
static bool resolve_attention(config *c, error *e)
{
    config_specs canonical = { .n = c->model.attention.n };
    const int L = (int)c->model.n_layers, n = canonical.n;
    rope_config settings;
    rope_of(&settings, c);
    if (n > L) return config_error(c, "model.attention", e, "a list of %d for %d layers", n, L);
    for (int i = 0; i < L; i++) {
        const attn_variant *v;
        attn_dims d;
        char spec[ATTN_SPEC];
        if (!parse_spec(&v, &d, c, i, (int)c->model.context, e)) return false;
        attn_describe(spec, v, &d);
        if (i < n) memcpy(canonical.item[i], spec, sizeof spec);
        const int width = attn_rotary(v, &d);
        error why;
        if (width > 0 && !rope_check(&settings, width, &why))
            return config_error(
                c, c->model.rope_scaling == ROPE_NONE ? "model.rope_theta" : "model.rope_scaling",
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
    c->model.attention = canonical;
    return true;
}

/* The last part of warm-up, stable, decay; nobody else reads it. */
static bool resolve_decay(config *c, error *e)
{
    const int64_t most = c->train.tokens - c->train.warmup_tokens;
    if (c->train.schedule != SCHEDULE_WSD) {
        c->train.decay_tokens = 0;
        return true;
    }
    if (!c->train.decay_tokens) {
        c->train.decay_tokens = (c->train.tokens + 4) / 5;
        if (c->train.decay_tokens > most) c->train.decay_tokens = most;
    }
    return c->train.decay_tokens <= most ||
           config_error(c, "train.decay_tokens", e,
                        "%lld, but %lld of train.tokens %lld are left after the warm-up",
                        (long long)c->train.decay_tokens, (long long)most,
                        (long long)c->train.tokens);
}

/* Text in tokens: a batch is spans, a span is sequences. */
static bool resolve_training(config *c, error *e)
{
    const int64_t T = c->model.context, tokens = c->train.tokens;
    const bool alone = derived(c, "data.span");
    if (alone) c->data.span = T;
    if (c->data.span % T)
        return config_error(c, "data.span", e, "%lld is not a multiple of model.context %lld",
                            (long long)c->data.span, (long long)T);
    if (c->train.batch_tokens % c->data.span)
        return config_error(c, "train.batch_tokens", e, "%lld is not a multiple of %s %lld",
                            (long long)c->train.batch_tokens, alone ? "model.context" : "data.span",
                            (long long)c->data.span);
    if (derived(c, "train.warmup_tokens")) c->train.warmup_tokens = tokens / 20;
    if (c->train.warmup_tokens >= tokens)
        return config_error(c, "train.warmup_tokens", e, "%lld is not below train.tokens %lld",
                            (long long)c->train.warmup_tokens, (long long)tokens);
    if (!resolve_decay(c, e)) return false;
    if (derived(c, "train.save_every_tokens")) c->train.save_every_tokens = (tokens + 9) / 10;
    if (derived(c, "eval.every_tokens")) c->eval.every_tokens = (tokens + 9) / 10;
    return true;
}

static int by_length(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* The lengths are a set: sorted, each once. */
static bool resolve_evaluation(config *c, error *e)
{
    config_counts *s = &c->eval.context;
    if (derived(c, "eval.context")) *s = (config_counts){ 1, { c->model.context } };
    qsort(s->item, (size_t)s->n, sizeof *s->item, by_length);
    int n = 1;
    for (int i = 1; i < s->n; i++)
        if (s->item[i] != s->item[n - 1]) s->item[n++] = s->item[i];
    for (int i = n; i < s->n; i++) s->item[i] = 0;
    s->n = n;

    const int64_t longest = s->item[n - 1], stride = c->eval.stride;
    for (int i = 0; i < n; i++) {
        if (longest % s->item[i])
            return config_error(c, "eval.context", e, "%lld does not divide the largest, %lld",
                                (long long)s->item[i], (long long)longest);
        if (stride && s->item[i] % stride)
            return config_error(c, "eval.stride", e, "%lld does not divide the length %lld",
                                (long long)stride, (long long)s->item[i]);
    }
    if (c->eval.tokens && c->eval.tokens < longest)
        return config_error(c, "eval.tokens", e, "%lld is less than one window of %lld",
                            (long long)c->eval.tokens, (long long)longest);
    return true;
}

static bool resolve_weights(config *c, error *e)
{
    c->init_sha256[0] = '\0';
    return !*c->train.init_from || (resolve_path(c, c->train.init_from, "train.init_from", e) &&
                                    hash_file(c->init_sha256, c->train.init_from, e));
}

bool config_resolve(config *c, error *e)
{
    corpus text = { 0 };
    bool ok = resolve_sizes(c, e) && resolve_attention(c, e) && resolve_training(c, e) &&
              resolve_evaluation(c, e) && resolve_corpus(c, &text, e) &&
              resolve_vocabulary(c, &text, e) && (!*c->data.corpus || check_text(c, &text, e)) &&
              resolve_weights(c, e);
    corpus_close(&text);
    return ok;
}

bool config_model(const config *c, model_config *m, error *e)
{
    *m = (model_config){ .L = (int)c->model.n_layers,
                         .D = (int)c->model.dim,
                         .H = (int)c->model.n_heads,
                         .E = (int)c->model.head_dim,
                         .F = (int)c->model.ffn_dim,
                         .V = (int)c->model.vocab_size,
                         .T = (int)c->model.context,
                         .tied = c->model.tie_embeddings,
                         .eps = c->model.norm_eps };
    rope_of(&m->rope, c);
    for (int i = 0; i < m->L; i++) {
        attn_dims d;
        if (!parse_spec(&m->layer[i].variant, &d, c, i, m->T, e)) return false;
        memcpy(m->layer[i].opt, d.opt, sizeof d.opt);
    }
    return true;
}
