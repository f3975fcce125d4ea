/* corpus_write.c - makes a corpus: reads the texts, trains or reads the tokenizer, encodes, writes.
 *
 * Everything that can be wrong with the folder is found before the tokenizer is trained, and with
 * the texts before the first byte is written (corpus_put.h).
 */
#include "trainer/corpus/corpus_write.h"

#include "core/base/file.h"
#include "trainer/corpus/corpus_folder.h"
#include "trainer/corpus/corpus_put.h"
#include "trainer/corpus/documents.h"
#include "trainer/corpus/meter.h"
#include "trainer/corpus/tokenizer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

typedef struct work {
    const corpus_order *o;
    documents text[SPLITS];
    char *model; /* the tokenizer's file */
    size_t model_bytes;
    tokenizer tokenizer;
    corpus_shard shard[SPLITS];
} work;

static void work_close(work *w)
{
    for (int i = 0; i < SPLITS; i++) {
        documents_close(&w->text[i]);
        corpus_shard_close(&w->shard[i]);
    }
    tokenizer_close(&w->tokenizer);
    free(w->model);
}

/* ---- texts ------------------------------------------------------------------------------- */

/* Read the text to train on and the files that are held out. */
static bool read_texts(work *w, document_source *source, error *e)
{
    const corpus_order *o = w->o;
    for (int i = 0; i < o->n_train; i++)
        if (!documents_add(&w->text[SPLIT_TRAIN], o->train[i], source, e)) return false;
    if (o->list && !documents_add_list(&w->text[SPLIT_TRAIN], o->list, source, e)) return false;
    for (int i = 0; i < o->n_val; i++)
        if (!documents_add(&w->text[SPLIT_VAL], o->val[i], source, e)) return false;
    return true;
}

static bool open_texts(work *w, error *e)
{
    const corpus_order *o = w->o;
    meter reading;
    document_source source = { .field = o->field,
                               .separator = o->separator,
                               .one_space = o->one_space,
                               .skip = o->out,
                               .meter = &reading };
    meter_open(&reading, o->progress, "reading", 0);
    bool ok = read_texts(w, &source, e);
    documents *train = &w->text[SPLIT_TRAIN], *val = &w->text[SPLIT_VAL];
    if (ok && o->n_val == 0) ok = holdout_cut(train, val, &o->holdout, e);
    for (int i = 0; ok && o->n_val > 0 && i < SPLITS; i++)
        for (int j = 0; j < w->text[i].n; j++) text_hash(&w->text[i].item[j]);
    meter_close(&reading);
    const int blank = train->blank + val->blank;
    if (ok && blank) fprintf(o->progress, "%d blank documents are left out\n", blank);
    return ok;
}

static bool same_text(const text *a, const text *b, error *e)
{
    char place[2][96];
    const bool parts = a->from || b->from || a->line || b->line;
    if (!parts && strcmp(a->path, b->path) == 0)
        return error_usage(e, "%s is given both for training and as held-out text: remove one",
                           a->path);
    if (!parts)
        return error_usage(e, "%s (for training) and %s (held out) are the same text: remove one",
                           a->path, b->path);
    text_place(place[0], sizeof *place, a, 0), text_place(place[1], sizeof *place, b, 0);
    return error_usage(e,
                       "%.150s, %s (for training) and %.150s, %s (held out) are the same text: "
                       "remove one",
                       a->path, place[0], b->path, place[1]);
}

/* The first 64 bits of a hash choose its slot. */
static size_t slot_of(const text *t, size_t slots)
{
    char head[17];
    memcpy(head, t->sha256, 16), head[16] = '\0';
    return (size_t)strtoull(head, NULL, 16) & (slots - 1);
}

/* The place of a text in a table with open addressing: where it is, or where it would be put. */
static const text **find_text(const text **table, size_t slots, const text *t)
{
    size_t at = slot_of(t, slots);
    while (table[at] && strcmp(table[at]->sha256, t->sha256) != 0) at = (at + 1) & (slots - 1);
    return &table[at];
}

/* The model must not be evaluated on text that it was trained on.  Of files that were named, say
 * so; of parts that were chosen here, the copy to train on is left out. */
static bool check_apart(work *w, error *e)
{
    documents *train = &w->text[SPLIT_TRAIN];
    const documents *val = &w->text[SPLIT_VAL];
    size_t slots = 2; /* at most half of them are used */
    while (slots < 2 * (size_t)val->n) slots *= 2;
    const text **table = error_zeroed(slots, sizeof *table);
    for (int i = 0; i < val->n; i++) *find_text(table, slots, &val->item[i]) = &val->item[i];
    int kept = 0;
    bool ok = true;
    for (int i = 0; ok && i < train->n; i++) {
        const text *held = *find_text(table, slots, &train->item[i]);
        if (!held)
            train->item[kept++] = train->item[i];
        else if (w->o->n_val > 0)
            ok = same_text(&train->item[i], held, e);
    }
    free(table);
    if (!ok) return false;
    if (kept < train->n)
        fprintf(w->o->progress, "%d documents are not trained on: held-out text has the same\n",
                train->n - kept);
    train->n = kept;
    return kept > 0 || error_usage(e, "all text to train on is held-out text as well");
}

static size_t count_bytes(const work *w, int split)
{
    size_t n = 0;
    for (int i = 0; i < w->text[split].n; i++) n += w->text[split].item[i].n;
    return n;
}

/* ---- tokens ------------------------------------------------------------------------------ */

static bool make_tokenizer(work *w, error *e)
{
    const corpus_order *o = w->o;
    if (o->tokenizer) {
        if (tokenizer_open(&w->tokenizer, w->model, w->model_bytes, e)) return true;
        return error_where(e, "%s", o->tokenizer);
    }
    fprintf(o->progress, "training a tokenizer of %d pieces on %.2f MB of text\n", o->vocab_size,
            1e-6 * (double)count_bytes(w, SPLIT_TRAIN));
    const documents *train = &w->text[SPLIT_TRAIN];
    tokenizer_text *texts = error_zeroed((size_t)train->n, sizeof *texts);
    for (int i = 0; i < train->n; i++)
        texts[i] = (tokenizer_text){ train->item[i].bytes, train->item[i].n };
    meter training;
    meter_open(&training, o->progress, "training the tokenizer", 0);
    const bool ok = tokenizer_train(&w->model, &w->model_bytes, texts, train->n, o->vocab_size, e);
    meter_close(&training);
    free(texts);
    return ok && tokenizer_open(&w->tokenizer, w->model, w->model_bytes, e);
}

/* Encode a document, check that its tokens decode to the same text, and append them to the shard.
 */
static bool encode(work *w, manifest_document *d, const text *t, corpus_shard *s, int width,
                   error *e)
{
    int32_t *ids;
    size_t n, where;
    const tokenizer *k = &w->tokenizer;
    if (!tokenizer_encode(&ids, &n, k, t->bytes, t->n, e)) return error_where(e, "%s", t->path);
    bool ok = tokenizer_restores(&where, k, ids, n, t->bytes, t->n);
    if (!ok) {
        char place[96];
        text_place(place, sizeof place, t, where);
        error_set(e,
                  "%s: from %s on, the tokenizer does not restore the text: use one with byte "
                  "fallback and without normalization",
                  t->path, place);
    }
    const int32_t bos = (int32_t)k->bos;
    ok = ok && corpus_shard_add(s, &bos, NULL, 1, width, e) &&
         corpus_shard_add(s, ids, NULL, n, width, e);
    free(ids);
    d->tokens = (int64_t)n + 1;
    return ok;
}

static bool encode_split(work *w, manifest *m, int split, meter *done, error *e)
{
    manifest_split *s = &m->split[split];
    for (int i = 0; i < s->n; i++) {
        const text *t = &w->text[split].item[i];
        if (!encode(w, &s->document[i], t, &w->shard[split], m->width, e)) return false;
        meter_add(done, t->n);
        s->tokens += s->document[i].tokens, s->bytes += s->document[i].bytes;
    }
    hash_bytes(s->sha256, w->shard[split].bytes, w->shard[split].n);
    return true;
}

/* ---- the manifest ------------------------------------------------------------------------ */

/* Fill in what is known about the corpus before the text is encoded. */
static bool begin_manifest(manifest *m, const work *w, error *e)
{
    *m = (manifest){ 0 };
    char held[HOLDOUT_TEXT] = "files";
    if (w->o->n_val == 0) holdout_describe(held, &w->o->holdout);
    m->settings = w->o->tokenizer ? strdup("") : tokenizer_settings(w->o->vocab_size);
    m->holdout = strdup(held), m->one_space = w->o->one_space;
    if (!m->settings || !m->holdout) return error_set(e, "out of memory");
    if (w->o->tokenizer) hash_bytes(m->model, w->model, w->model_bytes);
    for (int i = 0; i < SPLITS; i++) {
        manifest_split *s = &m->split[i];
        s->document = calloc((size_t)w->text[i].n, sizeof *s->document);
        if (!s->document) return error_set(e, "out of memory");
        for (; s->n < w->text[i].n; s->n++) {
            const text *t = &w->text[i].item[s->n];
            manifest_document *d = &s->document[s->n];
            *d = (manifest_document){ .from = (int64_t)t->from, .bytes = (int64_t)t->n };
            memcpy(d->sha256, t->sha256, sizeof d->sha256);
            if (!(d->path = strdup(t->path))) return error_set(e, "out of memory");
        }
    }
    return true;
}

static bool make_corpus(bool *there, work *w, manifest *m, error *e)
{
    if (!corpus_folder_writable(w->o->out, e) || !make_tokenizer(w, e)) return false;
    m->vocab_size = w->tokenizer.V;
    m->width = m->vocab_size <= UINT16_MAX + 1 ? 2 : 4;
    hash_bytes(m->model, w->model, w->model_bytes);
    memcpy(m->pieces, w->tokenizer.sha256, sizeof m->pieces);
    const size_t bytes = count_bytes(w, SPLIT_TRAIN) + count_bytes(w, SPLIT_VAL);
    fprintf(w->o->progress, "encoding %.2f MB\n", 1e-6 * (double)bytes);
    meter encoding;
    meter_open(&encoding, w->o->progress, "encoding", bytes);
    bool ok = true;
    for (int i = 0; ok && i < SPLITS; i++) ok = encode_split(w, m, i, &encoding, e);
    meter_close(&encoding);
    if (!ok) return false;
    manifest_identity(m->sha256, m);
    const corpus_files files = { w->model, w->model_bytes, w->shard };
    return corpus_put(there, m, &files, w->o->out, w->o->force, e);
}

static bool find_or_make(work *w, manifest *m, error *e)
{
    bool there;
    error why;
    const corpus_order *o = w->o;
    if (o->tokenizer && !file_read(&w->model, &w->model_bytes, o->tokenizer, (size_t)1 << 30, e))
        return false;
    if (!begin_manifest(m, w, e) || !corpus_find(&there, &why, m, o->out, o->force, e))
        return false;
    if (*why.msg) fprintf(o->progress, "%s\n", why.msg);
    if (!there && !make_corpus(&there, w, m, e)) return false;
    if (!there) return true;
    fprintf(o->progress, "%s already holds this corpus\n", o->out);
    manifest_close(m);
    return manifest_read(m, o->out, MANIFEST_WHOLE, e);
}

bool corpus_write(manifest *m, const corpus_order *o, error *e)
{
    assert(o->n_train > 0 || o->list);
    work w = { .o = o };
    corpus_folder folder;
    *m = (manifest){ 0 };
    const bool ok = corpus_folder_look(&folder, o->out, e) &&
                    (folder != FOLDER_NEW || corpus_folder_writable(o->out, e)) &&
                    open_texts(&w, e) && check_apart(&w, e) && find_or_make(&w, m, e);
    if (!ok) manifest_close(m);
    work_close(&w);
    return ok;
}
