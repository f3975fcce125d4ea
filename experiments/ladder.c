/* ladder.c - sizes and lengths as settings of the study, as a user would write them. */
#define _GNU_SOURCE /* asprintf */
#include "experiments/ladder.h"

#include "core/base/growing.h"
#include "experiments/study_stored.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const double FACTOR[LADDER_SIZES] = { 0.5, 1, 1.5 };
static const double LENGTH[LADDER_LENGTHS] = { 0.125, 0.25, 0.5, 1, 2 };

/* Keys that make up the size of a model. */
static const char *const SIZE[] = { "model.n_layers", "model.dim",     "model.n_heads",
                                    "model.head_dim", "model.ffn_dim", NULL };

/* Keys that count tokens of training. */
static const char *const TOKENS[] = { "train.warmup_tokens", "train.decay_tokens",
                                      "train.save_every_tokens", "eval.every_tokens", NULL };

int ladder_sizes(ladder_size size[LADDER_SIZES], int *own, const study_file *s, const arms *a)
{
    const config *settings = &a->arm[0].spec.config;
    const int64_t layers = settings->model.n_layers, dim = settings->model.dim,
                  step = 2 * settings->model.n_heads;
    int n = 0;
    *own = 0;
    size[0] = (ladder_size){ 1, layers, dim };
    for (int i = 0; SIZE[i]; i++)
        if (study_file_setter(s, SIZE[i]) >= 0) return 1;
    for (int i = 0; i < LADDER_SIZES; i++) {
        ladder_size x = { FACTOR[i], llround(FACTOR[i] * (double)layers),
                          step * llround(FACTOR[i] * (double)dim / (double)step) };
        if (FACTOR[i] == 1) x.n_layers = layers, x.dim = dim;
        if (x.n_layers < 1) x.n_layers = 1;
        if (x.dim < step) continue;
        if (FACTOR[i] != 1 && x.n_layers == layers && x.dim == dim) continue;
        if (FACTOR[i] == 1) *own = n;
        size[n++] = x;
    }
    return n;
}

void ladder_lengths(int64_t tokens[LADDER_LENGTHS], const arms *a)
{
    const config *settings = &a->arm[0].spec.config;
    const int64_t batch = settings->train.batch_tokens;
    for (int i = 0; i < LADDER_LENGTHS; i++) {
        tokens[i] = llround(LENGTH[i] * (double)settings->train.tokens);
        if (tokens[i] < batch) tokens[i] = batch;
    }
}

/* Settings "key=value". */
typedef struct list {
    int n;
    char **item;
} list;

static void add(list *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void add(list *l, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    l->item = growing_list(l->item, l->n, sizeof *l->item);
    if (vasprintf(&l->item[l->n++], fmt, args) < 0) error_memory();
    va_end(args);
}

static void add_size(list *l, const ladder_size *size, const study_file *own)
{
    const config *base = &own->base;
    if (size->n_layers == base->model.n_layers && size->dim == base->model.dim) return;
    add(l, "model.n_layers=%lld", (long long)size->n_layers);
    add(l, "model.dim=%lld", (long long)size->dim);
    if (config_given(base, config_find("model.ffn_dim")))
        add(l, "model.ffn_dim=%lld",
            (long long)(8 * llround(size->factor * (double)base->model.ffn_dim / 8)));
}

/* An int64_t field of the configuration. */
static int64_t count_of(const config *c, const config_key *k)
{
    int64_t value;
    memcpy(&value, (const char *)c + k->offset, sizeof value);
    return value;
}

static void add_length(list *l, int64_t tokens, const study_file *own)
{
    const double part = (double)tokens / (double)own->base.train.tokens;
    add(l, "train.tokens=%lld", (long long)tokens);
    for (int i = 0; TOKENS[i]; i++) {
        const config_key *k = config_find(TOKENS[i]);
        if (!config_given(&own->base, k)) continue;
        const int64_t given = count_of(&own->base, k), scaled = llround(part * (double)given);
        add(l, "%s=%lld", TOKENS[i], (long long)(given && !scaled ? 1 : scaled));
    }
}

static void add_seeds(list *l, int first, int n)
{
    growing words;
    growing_open(&words);
    fputs("sweep.seeds=[", words.f);
    for (int i = 0; i < n; i++) fprintf(words.f, "%s%d", i ? ", " : "", first + i);
    fputc(']', words.f);
    char *text = growing_close(&words);
    add(l, "%s", text);
    free(text);
}

bool ladder_open(study_file *s, arms *a, const ladder_rung *r, const study_file *own,
                 const char *name, const char *db_path, char *const *settings, int n, error *e)
{
    list l = { 0 };
    if (study_file_setter(own, "train.tokens") >= 0)
        return error_usage(e,
                           "%s: train.tokens is an axis of the study, and a plan chooses one "
                           "length for all arms: set train.tokens and leave the axis out",
                           own->name);
    for (int i = 0; i < n; i++) add(&l, "%s", settings[i]);
    add_size(&l, r->size, own);
    add_length(&l, r->tokens, own);
    if (r->name) add(&l, "sweep.name=%s", r->name);
    if (r->seeds && r->first_seed == 1) add(&l, "sweep.seeds=%d", r->seeds);
    if (r->seeds && r->first_seed != 1) add_seeds(&l, r->first_seed, r->seeds);
    if (r->pilot) {
        add(&l, "train.keep=none");
        add(&l,
            "sweep.question=Pilot of %.200s: how far apart are runs, and how long do they take?",
            own->name);
        add(&l, "sweep.hypothesis=");
    }
    bool ok = study_stored_open(s, name, db_path, l.item, l.n, e);
    if (ok && !arms_open(a, s, e)) {
        study_file_close(s);
        ok = error_where(e, "with %lld layers of %lld", (long long)r->size->n_layers,
                         (long long)r->size->dim);
    }
    for (int i = 0; i < l.n; i++) free(l.item[i]);
    free(l.item);
    return ok;
}
