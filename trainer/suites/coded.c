/* coded.c - from texts to the tokens that are read and the spans that are scored.
 *
 * Examples of an item are a function of (seed of the suite, name of the task, item): the stream is
 * "shots.TASK", and its row the item.
 */
#include "trainer/suites/coded.h"

#include "core/base/growing.h"
#include "trainer/suites/suite.h"
#include "trainer/tasks/draws.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* What is at work on one task. */
typedef struct coder {
    const suite *suite;
    const suite_task *task;
    const coded_for *with;
    rng shots;
} coder;

void coded_close(coded *list, int n)
{
    for (int i = 0; list && i < n; i++) {
        for (int k = 0; k < list[i].sequences; k++)
            free(list[i].sequence[k].token), free(list[i].sequence[k].span);
        free(list[i].sequence);
    }
    free(list);
}

/* --- examples and prompts --------------------------------------------------------------------- */

/* Call `put` for each example of item i. */
static void each_shot(const coder *c, int i, void (*put)(void *, const suite_task *, const item *),
                      void *arg)
{
    const suite_task *t = c->task;
    const items *from = t->apart ? &t->pool : &t->all;
    int32_t chosen[SUITE_SHOTS];
    draws d = { .stream = c->shots, .row = (uint64_t)i };
    draws_sample(chosen, &d, 0, t->apart ? from->n : from->n - 1, t->shots);
    for (int k = 0; k < t->shots; k++) {
        const bool past = !t->apart && chosen[k] >= i; /* the item itself is no example */
        put(arg, t, &from->item[chosen[k] + past]);
    }
}

static void put_text(void *arg, const suite_task *t, const item *x)
{
    FILE *f = arg;
    const item_part *answer = &x->option[x->answer];
    fwrite(x->prompt.text, 1, (size_t)x->prompt.n, f);
    fputs(t->delimiter, f);
    fwrite(answer->text, 1, (size_t)answer->n, f);
    fputs(t->separator, f);
}

/* The text in front of the options; the caller frees it. */
static char *context_text(const coder *c, int i)
{
    const item *it = &c->task->all.item[i];
    growing words;
    growing_open(&words);
    if (c->task->shots > 0) each_shot(c, i, put_text, words.f);
    fwrite(it->prompt.text, 1, (size_t)it->prompt.n, words.f);
    return growing_close(&words);
}

typedef struct ids {
    int32_t *token;
    int n;
} ids;

static void add_tokens(ids *list, const int32_t *token, int n)
{
    int32_t *more = realloc(list->token, (size_t)(list->n + n + 1) * sizeof *more);
    if (!more) error_memory();
    list->token = more;
    if (n > 0) memcpy(more + list->n, token, (size_t)n * sizeof *token);
    list->n += n;
}

static void put_tokens(void *arg, const suite_task *t, const item *x)
{
    (void)t;
    add_tokens(arg, x->prompt.token, x->prompt.n);
    add_tokens(arg, x->option[x->answer].token, x->option[x->answer].n);
}

/* --- sequences -------------------------------------------------------------------------------- */

/* A sequence with room for `spans`; takes the tokens. */
static coded_sequence *add_sequence(coded *out, ids list, int spans)
{
    out->sequence = growing_list(out->sequence, out->sequences, sizeof *out->sequence);
    coded_sequence *s = &out->sequence[out->sequences++];
    *s = (coded_sequence){ .token = list.token, .n = list.n, .spans = spans };
    s->span = error_zeroed((size_t)spans, sizeof *s->span);
    if (list.n > out->length) out->length = list.n;
    return s;
}

/* BOS and the pieces of a text. */
static bool encode(ids *out, const coder *c, const char *text, size_t bytes, error *e)
{
    int32_t *piece;
    size_t n;
    *out = (ids){ 0 };
    if (!tokenizer_encode(&piece, &n, c->with->pieces, text, bytes, e)) return false;
    add_tokens(out, &c->with->pieces->bos, 1);
    add_tokens(out, piece, (int)n);
    free(piece);
    return true;
}

/* The pieces of `text` that begin after its first `front` bytes; at least one piece is after them.
 */
static bool count_front(int *out, const coder *c, const char *text, size_t front, int whole,
                        error *e)
{
    ids list;
    if (!encode(&list, c, text, front, e)) return false;
    *out = list.n < whole ? list.n : whole - 1;
    free(list.token);
    return true;
}

static bool blank(char x)
{
    return x == ' ' || (x >= '\t' && x <= '\r') || (x >= 0x1c && x <= 0x1f);
}

/* Each option after the same prompt. */
static bool code_options(coded *out, const coder *c, int i, error *e)
{
    const item *it = &c->task->all.item[i];
    const size_t gap = strlen(c->task->delimiter);
    char *context = context_text(c, i);
    const size_t n = strlen(context);
    size_t front = n;
    int from = -1;
    bool ok = true;
    while (front > 0 && blank(context[front - 1])) front--;
    for (int k = 0; ok && k < it->options; k++) {
        const item_part *option = &it->option[k];
        const size_t bytes = n + gap + (size_t)option->n;
        ids list = { 0 };
        char *text = error_zeroed(bytes + 1, 1);
        memcpy(text, context, n), memcpy(text + n, c->task->delimiter, gap);
        memcpy(text + n + gap, option->text, (size_t)option->n);
        ok = encode(&list, c, text, bytes, e) &&
             (from >= 0 || count_front(&from, c, text, front, INT32_MAX, e));
        if (ok) {
            coded_sequence *s = add_sequence(out, list, 1);
            *s->span = (coded_span){ .from = from < s->n ? from : s->n - 1, .to = s->n };
            s->bytes = option->n;
        } else
            free(list.token);
        free(text);
    }
    free(context);
    return ok;
}

static void code_tokens(coded *out, const coder *c, int i)
{
    const item *it = &c->task->all.item[i];
    for (int k = 0; k < it->options; k++) {
        ids list = { 0 };
        if (c->task->shots > 0) each_shot(c, i, put_tokens, &list);
        add_tokens(&list, it->prompt.token, it->prompt.n);
        const int from = list.n;
        add_tokens(&list, it->option[k].token, it->option[k].n);
        coded_sequence *s = add_sequence(out, list, 1);
        *s->span = (coded_span){ .from = from, .to = s->n };
    }
}

/* One sequence with answers among its tokens. */
static bool code_spans(coded *out, const coder *c, const item *it, error *e)
{
    const item_part *all = &it->prompt;
    ids list = { 0 };
    if (!all->text)
        add_tokens(&list, all->token, all->n);
    else if (!encode(&list, c, all->text, (size_t)all->n, e))
        return false;
    coded_sequence *s = add_sequence(out, list, it->spans);
    for (int j = 0; j < it->spans; j++) {
        const generator_answer *a = &it->span[j];
        int from = a->from, to = a->to;
        if (all->text && (!count_front(&from, c, all->text, (size_t)a->from, s->n, e) ||
                          !count_front(&to, c, all->text, (size_t)a->to, s->n + 1, e)))
            return false;
        s->span[j] = (coded_span){ .from = from, .to = to > from ? to : from + 1 };
        if (all->text) s->bytes += a->to - a->from;
    }
    return true;
}

/* A text in windows of the context C: each ends where the next one's targets begin, and the last
 * one looks back as far as it can. */
static bool code_windows(coded *out, const coder *c, const item *it, error *e)
{
    const int C = c->with->context;
    ids all;
    if (!encode(&all, c, it->option->text, (size_t)it->option->n, e)) return false;
    for (int from = 1; from < all.n; from += C) {
        ids list = { 0 };
        const int to = all.n - from < C ? all.n : from + C, begin = to - 1 < C ? 0 : to - 1 - C;
        add_tokens(&list, all.token + begin, to - begin);
        coded_sequence *s = add_sequence(out, list, 1);
        *s->span = (coded_span){ .from = from - begin, .to = to - begin };
        if (from == 1) s->bytes = it->option->n;
    }
    free(all.token);
    return true;
}

/* --- lengths and tokens that don't fit ---------------------------------------------------------
 */

static const char *where(const coder *c)
{
    return c->task->file ? c->task->file : c->task->spec;
}

/* error_usage with the place of an item in front. */
static bool refuse(const coder *c, const item *it, error *e)
{
    if (it->line == 0) return error_where(e, "task '%s' (%s)", c->task->name, where(c));
    return error_where(e, "%s:%d", where(c), it->line);
}

static bool check_tokens(const coded *x, const coder *c, const item *it, error *e)
{
    for (int k = 0; k < x->sequences; k++)
        for (int i = 0; i < x->sequence[k].n; i++)
            if (x->sequence[k].token[i] < 0 || x->sequence[k].token[i] >= c->with->vocab_size) {
                error_usage(e, "item %s has token %d, but the model's vocabulary has %d", it->id,
                            x->sequence[k].token[i], c->with->vocab_size);
                return refuse(c, it, e);
            }
    return true;
}

/* Cut a sequence on the left, down to the context's inputs and the last target.  False if that cuts
 * into what is scored. */
static bool truncate(coded_sequence *s, int context)
{
    const int cut = s->n - 1 - context;
    if (cut <= 0) return true;
    for (int j = 0; j < s->spans; j++)
        if (s->span[j].from - cut < 1) return false;
    memmove(s->token, s->token + cut, (size_t)(s->n - cut) * sizeof *s->token);
    s->n -= cut;
    for (int j = 0; j < s->spans; j++) s->span[j].from -= cut, s->span[j].to -= cut;
    return true;
}

static void skip(coded *x)
{
    for (int k = 0; k < x->sequences; k++) free(x->sequence[k].token), free(x->sequence[k].span);
    x->sequences = 0;
}

static bool fit(coded *x, const coder *c, const item *it, error *e)
{
    const int C = c->with->context;
    bool fits = true;
    if (x->length - 1 <= C || c->task->kind->rolling) return true;
    if (c->suite->on_long == LONG_SKIP) {
        skip(x);
        return true;
    }
    if (c->suite->on_long == LONG_TRUNCATE)
        for (int k = 0; k < x->sequences; k++) fits = truncate(&x->sequence[k], C) && fits;
    x->truncated = c->suite->on_long == LONG_TRUNCATE;
    if (fits && x->truncated) return true;
    error_usage(e, "item %s has %d tokens, but the context allows %d%s", it->id, x->length, C + 1,
                x->truncated ? ", and what is scored would be cut"
                             : " (on_long: truncate or skip, or a longer context)");
    return refuse(c, it, e);
}

static bool code(coded *out, const coder *c, int i, error *e)
{
    const item *it = &c->task->all.item[i];
    const bool text = it->spans > 0 || it->prompt.text ? it->prompt.text : it->option->text;
    if (text && !c->with->pieces) {
        error_usage(e, "item %s is text, but the model has no tokenizer", it->id);
        return refuse(c, it, e);
    }
    bool ok = true;
    if (it->spans > 0)
        ok = code_spans(out, c, it, e);
    else if (c->task->kind->rolling)
        ok = code_windows(out, c, it, e);
    else if (it->prompt.text)
        ok = code_options(out, c, i, e);
    else
        code_tokens(out, c, i);
    return ok && check_tokens(out, c, it, e) && fit(out, c, it, e);
}

static coder coder_of(const suite *s, const suite_task *task, const coded_for *with)
{
    char name[SUITE_NAME + 16];
    snprintf(name, sizeof name, "shots.%s", task->name);
    return (coder){ s, task, with, rng_stream((uint64_t)s->seed, 0, name) };
}

char *coded_context(const suite *s, const suite_task *task, int i)
{
    const coder c = coder_of(s, task, NULL);
    const item *it = &task->all.item[i];
    ids list = { 0 };
    growing words;
    if (it->prompt.text) return context_text(&c, i);
    if (task->shots > 0) each_shot(&c, i, put_tokens, &list);
    add_tokens(&list, it->prompt.token, it->prompt.n);
    growing_open(&words);
    for (int k = 0; k < list.n; k++) fprintf(words.f, "%s%d", k ? " " : "", list.token[k]);
    free(list.token);
    return growing_close(&words);
}

bool coded_open(coded **out, const suite *s, const suite_task *task, const coded_for *with,
                error *e)
{
    const coder c = coder_of(s, task, with);
    *out = error_zeroed((size_t)task->all.n, sizeof **out);
    for (int i = 0; i < task->all.n; i++)
        if (!code(&(*out)[i], &c, i, e)) return false;
    return true;
}
