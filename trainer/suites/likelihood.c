/* likelihood.c - batches of sequences through PASS_EVAL, and trees of sequences through the caches.
 *
 * What a sequence tells about its first positions does not depend on what comes later.  So of the
 * sequences of an item, one whose input is the beginning of another's is not read by itself: it
 * takes its likelihoods from there.  Options of one token then cost no more than the prompt.
 *
 * Options that share a long prompt are a tree: the trunk is read once through the caches of the
 * attention (PASS_DECODE), and each branch goes on from there.  This works for every variant,
 * because the caches are all that a variant knows of the past.  The rest goes into batches.
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

/* Positions that a tree reads at once, and what one of them costs relative to one of a batch. */
enum { CHUNK = 128 };
static const double TREE_COST = 1.5;

/* A sequence that is read, and those that take their likelihoods from it: itself first. */
typedef struct source {
    const coded_sequence *host;
    int item, users;
    coded_sequence **user; /* (users) */
} source;

typedef struct batch {
    int from, n, T; /* sources from..from+n-1; positions of each */
} batch;

/* Sources of one item that begin with the same `trunk` inputs. */
typedef struct tree {
    int n, trunk;
    source *source; /* (n) */
} tree;

typedef struct work {
    const suite_model *with;
    int sources, batches;
    source *source; /* (sources) by length */
    batch *batch;
    int trees, T; /* T: inputs of the longest sequence of a tree */
    tree *tree;
    atomic_int next; /* batch, or tree after the batches, to be taken: from the last one on */
    atomic_bool failed, stopped;
    error why; /* of the thread that failed first */
    atomic_flag said;
} work;

/* What a thread keeps between batches. */
typedef struct desk {
    pass p, walk; /* of batches, and of trees */
    bool open, walks;
    float *cache; /* what `walk` knows of a trunk */
    int32_t *token;
    int n;                   /* targets that wait for their likelihood */
    float *x, *logits, *nll; /* (PASS_SLICE, D), (PASS_SLICE, V), (PASS_SLICE) */
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

/* Sort the sequences of an item into sources; returns how many. */
static int find_sources(source *out, coded *it, int index)
{
    int n = 0;
    coded_sequence **sorted = error_zeroed((size_t)it->sequences, sizeof *sorted);
    for (int i = 0; i < it->sequences; i++) sorted[i] = &it->sequence[i];
    qsort(sorted, (size_t)it->sequences, sizeof *sorted, longest_first);
    for (int i = 0; i < it->sequences; i++) {
        int j = 0;
        while (j < n && !begins(sorted[i], out[j].host)) j++;
        source *s = &out[j];
        if (j == n) {
            *s = (source){ .host = sorted[i], .item = index };
            s->user = error_zeroed((size_t)(it->sequences - i), sizeof *s->user);
            n++;
        }
        s->user[s->users++] = sorted[i];
    }
    free(sorted);
    return n;
}

/* Inputs that all n sources begin with. */
static int find_trunk(const source *list, int n)
{
    int trunk = list[n - 1].host->n - 1; /* the shortest one's */
    for (int i = 1; i < n; i++) {
        int k = 0;
        while (k < trunk && list[i].host->token[k] == list[0].host->token[k]) k++;
        trunk = k;
    }
    return trunk;
}

/* Is it cheaper to read n sources as a tree? */
static bool pays(const source *list, int n, int trunk)
{
    double apart = 0, together = trunk;
    for (int i = 0; i < n; i++) {
        apart += list[i].host->n - 1;
        together += list[i].host->n - 1 - trunk;
    }
    return n > 1 && TREE_COST * together < apart;
}

static void add_item(work *k, coded *it, int index)
{
    source *list = k->source + k->sources;
    const int n = find_sources(list, it, index);
    const int trunk = n > 1 ? find_trunk(list, n) : 0;
    if (!pays(list, n, trunk)) {
        k->sources += n;
        return;
    }
    tree *t = &k->tree[k->trees++];
    *t = (tree){ .n = n, .trunk = trunk, .source = error_zeroed((size_t)n, sizeof *t->source) };
    memcpy(t->source, list, (size_t)n * sizeof *list);
    if (list->host->n - 1 > k->T) k->T = list->host->n - 1;
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
    atomic_init(&k->next, k->batches + k->trees);
}

static void plan(work *k, coded *list, int n)
{
    size_t most = 0;
    for (int i = 0; i < n; i++) most += (size_t)list[i].sequences;
    k->source = error_zeroed(most, sizeof *k->source);
    k->tree = error_zeroed((size_t)n, sizeof *k->tree);
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
    if (!d->token) return error_set(e, "out of memory for a batch of an evaluation");
    d->open = pass_open(&d->p, with->m, PASS_EVAL, most_of(T), T, T, with->w, NULL, e);
    return d->open;
}

static bool open_desk(desk *d, const model *m, error *e)
{
    const size_t rows = PASS_SLICE;
    d->x = tensor_block(rows * (size_t)m->config.D);
    d->logits = tensor_block(rows * (size_t)m->config.V);
    d->nll = malloc(rows * sizeof *d->nll);
    return (d->x && d->logits && d->nll) ||
           error_set(e, "out of memory for the logits of an evaluation");
}

static void close_desk(desk *d)
{
    if (d->open) pass_close(&d->p);
    if (d->walks) pass_close(&d->walk);
    free(d->token), free(d->x), free(d->logits), free(d->nll), free(d->cache);
}

/* Is entry k of a row of V the first of the largest? */
static bool is_greedy(const float *row, int V, int k)
{
    int best = 0;
    for (int i = 1; i < V; i++)
        if (row[i] > row[best]) best = i;
    return best == k;
}

/* The likelihoods of the targets that wait. */
static void score(desk *d, const pass *p)
{
    const model_config *c = &p->m->config;
    if (d->n == 0) return;
    linear(d->logits, d->x, p->head, d->n, c->D, c->V);
    cross_entropy(d->nll, d->logits, d->target, d->n, c->V);
    for (int i = 0; i < d->n; i++) {
        const float *row = d->logits + (size_t)i * (size_t)c->V;
        d->span[i]->nll += d->nll[i];
        d->span[i]->greedy = d->span[i]->greedy && is_greedy(row, c->V, d->target[i]);
    }
    d->n = 0;
}

/* The targets of all who use a source that follow inputs from..from+n-1, whose rows are h (n, D).
 */
static void collect(desk *d, const pass *p, const source *s, const float *h, int from, int n)
{
    const size_t D = (size_t)p->m->config.D;
    for (int u = 0; u < s->users; u++)
        for (int j = 0; j < s->user[u]->spans; j++) {
            coded_span *span = &s->user[u]->span[j];
            const int first = span->from - 1 > from ? span->from - 1 : from;
            for (int t = first; t < span->to - 1 && t < from + n; t++) {
                memcpy(d->x + (size_t)d->n * D, h + (size_t)(t - from) * D, D * sizeof *h);
                d->target[d->n] = s->user[u]->token[t + 1], d->span[d->n] = span;
                if (++d->n == PASS_SLICE) score(d, p);
            }
        }
}

static void clear(const source *s)
{
    for (int u = 0; u < s->users; u++)
        for (int j = 0; j < s->user[u]->spans; j++)
            s->user[u]->span[j].nll = 0, s->user[u]->span[j].greedy = true;
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
    for (int i = 0; i < b->n; i++) {
        const source *s = &k->source[b->from + i];
        clear(s);
        collect(d, &d->p, s, d->p.h + (size_t)i * (size_t)b->T * (size_t)d->p.m->config.D, 0, b->T);
    }
    score(d, &d->p);
    return true;
}

/* --- trees ------------------------------------------------------------------------------------ */

static bool open_walk(desk *d, const work *k, error *e)
{
    const suite_model *with = k->with;
    const int T = k->T, S = T < CHUNK ? T : CHUNK;
    if (d->walks) return true;
    d->cache = malloc(pass_cache(&with->m->config, 1, T));
    if (!d->cache) return error_set(e, "out of memory for the caches of %d positions", T);
    d->walks = pass_open(&d->walk, with->m, PASS_DECODE, 1, T, S, with->w, NULL, e);
    return d->walks;
}

/* Read inputs from..to-1 of a source, for all n sources that share them. */
static void read_inputs(desk *d, const source *list, int n, int from, int to)
{
    const int most = d->walk.S;
    for (int t = from; t < to; t += most) {
        const int S = to - t < most ? to - t : most;
        pass_extend(&d->walk, list->host->token + t, t, S);
        for (int i = 0; i < n; i++) collect(d, &d->walk, &list[i], d->walk.h, t, S);
    }
}

static bool read_tree(desk *d, const work *k, const tree *t, error *e)
{
    if (!open_walk(d, k, e)) return false;
    for (int i = 0; i < t->n; i++) clear(&t->source[i]);
    read_inputs(d, t->source, t->n, 0, t->trunk);
    pass_save_cache(&d->walk, d->cache);
    for (int i = 0; i < t->n; i++) {
        if (i > 0) pass_load_cache(&d->walk, d->cache);
        read_inputs(d, &t->source[i], 1, t->trunk, t->source[i].host->n - 1);
    }
    score(d, &d->walk);
    return true;
}

/* --- the whole -------------------------------------------------------------------------------- */

static void say(work *k, const error *e)
{
    if (!atomic_flag_test_and_set(&k->said)) k->why = *e;
    atomic_store(&k->failed, true);
}

static void take(void *arg, int thread)
{
    work *k = arg;
    desk d = { 0 };
    error e;
    (void)thread;
    if (!open_desk(&d, k->with->m, &e)) say(k, &e);
    for (int i; !atomic_load(&k->failed) && (i = atomic_fetch_sub(&k->next, 1) - 1) >= 0;) {
        if (k->with->stop && k->with->stop()) {
            atomic_store(&k->stopped, true);
            break;
        }
        if (i < k->batches ? !read_batch(&d, k, &k->batch[i], &e)
                           : !read_tree(&d, k, &k->tree[i - k->batches], &e))
            say(k, &e);
    }
    close_desk(&d);
}

static void close_work(work *k)
{
    for (int i = 0; i < k->sources; i++) free(k->source[i].user);
    for (int i = 0; i < k->trees; i++) {
        for (int j = 0; j < k->tree[i].n; j++) free(k->tree[i].source[j].user);
        free(k->tree[i].source);
    }
    free(k->source), free(k->batch), free(k->tree);
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
    threads_run(with->pool, take, &k);
    *stopped = atomic_load(&k.stopped);
    const bool failed = atomic_load(&k.failed);
    close_work(&k);
    if (!failed) return *stopped || check_finite(list, n, e);
    *e = k.why;
    return false;
}
