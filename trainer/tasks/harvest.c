/* harvest.c - tries the places of a text in random order, and keeps the first that make an item.
 *
 *     places of a task: its sentences, words or paragraphs, through all documents
 *     order            = draws_sample of the stream "harvest.TASK", row 0
 *     what place i draws: row i + 1
 */
#include "trainer/tasks/harvest.h"

#include "core/base/file.h"
#include "trainer/corpus/corpus.h"
#include "trainer/corpus/manifest.h"
#include "trainer/tasks/draws.h"
#include "trainer/tasks/harvest_tasks.h"

#include <stdlib.h>
#include <string.h>

static const size_t MODEL_LIMIT = (size_t)1 << 30;

const harvest_task *const harvest_tasks[] = { &harvest_last_word, &harvest_continuation,
                                              &harvest_order_of_two, &harvest_name, NULL };

int harvest_begin(const harvest_text *t, const harvest_order *o, int end, int room)
{
    enum { MARGIN = 8 }; /* BOS, and pieces that are cut otherwise when a prompt is encoded alone */
    const int last = harvest_text_token(t, end), most = o->context - room - MARGIN;
    const int begin = harvest_text_sentence(t, last - most > 0 ? last - most : 0);
    if (begin < 0 || begin >= end) return -1;
    return 2 * (last - harvest_text_token(t, begin)) >= most ? begin : -1;
}

int harvest_gap(const harvest_text *t, int at)
{
    while (at > 0 && (t->bytes[at - 1] == ' ' || t->bytes[at - 1] == '\n')) at--;
    return at;
}

typedef struct texts {
    int n;
    harvest_text *item; /* (n) */
} texts;

static void texts_close(texts *t)
{
    for (int i = 0; i < t->n; i++) harvest_text_close(&t->item[i]);
    free(t->item);
}

static void read_texts(texts *t, const corpus *c, const manifest *m, const tokenizer *k)
{
    const manifest_split *s = &m->split[SPLIT_VAL];
    int64_t from = 0;
    t->item = error_zeroed((size_t)s->n, sizeof *t->item);
    for (; t->n < s->n; t->n++) {
        const manifest_document *d = &s->document[t->n];
        harvest_text_open(&t->item[t->n], &c->val, k, from, d->tokens, d->path);
        from += d->tokens;
    }
}

static bool add_task(suite_draft *d, const texts *t, const harvest_task *kind,
                     const harvest_order *o, error *e)
{
    char name[64];
    int places = 0, made = 0;
    for (int i = 0; i < t->n; i++) places += kind->places(&t->item[i]);
    snprintf(name, sizeof name, "harvest.%s", kind->name);
    const rng stream = rng_stream((uint64_t)d->seed, 0, name);
    int32_t *order = error_zeroed((size_t)places, sizeof *order);
    draws all = { .stream = stream };
    draws_sample(order, &all, 0, places, places);
    bool ok = true;
    for (int i = 0; ok && i < places && made < o->items; i++) {
        draws own = { .stream = stream, .row = (uint64_t)order[i] + 1 };
        int at = order[i], k = 0;
        int64_t distance = -1;
        while (at >= kind->places(&t->item[k])) at -= kind->places(&t->item[k++]);
        json_t *item = kind->make(&t->item[k], o, at, &own, &distance);
        if (!item) continue;
        ok = made > 0 || suite_draft_add(d, kind->name, kind->kind, kind->group, kind->metric, e);
        if (ok) suite_draft_item(d, item, distance, -1);
        made++;
    }
    free(order);
    return ok;
}

static bool add_all(suite_draft *d, const texts *t, const harvest_order *o, error *e)
{
    for (const harvest_task *const *kind = harvest_tasks; *kind; kind++)
        if (!add_task(d, t, *kind, o, e)) return false;
    return d->tasks > 0 ||
           error_set(e, "%s: the held-out text has no passages of %d tokens to make items of",
                     o->corpus, o->context);
}

static bool read_tokenizer(tokenizer *k, const corpus *c, error *e)
{
    char *path = file_path(c->path, MANIFEST_MODEL), *bytes = NULL;
    size_t n;
    const bool ok = file_read(&bytes, &n, path, MODEL_LIMIT, e) &&
                    (tokenizer_open(k, bytes, n, e) || error_where(e, "%s", path));
    free(bytes), free(path);
    return ok;
}

bool harvest_add(suite_draft *d, const harvest_order *o, error *e)
{
    manifest m;
    corpus c = { 0 };
    tokenizer k = { 0 };
    texts t = { 0 };
    if (!manifest_read(&m, o->corpus, MANIFEST_WHOLE, e)) return false;
    bool ok = !m.generated || error_usage(e,
                                          "%s: this corpus was generated; its items are written "
                                          "by --generate SPEC",
                                          o->corpus);
    ok = ok && corpus_open(&c, o->corpus, CORPUS_WHOLE, e) && read_tokenizer(&k, &c, e);
    if (ok) {
        read_texts(&t, &c, &m, &k);
        ok = add_all(d, &t, o, e);
    }
    texts_close(&t), tokenizer_close(&k), corpus_close(&c), manifest_close(&m);
    return ok;
}
