/* corpus_write.c - makes a corpus: reads the texts, trains or reads the tokenizer, encodes, writes.
 *
 * Invariant: a corpus that is only half written never opens.  Everything that can be wrong with the
 * folder is found before the tokenizer is trained, and with the texts before the first byte is
 * written.  Then the manifest says that the corpus is incomplete, the tokenizer and the shards are
 * written, and the new manifest comes last.
 */
#include "trainer/corpus/corpus_write.h"

#include "core/base/file.h"
#include "trainer/corpus/corpus.h"
#include "trainer/corpus/corpus_folder.h"
#include "trainer/corpus/documents.h"
#include "trainer/corpus/meter.h"
#include "trainer/corpus/tokenizer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct shard {
    char *bytes;
    size_t n, room;
} shard;

typedef struct work {
    const corpus_order *o;
    documents text[SPLITS];
    char *model; /* the tokenizer's file */
    size_t model_bytes;
    tokenizer tokenizer;
    shard shard[SPLITS];
} work;

static void work_close(work *w)
{
    for (int i = 0; i < SPLITS; i++) {
        documents_close(&w->text[i]);
        free(w->shard[i].bytes);
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

static bool put_tokens(shard *s, const int32_t *ids, size_t n, int width, error *e)
{
    const size_t bytes = n * (size_t)width;
    if (bytes > s->room - s->n) {
        const size_t room = 2 * s->room + bytes;
        char *more = realloc(s->bytes, room);
        if (!more) return error_set(e, "out of memory for %zu bytes of tokens", room);
        s->bytes = more, s->room = room;
    }
    char *out = s->bytes + s->n;
    for (size_t i = 0; i < n && width == 2; i++) {
        const uint16_t id = (uint16_t)ids[i];
        memcpy(out + 2 * i, &id, sizeof id);
    }
    if (width == 4) memcpy(out, ids, bytes);
    s->n += bytes;
    return true;
}

/* Encode a document, check that its tokens decode to the same text, and append them to the shard.
 */
static bool encode(work *w, manifest_document *d, const text *t, shard *s, int width, error *e)
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
    ok = ok && put_tokens(s, &bos, 1, width, e) && put_tokens(s, ids, n, width, e);
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

static bool same_documents(const manifest *a, const manifest *b)
{
    for (int i = 0; i < SPLITS; i++) {
        if (a->split[i].n != b->split[i].n) return false;
        for (int j = 0; j < a->split[i].n; j++)
            if (strcmp(a->split[i].document[j].sha256, b->split[i].document[j].sha256) != 0)
                return false;
    }
    return true;
}

/* Is the corpus in the folder the one that was ordered?  Before encoding, the texts and the
 * tokenizer may not be enough to tell: MAYBE. */
typedef enum answer { NO, MAYBE, YES } answer;

static answer is_same(const manifest *new, const manifest *old)
{
    if (*new->sha256) return strcmp(new->sha256, old->sha256) == 0 ? YES : NO;
    if (!same_documents(new, old)) return NO;
    const bool known = *new->settings ? strcmp(new->settings, old->settings) == 0
                                      : strcmp(new->model, old->model) == 0;
    return known ? YES : MAYBE;
}

static bool is_whole(const char *folder, error *e)
{
    corpus c;
    if (!corpus_open(&c, folder, CORPUS_WHOLE, e)) return false;
    corpus_close(&c);
    return true;
}

/* Is the corpus in the folder already?  If it was and is damaged, *there is false and *why says how
 * it is damaged.  Fails if the folder holds another corpus and `force` is off. */
static bool look_for(bool *there, error *why, const manifest *m, const corpus_order *o, error *e)
{
    manifest old;
    corpus_folder folder;
    *there = false, *why = (error){ 0 };
    if (!corpus_folder_look(&folder, o->out, e)) return false;
    if (folder != FOLDER_CORPUS) return true;
    const bool known = manifest_read(&old, o->out, MANIFEST_WHOLE, why);
    const answer same = known ? is_same(m, &old) : NO;
    manifest_close(&old);
    *there = same == YES && is_whole(o->out, why);
    if (same != NO || o->force) return true;
    if (!known) return error_set(e, "%.400s (--force replaces what is there)", why->msg);
    return error_set(e,
                     "%s: this folder holds another corpus: choose another folder, or replace it "
                     "with --force",
                     o->out);
}

static bool put_file(const char *folder, const char *name, const void *bytes, size_t n, error *e)
{
    char *path = file_path(folder, name);
    const bool ok = file_write(path, bytes, n, e);
    free(path);
    return ok;
}

static bool put_files(const work *w, const manifest *m, error *e)
{
    const char *folder = w->o->out;
    bool ok =
        manifest_begin(folder, e) && put_file(folder, MANIFEST_MODEL, w->model, w->model_bytes, e);
    for (int i = 0; ok && i < SPLITS; i++)
        ok = put_file(folder, SPLIT_SHARD[i], w->shard[i].bytes, w->shard[i].n, e);
    return ok && manifest_write(m, folder, e);
}

/* Write the corpus, one process at a time.  Look again first: the answer is no longer MAYBE. */
static bool put_corpus(bool *there, const work *w, const manifest *m, error *e)
{
    const char *folder = w->o->out;
    int lock = -1;
    error why;
    char *path = file_path(folder, ".lock");
    bool ok = file_make_folder(folder, e) && file_lock(&lock, path, e);
    if (ok && lock < 0)
        ok = error_set(
            e, "%s: another attnlab prepare is writing to this folder; wait for it to finish",
            folder);
    ok = ok && look_for(there, &why, m, w->o, e) && (*there || put_files(w, m, e));
    if (lock >= 0) close(lock);
    free(path);
    return ok;
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
    return put_corpus(there, w, m, e);
}

static bool find_or_make(work *w, manifest *m, error *e)
{
    bool there;
    error why;
    const corpus_order *o = w->o;
    if (o->tokenizer && !file_read(&w->model, &w->model_bytes, o->tokenizer, (size_t)1 << 30, e))
        return false;
    if (!begin_manifest(m, w, e) || !look_for(&there, &why, m, o, e)) return false;
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
