/* generated_corpus.c - makes the items, encodes those that are text, and fills all up to the length
 * of the longest.
 *
 * Item i comes from spec i mod n, with index i / n.  A token of a text is an answer's if one of its
 * bytes is.  Items of text are filled up with BOS, which has no bytes; those of tokens with
 * fillers.
 */
#include "trainer/tasks/generated_corpus.h"

#include "core/base/file.h"
#include "core/base/growing.h"
#include "trainer/corpus/corpus_folder.h"
#include "trainer/corpus/corpus_put.h"
#include "trainer/corpus/tokenizer.h"
#include "trainer/tasks/generator.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const size_t MODEL_LIMIT = (size_t)1 << 30;

/* An item of either kind as tokens. */
typedef struct row {
    int32_t *token;
    uint8_t *counts;
    int n;
} row;

typedef struct work {
    const generated_order *o;
    generator g[GENERATED_SPECS];
    bool text;
    char *model; /* the tokenizer's file; NULL for tokens */
    size_t model_bytes;
    tokenizer tokenizer;
    corpus_shard shard[SPLITS];
} work;

static void work_close(work *w)
{
    for (int i = 0; i < SPLITS; i++) corpus_shard_close(&w->shard[i]);
    tokenizer_close(&w->tokenizer);
    free(w->model);
}

/* --- items ------------------------------------------------------------------------------------ */

static bool read_specs(work *w, error *e)
{
    const generated_order *o = w->o;
    assert(o->n >= 1 && o->n <= GENERATED_SPECS);
    for (int i = 0; i < o->n; i++) {
        if (!generator_read(&w->g[i], o->spec[i], e)) return error_where(e, "--generate");
        if (i > 0 && generator_is_text(&w->g[i]) != w->text)
            return error_usage(e,
                               "--generate: items of %s are tokens and those of %s are text: they "
                               "cannot be in one corpus",
                               w->g[w->text ? i : 0].kind->name, w->g[w->text ? 0 : i].kind->name);
        w->text = generator_is_text(&w->g[i]);
    }
    if (!w->text && (o->tokenizer || o->vocab_size))
        return error_usage(e,
                           "items of %s are tokens, which need no tokenizer: omit --vocab-size and "
                           "--tokenizer (the number of ids is the option vocab of the spec)",
                           w->g[0].kind->name);
    if (w->text && !o->tokenizer == !o->vocab_size)
        return error_usage(e,
                           "items of %s are text: give one of --vocab-size N and --tokenizer MODEL",
                           w->g[0].kind->name);
    return true;
}

/* Item i of a split; the caller closes it. */
static void make_item(generator_item *out, const work *w, int split, int64_t i)
{
    generator_make(out, &w->g[i % w->o->n], (uint64_t)w->o->seed,
                   split == SPLIT_TRAIN ? PART_TO_TRAIN : PART_HELD_OUT, i / w->o->n);
}

static void row_close(row *r)
{
    free(r->token), free(r->counts);
    *r = (row){ 0 };
}

/* The tokens of a text, BOS in front. */
static bool encode(row *out, const tokenizer *t, const generator_item *item, error *e)
{
    int32_t *ids;
    size_t n, where, bytes = 0, at = 0;
    if (!tokenizer_encode(&ids, &n, t, item->text, (size_t)item->n, e)) return false;
    *out = (row){ .n = (int)n + 1 };
    out->token = error_zeroed(n + 1, sizeof *out->token);
    out->counts = error_zeroed(n + 1, 1);
    out->token[0] = t->bos;
    for (size_t i = 0; i < n; i++, at += bytes) {
        tokenizer_bytes(t, ids[i], i ? ids[i - 1] : t->bos, &bytes);
        out->token[i + 1] = ids[i];
        for (int k = 0; k < item->answers; k++)
            if ((int)at < item->answer[k].to && (int)(at + bytes) > item->answer[k].from)
                out->counts[i + 1] = 1;
    }
    const bool ok = tokenizer_restores(&where, t, ids, n, item->text, (size_t)item->n);
    free(ids);
    return ok || error_usage(e,
                             "the tokenizer does not restore the text of an item (from byte %zu "
                             "on): use one with byte fallback and without normalization",
                             where);
}

static void take_tokens(row *out, generator_item *item)
{
    *out = (row){ .token = item->token, .n = item->n };
    out->counts = error_zeroed((size_t)item->n, 1);
    for (int k = 0; k < item->answers; k++)
        memset(out->counts + item->answer[k].from, 1,
               (size_t)(item->answer[k].to - item->answer[k].from));
    item->token = NULL;
}

static bool make_row(row *out, int *text_bytes, const work *w, int split, int64_t i, error *e)
{
    generator_item item;
    make_item(&item, w, split, i);
    *out = (row){ 0 }, *text_bytes = w->text ? item.n : 0;
    const bool ok = !w->text || encode(out, &w->tokenizer, &item, e);
    if (!w->text) take_tokens(out, &item);
    generator_item_close(&item);
    if (!ok) row_close(out);
    return ok;
}

/* --- the tokenizer ---------------------------------------------------------------------------- */

static bool train_tokenizer(work *w, error *e)
{
    const int64_t n = w->o->items[SPLIT_TRAIN];
    tokenizer_text *texts = calloc((size_t)n, sizeof *texts);
    char **owned = calloc((size_t)n, sizeof *owned);
    if (!texts || !owned) error_memory();
    for (int64_t i = 0; i < n; i++) {
        generator_item item;
        make_item(&item, w, SPLIT_TRAIN, i);
        owned[i] = item.text;
        texts[i] = (tokenizer_text){ item.text, (size_t)item.n };
        item.text = NULL;
        generator_item_close(&item);
    }
    const bool ok = tokenizer_train(&w->model, &w->model_bytes, texts, (int)n, w->o->vocab_size, e);
    for (int64_t i = 0; i < n; i++) free(owned[i]);
    free(texts), free(owned);
    return ok;
}

static bool open_tokenizer(work *w, manifest *m, error *e)
{
    const generated_order *o = w->o;
    if (!w->text) {
        for (int i = 0; i < o->n; i++)
            if (generator_vocab(&w->g[i]) > m->vocab_size)
                m->vocab_size = generator_vocab(&w->g[i]);
        return true;
    }
    const bool ok = o->tokenizer
                        ? file_read(&w->model, &w->model_bytes, o->tokenizer, MODEL_LIMIT, e)
                        : train_tokenizer(w, e);
    if (!ok || !tokenizer_open(&w->tokenizer, w->model, w->model_bytes, e))
        return ok && o->tokenizer ? error_where(e, "%s", o->tokenizer) : false;
    m->vocab_size = w->tokenizer.V;
    hash_bytes(m->model, w->model, w->model_bytes);
    memcpy(m->pieces, w->tokenizer.sha256, sizeof m->pieces);
    return true;
}

/* --- the corpus ------------------------------------------------------------------------------- */

/* Tokens that every item takes: those of the longest; of texts, rounded up to a multiple of 8. */
static bool measure(manifest *m, const work *w, error *e)
{
    for (int split = 0; split < SPLITS; split++)
        for (int64_t i = 0; i < w->o->items[split]; i++) {
            row r;
            int bytes;
            if (!w->text && i >= w->o->n) break; /* all items of a spec are as long */
            if (!make_row(&r, &bytes, w, split, i, e)) return false;
            if (r.n > m->item_tokens) m->item_tokens = r.n;
            row_close(&r);
        }
    if (w->text) m->item_tokens = (m->item_tokens + 7) / 8 * 8;
    return true;
}

static bool put_row(corpus_shard *s, const work *w, const manifest *m, const row *r, error *e)
{
    const int32_t fill = w->text ? w->tokenizer.bos : GENERATOR_FILL;
    const uint8_t no = 0;
    bool ok = corpus_shard_add(s, r->token, r->counts, (size_t)r->n, m->width, e);
    for (int i = r->n; ok && i < m->item_tokens; i++)
        ok = corpus_shard_add(s, &fill, &no, 1, m->width, e);
    return ok;
}

static bool fill_split(manifest *m, work *w, int split, error *e)
{
    manifest_split *s = &m->split[split];
    corpus_shard *shard = &w->shard[split];
    const int32_t bos = w->text ? w->tokenizer.bos : GENERATOR_BOS;
    const uint8_t no = 0;
    for (int64_t i = 0; i < w->o->items[split]; i++) {
        row r;
        int bytes;
        if (!make_row(&r, &bytes, w, split, i, e)) return false;
        const bool ok = put_row(shard, w, m, &r, e);
        for (int k = 0; k < r.n; k++) s->targets += r.counts[k];
        s->bytes += bytes;
        row_close(&r);
        if (!ok) return false;
    }
    if (!corpus_shard_add(shard, &bos, &no, 1, m->width, e)) return false;
    s->tokens = (int64_t)shard->tokens;
    hash_bytes(s->sha256, shard->bytes, shard->n);
    hash_bytes(s->mask, shard->mask, shard->tokens);
    return true;
}

/* What made it: all that decides its content but the tokenizer. */
static char *describe(const work *w)
{
    growing words;
    growing_open(&words);
    for (int i = 0; i < w->o->n; i++) {
        char spec[GENERATOR_SPEC];
        generator_describe(spec, &w->g[i]);
        fprintf(words.f, "%s%s", i ? " " : "", spec);
    }
    fprintf(words.f, ", seed %" PRId64 ", %" PRId64 " items and %" PRId64 " held out", w->o->seed,
            w->o->items[SPLIT_TRAIN], w->o->items[SPLIT_VAL]);
    return growing_close(&words);
}

/* Each split counts as one document. */
static void add_documents(manifest *m)
{
    for (int i = 0; i < SPLITS; i++) {
        manifest_split *s = &m->split[i];
        s->document = error_zeroed(1, sizeof *s->document);
        s->n = 1;
        *s->document = (manifest_document){ .path = strdup(m->generated),
                                            .bytes = s->bytes,
                                            .tokens = s->tokens };
        if (!s->document->path) error_memory();
        memcpy(s->document->sha256, s->sha256, sizeof s->sha256);
    }
}

static bool make(manifest *m, work *w, error *e)
{
    const generated_order *o = w->o;
    if (!read_specs(w, e) || !open_tokenizer(w, m, e) || !measure(m, w, e)) return false;
    m->generated = describe(w);
    m->settings = o->vocab_size ? tokenizer_settings(o->vocab_size) : strdup("");
    m->holdout = strdup("items");
    if (!m->settings || !m->holdout) error_memory();
    m->width = m->vocab_size <= UINT16_MAX + 1 ? 2 : 4;
    for (int i = 0; i < SPLITS; i++)
        if (!fill_split(m, w, i, e)) return false;
    add_documents(m);
    manifest_identity(m->sha256, m);
    return true;
}

bool generated_corpus_write(manifest *m, const generated_order *o, error *e)
{
    work w = { .o = o };
    corpus_folder folder;
    bool there = false;
    *m = (manifest){ 0 };
    bool ok = corpus_folder_look(&folder, o->out, e) &&
              (folder != FOLDER_NEW || corpus_folder_writable(o->out, e)) && make(m, &w, e);
    const corpus_files files = { w.model, w.model_bytes, w.shard };
    ok = ok && corpus_put(&there, m, &files, o->out, o->force, e);
    if (ok && there) fprintf(o->progress, "%s already holds this corpus\n", o->out);
    if (!ok) manifest_close(m);
    work_close(&w);
    return ok;
}
