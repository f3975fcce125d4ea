/* evaluation.c - windows go to threads as they come; sums are kept a window each and added up in
 * order, so that no result depends on who did what; see evaluation.h. */
#include "trainer/model/evaluation.h"

#include "core/db/db.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static int largest(const config *c)
{
    int64_t most = 0;
    for (int i = 0; i < c->eval.context.n; i++)
        if (c->eval.context.item[i] > most) most = c->eval.context.item[i];
    return (int)most;
}

bool evaluation_open(evaluation *v, const model *m, const config *c, const corpus *text,
                     const float *w, threads *pool, error *e)
{
    const int W = largest(c), workers = threads_count(pool);
    int64_t limit = text->val.n_tokens - 1;
    if (c->eval.tokens > 0 && c->eval.tokens < limit) limit = c->eval.tokens;
    *v = (evaluation){ .m = m,
                       .text = text,
                       .window = W,
                       .windows = (int)(limit / W),
                       .lengths = c->eval.context.n,
                       .workers = workers,
                       .pool = pool };
    if (v->windows < 1)
        return error_set(e,
                         "%s: %lld held-out tokens are to be scored, fewer than one window of "
                         "eval.context=%d and its last target",
                         text->path, (long long)limit, W);
    v->pass = calloc((size_t)v->lengths * workers, sizeof *v->pass);
    v->text_of = malloc((size_t)workers * (W + 1) * sizeof *v->text_of);
    v->token = malloc((size_t)workers * W * sizeof *v->token);
    v->target = malloc((size_t)workers * W * sizeof *v->target);
    v->nll = malloc((size_t)workers * W * sizeof *v->nll);
    v->loss = malloc((size_t)v->windows * W * sizeof *v->loss);
    bool ok = v->pass && v->text_of && v->token && v->target && v->nll && v->loss;
    if (!ok) error_set(e, "no memory for the evaluation of %d windows", v->windows);
    for (int i = 0; i < v->lengths && ok; i++) {
        const int C = (int)c->eval.context.item[i];
        v->context[i] = C;
        v->stride[i] = c->eval.stride > 0 && c->eval.stride < C ? (int)c->eval.stride : C;
        for (int j = 0; j < workers && ok; j++)
            ok = pass_open(&v->pass[i * workers + j], m, PASS_EVAL, W / C, C, C, w, NULL, e);
    }
    if (!ok) evaluation_close(v);
    return ok;
}

void evaluation_close(evaluation *v)
{
    for (int i = 0; v->pass && i < v->lengths * v->workers; i++) pass_close(&v->pass[i]);
    free(v->pass), free(v->text_of), free(v->token), free(v->target), free(v->nll), free(v->loss);
    *v = (evaluation){ 0 };
}

size_t evaluation_memory(const config *c, const model *m, int n_threads)
{
    size_t sum = 0;
    const int W = largest(c);
    for (int i = 0; i < c->eval.context.n; i++) {
        const int C = (int)c->eval.context.item[i];
        size_t kept, shared;
        pass_memory(&kept, &shared, m, PASS_EVAL, W / C, C, C);
        sum += (kept + shared) * (size_t)n_threads;
    }
    const size_t scored = (size_t)c->eval.tokens / (size_t)W * (size_t)W; /* 0: not known here */
    return sum + scored * sizeof(float) +
           (size_t)n_threads * (size_t)W * (3 * sizeof(int32_t) + sizeof(float));
}

/* Pieces of C tokens begin every s tokens.  Target j of a window belongs to piece k at position
 * j - k s: the first piece that has it. */
static int piece_of(int j, int C, int s)
{
    return j < C ? 0 : (j - C) / s + 1;
}

typedef struct work {
    const evaluation *v;
    int length; /* which one, of v->lengths */
    atomic_int next;
} work;

/* loss (W) of every target of one window, whose tokens and last target are `text` (W + 1). */
static void score(float *loss, const evaluation *v, int length, int thread, const int32_t *text)
{
    const int W = v->window, C = v->context[length], s = v->stride[length];
    const int n = piece_of(W - 1, C, s) + 1, most = W / C;
    pass *p = &v->pass[length * v->workers + thread];
    int32_t *token = v->token + (size_t)thread * W, *target = v->target + (size_t)thread * W;
    float *nll = v->nll + (size_t)thread * W;
    for (int k = 0; k < n; k += most) {
        const int B = n - k < most ? n - k : most;
        for (int b = 0; b < B; b++)
            for (int i = 0; i < C; i++) {
                const int j = (k + b) * s + i;
                token[b * C + i] = text[j];
                target[b * C + i] = piece_of(j, C, s) == k + b ? text[j + 1] : -1;
            }
        pass_forward(p, token, B);
        pass_loss(p, nll, target, B);
        for (int b = 0; b < B; b++)
            for (int i = 0; i < C; i++)
                if (target[b * C + i] >= 0) loss[(k + b) * s + i] = nll[b * C + i];
    }
}

static void take_windows(void *arg, int thread)
{
    work *k = arg;
    const evaluation *v = k->v;
    const size_t W = (size_t)v->window;
    int32_t *text = v->text_of + (size_t)thread * (W + 1);
    for (int i; (i = atomic_fetch_add(&k->next, 1)) < v->windows;) {
        corpus_read(text, &v->text->val, (int64_t)i * v->window, v->window + 1);
        score(v->loss + i * W, v, k->length, thread, text);
    }
}

/* Sums over what has been scored, in the order of the text. */
static bool add_up(evaluation_result *r, const evaluation *v, int length, error *e)
{
    const int W = v->window, C = v->context[length], s = v->stride[length];
    *r = (evaluation_result){ .context = C, .stride = s, .windows = v->windows };
    r->window_nll = calloc((size_t)v->windows, sizeof *r->window_nll);
    r->pos_n = calloc((size_t)C, sizeof *r->pos_n);
    r->pos_nll = calloc((size_t)C, sizeof *r->pos_nll);
    if (!r->window_nll || !r->pos_n || !r->pos_nll) {
        evaluation_result_close(r);
        return error_set(e, "no memory for the sums of %d windows", v->windows);
    }
    for (int i = 0; i < v->windows; i++) {
        const float *loss = v->loss + (size_t)i * W;
        int32_t *text = v->text_of;
        corpus_read(text, &v->text->val, (int64_t)i * W, W + 1);
        for (int j = 0; j < W; j++) {
            const int pos = j - piece_of(j, C, s) * s;
            r->tokens++;
            r->bytes += corpus_token_bytes(v->text, text[j + 1], text[j]);
            r->window_nll[i] += loss[j];
            r->pos_n[pos]++;
            r->pos_nll[pos] += loss[j];
            if (j >= W - W / 4) {
                r->last_tokens++;
                r->last_nll_sum += loss[j];
            }
        }
        r->nll_sum += r->window_nll[i];
    }
    return true;
}

bool evaluation_run(evaluation *v, evaluation_result *r, error *e)
{
    for (int i = 0; i < v->lengths; i++) {
        const int64_t began = db_now_ms();
        work k = { .v = v, .length = i };
        threads_run(v->pool, take_windows, &k);
        if (!add_up(&r[i], v, i, e)) {
            while (i-- > 0) evaluation_result_close(&r[i]);
            return false;
        }
        r[i].wall_ms = db_now_ms() - began;
    }
    return true;
}

void evaluation_result_close(evaluation_result *r)
{
    free(r->window_nll), free(r->pos_n), free(r->pos_nll);
    *r = (evaluation_result){ 0 };
}
