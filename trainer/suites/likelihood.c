/* likelihood.c - batches of sequences through PASS_EVAL.
 *
 * What a sequence tells about its first positions does not depend on what comes later.  So of the
 * sequences of an item, one whose input is the beginning of another's is not read by itself: it
 * takes its likelihoods from there.  Options of one token then cost no more than the prompt.
 *
 * A batch is padded on the right to a multiple of STEP positions, and holds at most ROWS positions
 * unless it has only one sequence.
 */
#include "trainer/suites/likelihood.h"

#include "core/compute/kernels.h"
#include "trainer/model/pass.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { STEP = 16, ROWS = 2048 };

/* A sequence that is read, and those that take their likelihoods from it: itself first. */
typedef struct source {
    const coded_sequence *host;
    int item, users;
    coded_sequence **user; /* (users) */
} source;

typedef struct batch {
    int from, n, T; /* sources from..from+n-1; positions of each */
} batch;

typedef struct work {
    const suite_model *with;
    int sources, batches;
    source *source; /* (sources) by length */
    batch *batch;
    atomic_int next; /* batch to be taken, from the last one on */
    atomic_bool failed, stopped;
    error why; /* of the thread that failed first */
    atomic_flag said;
} work;

/* What a thread keeps between batches. */
typedef struct desk {
    pass p;
    bool open;
    int32_t *token;
    float *x, *nll; /* (PASS_SLICE, D), (PASS_SLICE) */
    int32_t target[PASS_SLICE];
    coded_span *span[PASS_SLICE];
} desk;

static int round_up(int n, int context)
{
    const int T = (n + STEP - 1) / STEP * STEP;
    return T > context && n <= context ? context : T;
}

/* --- which sequences are read ----------------------------------------------------------------- */

static bool begins(const coded_sequence *s, const coded_sequence *host)
{
    return s->n <= host->n &&
           memcmp(s->token, host->token, (size_t)(s->n - 1) * sizeof *s->token) == 0;
}

static int longest_first(const void *a, const void *b)
{
    const coded_sequence *const *x = a, *const *y = b;
    if ((*x)->n != (*y)->n) return (*x)->n > (*y)->n ? -1 : 1;
    return *x < *y ? -1 : *x > *y; /* in one array */
}

static void add_item(work *k, coded *it, int index)
{
    const int first = k->sources;
    coded_sequence **sorted = error_zeroed((size_t)it->sequences, sizeof *sorted);
    for (int i = 0; i < it->sequences; i++) sorted[i] = &it->sequence[i];
    qsort(sorted, (size_t)it->sequences, sizeof *sorted, longest_first);
    for (int i = 0; i < it->sequences; i++) {
        int j = first;
        while (j < k->sources && !begins(sorted[i], k->source[j].host)) j++;
        source *s = &k->source[j];
        if (j == k->sources) {
            *s = (source){ .host = sorted[i], .item = index };
            s->user = error_zeroed((size_t)(it->sequences - i), sizeof *s->user);
            k->sources++;
        }
        s->user[s->users++] = sorted[i];
    }
    free(sorted);
}

static int by_length(const void *a, const void *b)
{
    const source *x = a, *y = b;
    if (x->host->n != y->host->n) return x->host->n < y->host->n ? -1 : 1;
    if (x->item != y->item) return x->item < y->item ? -1 : 1;
    return x->host < y->host ? -1 : x->host > y->host;
}

static void cut_batches(work *k)
{
    const int context = k->with->context;
    k->batch = error_zeroed((size_t)k->sources, sizeof *k->batch);
    for (int i = 0; i < k->sources; k->batches++) {
        batch *b = &k->batch[k->batches];
        *b = (batch){ .from = i };
        for (; i < k->sources; i++, b->n++) {
            const int T = round_up(k->source[i].host->n - 1, context);
            if (b->n > 0 && (b->n + 1) * T > ROWS) break;
            b->T = T;
        }
    }
    atomic_init(&k->next, k->batches);
}

static void plan(work *k, coded *list, int n)
{
    size_t most = 0;
    for (int i = 0; i < n; i++) most += (size_t)list[i].sequences;
    k->source = error_zeroed(most, sizeof *k->source);
    for (int i = 0; i < n; i++) add_item(k, &list[i], i);
    qsort(k->source, (size_t)k->sources, sizeof *k->source, by_length);
    cut_batches(k);
}

/* --- reading ---------------------------------------------------------------------------------- */

static int most_of(int T)
{
    return T < ROWS ? ROWS / T : 1;
}

/* A pass for batches of T positions. */
static bool set_desk(desk *d, const work *k, int T, error *e)
{
    const suite_model *with = k->with;
    if (d->open && d->p.T == T) return true;
    if (d->open) pass_close(&d->p), d->open = false;
    free(d->token);
    d->token = malloc((size_t)most_of(T) * (size_t)T * sizeof *d->token);
    if (!d->x) d->x = tensor_block((size_t)PASS_SLICE * (size_t)with->m->config.D);
    if (!d->nll) d->nll = malloc(PASS_SLICE * sizeof *d->nll);
    if (!d->token || !d->x || !d->nll)
        return error_set(e, "out of memory for a batch of an evaluation");
    d->open = pass_open(&d->p, with->m, PASS_EVAL, most_of(T), T, T, with->w, NULL, e);
    return d->open;
}

static void close_desk(desk *d)
{
    if (d->open) pass_close(&d->p);
    free(d->token), free(d->x), free(d->nll);
}

/* Is entry k of a row of V the first of the largest? */
static bool is_greedy(const float *row, int V, int k)
{
    int best = 0;
    for (int i = 1; i < V; i++)
        if (row[i] > row[best]) best = i;
    return best == k;
}

/* The likelihoods of the n targets that have been collected. */
static void score(desk *d, int n)
{
    const model_config *c = &d->p.m->config;
    linear(d->p.logits, d->x, d->p.head, n, c->D, c->V);
    cross_entropy(d->nll, d->p.logits, d->target, n, c->V);
    for (int i = 0; i < n; i++) {
        d->span[i]->nll += d->nll[i];
        d->span[i]->greedy = d->span[i]->greedy &&
                             is_greedy(d->p.logits + (size_t)i * (size_t)c->V, c->V, d->target[i]);
    }
}

/* After pass_forward: the spans of all who use the sequences of a batch. */
static void score_batch(desk *d, const work *k, const batch *b)
{
    const size_t D = (size_t)d->p.m->config.D;
    int n = 0;
    for (int i = 0; i < b->n; i++) {
        const source *s = &k->source[b->from + i];
        const float *h = d->p.h + (size_t)i * (size_t)b->T * D;
        for (int u = 0; u < s->users; u++)
            for (int j = 0; j < s->user[u]->spans; j++) {
                coded_span *span = &s->user[u]->span[j];
                span->nll = 0, span->greedy = true;
                for (int t = span->from; t < span->to; t++) {
                    memcpy(d->x + (size_t)n * D, h + (size_t)(t - 1) * D, D * sizeof *h);
                    d->target[n] = s->user[u]->token[t], d->span[n] = span;
                    if (++n == PASS_SLICE) score(d, n), n = 0;
                }
            }
    }
    if (n > 0) score(d, n);
}

static bool read_batch(desk *d, const work *k, const batch *b, error *e)
{
    if (!set_desk(d, k, b->T, e)) return false;
    memset(d->token, 0, (size_t)b->n * (size_t)b->T * sizeof *d->token);
    for (int i = 0; i < b->n; i++) {
        const coded_sequence *s = k->source[b->from + i].host;
        memcpy(d->token + (size_t)i * (size_t)b->T, s->token,
               (size_t)(s->n - 1) * sizeof *s->token);
    }
    pass_forward(&d->p, d->token, b->n);
    score_batch(d, k, b);
    return true;
}

static void take_batches(void *arg, int thread)
{
    work *k = arg;
    desk d = { 0 };
    error e;
    (void)thread;
    for (int i; !atomic_load(&k->failed) && (i = atomic_fetch_sub(&k->next, 1) - 1) >= 0;) {
        if (k->with->stop && k->with->stop()) {
            atomic_store(&k->stopped, true);
            break;
        }
        if (read_batch(&d, k, &k->batch[i], &e)) continue;
        if (!atomic_flag_test_and_set(&k->said)) k->why = e;
        atomic_store(&k->failed, true);
    }
    close_desk(&d);
}

static bool check_finite(const coded *list, int n, error *e)
{
    for (int i = 0; i < n; i++)
        for (int k = 0; k < list[i].sequences; k++)
            for (int j = 0; j < list[i].sequence[k].spans; j++)
                if (!isfinite(list[i].sequence[k].span[j].nll))
                    return error_set(e, "a likelihood is not finite: the weights are broken");
    return true;
}

bool likelihood_fill(bool *stopped, coded *list, int n, const suite_model *with, error *e)
{
    work k = { .with = with, .said = ATOMIC_FLAG_INIT };
    plan(&k, list, n);
    threads_run(with->pool, take_batches, &k);
    *stopped = atomic_load(&k.stopped);
    const bool failed = atomic_load(&k.failed);
    for (int i = 0; i < k.sources; i++) free(k.source[i].user);
    free(k.source), free(k.batch);
    if (!failed) return *stopped || check_finite(list, n, e);
    *e = k.why;
    return false;
}

size_t likelihood_memory(const model *m, int context, int n_threads)
{
    size_t most = 0;
    for (int T = STEP; T < context + STEP; T *= 2) {
        size_t kept, shared;
        const int at = T < context ? T : context;
        pass_memory(&kept, &shared, m, PASS_EVAL, most_of(at), at, at);
        if (kept + shared > most) most = kept + shared;
    }
    return most * (size_t)n_threads;
}
