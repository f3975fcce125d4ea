/* answer.c - greedy decoding through the caches of the attention, one answer at a time.
 *
 * Threads take answers; each has a pass of its own, so that an answer is computed alone and does
 * not depend on the others.
 */
#include "trainer/suites/answer.h"

#include "core/base/growing.h"
#include "trainer/model/pass.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Positions that one walk reads; tokens beyond those that an answer of one-byte pieces needs. */
enum { CHUNK = 128, SPARE = 16 };

typedef struct work {
    const suite_model *with;
    answer *list;
    int n;
    const char *until;
    atomic_int next;
    atomic_bool failed, stopped;
    error why;
    atomic_flag said;
} work;

static const char *skip_blank(const char *text)
{
    return text + strspn(text, " \t\r\n\v\f");
}

static int32_t likeliest(const float *logits, int V)
{
    int best = 0;
    for (int i = 1; i < V; i++)
        if (logits[i] > logits[best]) best = i;
    return best;
}

/* Is the text that has been written long enough? */
static bool complete(const char *text, const char *right, const char *until)
{
    const char *at = skip_blank(text);
    return until ? strstr(at, until) != NULL : strlen(at) >= strlen(right);
}

/* Read n tokens from position t on; the logits of the last one. */
static void read_tokens(pass *p, float *logits, const int32_t *token, int t, int n)
{
    for (int from = 0; from < n; from += CHUNK) {
        const int S = n - from < CHUNK ? n - from : CHUNK;
        pass_extend(p, token + from, t + from, S);
        if (from + S == n) pass_last_logits(p, logits, S);
    }
}

/* Append the text of a token. */
static void add_text(char **text, size_t *n, const tokenizer *pieces, int32_t token, int32_t before)
{
    size_t m;
    const char *bytes = tokenizer_bytes(pieces, token, before, &m);
    char *more = realloc(*text, *n + m + 1);
    if (!more) error_memory();
    *text = more;
    memcpy(more + *n, bytes, m);
    *n += m;
    more[*n] = '\0';
}

static void judge(answer *a, const char *text, const char *right, const char *until)
{
    const char *at = skip_blank(text), *end = until ? strstr(at, until) : NULL;
    const size_t n = until ? (end ? (size_t)(end - at) : strlen(at)) : strnlen(at, strlen(right));
    a->given = error_zeroed(n + 1, 1);
    memcpy(a->given, at, n);
    a->same = strcmp(a->given, right) == 0;
}

static void write_answer(answer *a, pass *p, float *logits, const work *k)
{
    const tokenizer *pieces = k->with->pieces;
    const char *right = skip_blank(a->right);
    const size_t most = (k->until ? 2 : 1) * strlen(right) + SPARE;
    int t = a->n;
    int32_t before = a->prompt[a->n - 1];
    char *text = error_zeroed(1, 1);
    size_t n = 0;
    read_tokens(p, logits, a->prompt, 0, a->n);
    for (size_t i = 0; i < most; i++) {
        const int32_t token = likeliest(logits, p->m->config.V);
        if (token == pieces->bos || token == pieces->eos) break;
        add_text(&text, &n, pieces, token, before);
        if (complete(text, right, k->until) || t == p->T) break;
        read_tokens(p, logits, &token, t++, 1);
        before = token;
    }
    judge(a, text, right, k->until);
    free(text);
}

static void take_answers(void *arg, int thread)
{
    work *k = arg;
    const suite_model *with = k->with;
    const int C = with->context, S = C < CHUNK ? C : CHUNK;
    pass p;
    error e;
    (void)thread;
    float *logits = malloc((size_t)with->m->config.V * sizeof *logits);
    bool ok = logits ? pass_open(&p, with->m, PASS_DECODE, 1, C, S, with->w, NULL, &e)
                     : error_set(&e, "out of memory for the logits of an answer");
    if (!ok && !atomic_flag_test_and_set(&k->said)) k->why = e;
    if (!ok) atomic_store(&k->failed, true);
    for (int i; ok && (i = atomic_fetch_add(&k->next, 1)) < k->n;) {
        if (with->stop && with->stop()) {
            atomic_store(&k->stopped, true);
            break;
        }
        write_answer(&k->list[i], &p, logits, k);
    }
    if (ok) pass_close(&p);
    free(logits);
}

bool answer_fill(bool *stopped, answer *list, int n, const char *until, const suite_model *with,
                 error *e)
{
    work k = { .with = with, .list = list, .n = n, .until = until, .said = ATOMIC_FLAG_INIT };
    *stopped = false;
    if (n == 0) return true;
    threads_run(with->pool, take_answers, &k);
    *stopped = atomic_load(&k.stopped);
    if (!atomic_load(&k.failed)) return true;
    *e = k.why;
    return false;
}
