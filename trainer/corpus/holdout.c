/* holdout.c - cuts documents into text to train on and text held out.
 *
 * Blocks: a document of n bytes is cut into max(1, n / size rounded) spans of about equal length.
 * Spans are counted through all documents, and span i is held out if i mod k = k / 2; so short
 * documents are held out whole.  Training text ends at least `gap` bytes before a block and begins
 * again at least `gap` bytes behind it.  All cuts are at seams (text.h).
 */
#include "trainer/corpus/holdout.h"

#include "core/base/number.h"
#include "trainer/corpus/documents.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char BLOCKS[] = "blocks";

bool holdout_is_blocks(const char *spec)
{
    const size_t n = strlen(BLOCKS);
    return strncmp(spec, BLOCKS, n) == 0 && (!spec[n] || spec[n] == ':');
}

/* One "option=value" of n characters. */
static bool set(holdout *h, const char *given, size_t n, error *e)
{
    const struct {
        const char *name;
        int64_t *field, min, max;
    } OPTION[] = { { "every", &h->every, 2, 1000000 },
                   { "size", &h->size, 1000, 1000000000 },
                   { "gap", &h->gap, 0, 1000000000 } };
    char value[32];
    for (size_t i = 0; i < sizeof OPTION / sizeof *OPTION; i++) {
        const size_t m = strlen(OPTION[i].name);
        if (n <= m || strncmp(given, OPTION[i].name, m) != 0 || given[m] != '=') continue;
        snprintf(value, sizeof value, "%.*s", (int)(n - m - 1), given + m + 1);
        if (number_whole(OPTION[i].field, value) == NUMBER_TAKEN &&
            *OPTION[i].field >= OPTION[i].min && *OPTION[i].field <= OPTION[i].max)
            return true;
        return error_usage(
            e, "--holdout blocks: %s: '%s' is not a whole number from %" PRId64 " to %" PRId64,
            OPTION[i].name, value, OPTION[i].min, OPTION[i].max);
    }
    return error_usage(e, "--holdout blocks: '%.*s' is not every=N, size=BYTES or gap=BYTES",
                       (int)n, given);
}

bool holdout_read(holdout *h, const char *spec, error *e)
{
    *h = (holdout){ .every = 10, .size = 32000, .gap = 1000 };
    for (const char *at = spec + strlen(BLOCKS); *at;) {
        const char *option = at + 1;
        const size_t n = strcspn(option, ":");
        if (!set(h, option, n, e)) return false;
        at = option + n;
    }
    return h->gap < h->size || error_usage(e,
                                           "--holdout blocks: the gap of %" PRId64
                                           " bytes must be smaller than the size %" PRId64,
                                           h->gap, h->size);
}

void holdout_describe(char out[HOLDOUT_TEXT], const holdout *h)
{
    if (h->every)
        snprintf(out, HOLDOUT_TEXT, "%s:every=%" PRId64 ":size=%" PRId64 ":gap=%" PRId64, BLOCKS,
                 h->every, h->size, h->gap);
    else
        snprintf(out, HOLDOUT_TEXT, "fraction:%.9g", h->fraction);
}

/* Append bytes from..to of t, unless they are blank. */
static void put_part(documents *list, const text *t, size_t from, size_t to)
{
    if (from >= to || text_blank(t->bytes + from, to - from)) return;
    const text part = text_part(t, from, to);
    documents_put(list, &part);
}

/* Cut one document.  *next is the number of its first span, and is moved on. */
static void cut_document(documents *train, documents *val, int64_t *next, const text *t,
                         const holdout *h)
{
    const size_t size = (size_t)h->size, gap = (size_t)h->gap, most = size / 20;
    const size_t whole = (t->n + size / 2) / size, spans = whole ? whole : 1;
    size_t kept = 0; /* where the text to train on goes on */
    for (size_t i = 0; i < spans; i++, ++*next) {
        if (*next % h->every != h->every / 2) continue;
        const size_t begin =
            i ? text_seam(t, (size_t)((double)t->n * (double)i / (double)spans), most) : 0;
        const size_t end =
            i + 1 < spans
                ? text_seam(t, (size_t)((double)t->n * (double)(i + 1) / (double)spans), most)
                : t->n;
        const size_t reach = gap + gap / 2; /* a seam ends the training text in the further half */
        if (begin > kept + reach) put_part(train, t, kept, text_seam(t, begin - reach, gap / 2));
        put_part(val, t, begin, end);
        kept = end < t->n && gap < t->n - end ? text_seam(t, end + gap, gap / 2) : t->n;
    }
    put_part(train, t, kept, t->n);
}

static void cut_blocks(documents *train, documents *val, const holdout *h)
{
    documents rest = { 0 };
    int64_t next = 0;
    for (int i = 0; i < train->n; i++) cut_document(&rest, val, &next, &train->item[i], h);
    free(train->item);
    train->item = rest.item, train->n = rest.n;
}

static void cut_ends(documents *train, documents *val, double fraction)
{
    for (int i = 0; i < train->n; i++) {
        text tail;
        if (text_split(&train->item[i], &tail, fraction))
            documents_put(val, &tail);
        else
            text_hash(&train->item[i]);
    }
}

bool holdout_cut(documents *train, documents *val, const holdout *h, error *e)
{
    char what[HOLDOUT_TEXT];
    if (h->every)
        cut_blocks(train, val, h);
    else
        cut_ends(train, val, h->fraction);
    if (train->n > 0 && val->n > 0) return true;
    holdout_describe(what, h);
    if (!h->every) snprintf(what, sizeof what, "%g of it", h->fraction);
    return error_usage(e, "there is too little text to hold out %s: name a file with --holdout",
                       what);
}
