/* lm.c - the loss on held-out text, at one or more context lengths.
 *
 * The text is cut into windows of the largest length (a partial last one is dropped, eval.tokens
 * limits their number).  Each length C divides that one; every target of a window is scored once:
 * with stride C by the window's pieces of C tokens, with a smaller stride s by pieces that begin
 * every s tokens, of which each but a window's first counts its last s targets only.  So all
 * lengths score exactly the same tokens.  Targets that a corpus's mask leaves out are not scored.
 *
 * Threads take windows as they come.  Losses are kept by target and added in the order of the text,
 * so the result does not depend on the threads.
 */
#include "core/base/timer.h"
#include "trainer/model/eval_task.h"
#include "trainer/model/pass.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* What one length works with, and what comes of it. */
typedef struct length {
    int context, stride;
    pass *pass; /* (workers) */
    int64_t *window_n;
    double *window_nll;
    int64_t *pos_n;
    double *pos_nll;
} length;

typedef struct lm {
    const corpus *text;
    threads *pool;
    int window, windows; /* tokens of a window; how many */
    int lengths, workers;
    length length[CONFIG_LIST];
    int32_t *text_of;        /* (workers, window + 1): tokens of one window */
    int32_t *token, *target; /* (workers, window): of its pieces            */
    float *nll;              /* (workers, window): of its pieces            */
    uint8_t *hit;            /* (workers, window): of its pieces            */
    float *loss;             /* (windows, window): of every target          */
    uint8_t *right;          /* (windows, window): was it the likeliest?    */
} lm;

static int largest(const config *c)
{
    int64_t most = 0;
    for (int i = 0; i < c->eval.context.n; i++)
        if (c->eval.context.item[i] > most) most = c->eval.context.item[i];
    return (int)most;
}

static int count_results(const config *c)
{
    return c->eval.context.n;
}

/* Without the losses of a text whose length eval.tokens does not say: 5 bytes a token. */
static size_t memory_of(const config *c, const model *m, int n_threads)
{
    size_t sum = 0;
    const size_t W = (size_t)largest(c), windows = (size_t)c->eval.tokens / W; /* 0: not known */
    for (int i = 0; i < c->eval.context.n; i++) {
        const int C = (int)c->eval.context.item[i];
        size_t kept, shared;
        pass_memory(&kept, &shared, m, PASS_EVAL, (int)W / C, C, C);
        sum += (kept + shared) * (size_t)n_threads;
        sum += (windows + (size_t)C) * (sizeof(int64_t) + sizeof(double));
    }
    return sum + windows * W * (sizeof(float) + 1) +
           (size_t)n_threads * W * (3 * sizeof(int32_t) + sizeof(float) + 1);
}

static void close_task(void *state)
{
    lm *task = state;
    if (!task) return;
    for (int i = 0; i < task->lengths; i++) {
        length *l = &task->length[i];
        for (int j = 0; l->pass && j < task->workers; j++) pass_close(&l->pass[j]);
        free(l->pass), free(l->window_n), free(l->window_nll), free(l->pos_n), free(l->pos_nll);
    }
    free(task->text_of), free(task->token), free(task->target), free(task->nll), free(task->loss);
    free(task->hit), free(task->right);
    free(task);
}

static bool open_length(length *l, const lm *task, const eval_input *in, int C, error *e)
{
    const int64_t stride = in->c->eval.stride;
    *l = (length){ .context = C, .stride = stride > 0 && stride < C ? (int)stride : C };
    l->pass = calloc((size_t)task->workers, sizeof *l->pass);
    l->window_n = calloc((size_t)task->windows, sizeof *l->window_n);
    l->window_nll = calloc((size_t)task->windows, sizeof *l->window_nll);
    l->pos_n = calloc((size_t)C, sizeof *l->pos_n);
    l->pos_nll = calloc((size_t)C, sizeof *l->pos_nll);
    if (!l->pass || !l->window_n || !l->window_nll || !l->pos_n || !l->pos_nll)
        return error_set(e, "out of memory for the sums of %d windows", task->windows);
    for (int j = 0; j < task->workers; j++)
        if (!pass_open(&l->pass[j], in->m, PASS_EVAL, task->window / C, C, C, in->w, NULL, e))
            return false;
    return true;
}

static bool open_buffers(lm *task, error *e)
{
    const size_t each = (size_t)task->workers * (size_t)task->window;
    task->text_of = malloc((each + (size_t)task->workers) * sizeof *task->text_of);
    task->token = malloc(each * sizeof *task->token);
    task->target = malloc(each * sizeof *task->target);
    task->nll = malloc(each * sizeof *task->nll);
    task->hit = malloc(each * sizeof *task->hit);
    task->loss = malloc((size_t)task->windows * (size_t)task->window * sizeof *task->loss);
    task->right = malloc((size_t)task->windows * (size_t)task->window * sizeof *task->right);
    return (task->text_of && task->token && task->target && task->nll && task->hit && task->loss &&
            task->right) ||
           error_set(e, "out of memory for the evaluation of %d windows", task->windows);
}

static bool open_task(void **state, const eval_input *in, error *e)
{
    const config *c = in->c;
    const int W = largest(c);
    int64_t limit = in->text->val.n_tokens - 1;
    if (c->eval.tokens > 0 && c->eval.tokens < limit) limit = c->eval.tokens;
    if (limit < W)
        return error_set(e,
                         "%s: only %lld held-out tokens can be scored, but one window of "
                         "eval.context needs %d",
                         in->text->path, (long long)limit, W);
    lm *task = error_zeroed(1, sizeof *task);
    task->text = in->text, task->pool = in->pool;
    task->window = W, task->windows = (int)(limit / W);
    task->workers = threads_count(in->pool);
    bool ok = open_buffers(task, e);
    for (; ok && task->lengths < c->eval.context.n; task->lengths++)
        ok = open_length(&task->length[task->lengths], task, in,
                         (int)c->eval.context.item[task->lengths], e);
    if (!ok) {
        close_task(task);
        return false;
    }
    *state = task;
    return true;
}

/* Pieces of C tokens begin every s tokens.  Target j of a window belongs to piece k at position
 * j - k s: the first piece that has it. */
static int piece_of(int j, int C, int s)
{
    return j < C ? 0 : (j - C) / s + 1;
}

typedef struct work {
    const lm *task;
    const length *length;
    atomic_int next; /* window to be taken */
} work;

/* loss and right (W) of every target of window i that counts; `text` (W + 1) is room. */
static void score(float *loss, uint8_t *right, const lm *task, const length *l, int thread,
                  int32_t *text, int window)
{
    const int W = task->window, C = l->context, s = l->stride;
    const int n = piece_of(W - 1, C, s) + 1, most = W / C;
    const size_t own = (size_t)thread * (size_t)W;
    int32_t *token = task->token + own, *target = task->target + own;
    float *nll = task->nll + own;
    uint8_t *hit = task->hit + own;
    const int64_t from = (int64_t)window * W;
    corpus_read(text, &task->text->val, from, W + 1);
    for (int k = 0; k < n; k += most) {
        const int B = n - k < most ? n - k : most;
        for (int b = 0; b < B; b++)
            for (int i = 0; i < C; i++) {
                const int j = (k + b) * s + i;
                token[b * C + i] = text[j];
                const bool mine = piece_of(j, C, s) == k + b;
                const bool counts = corpus_counts(&task->text->val, from + j + 1);
                target[b * C + i] = mine && counts ? text[j + 1] : -1;
            }
        pass_forward(&l->pass[thread], token, B);
        pass_loss(&l->pass[thread], nll, hit, target, B);
        for (int b = 0; b < B; b++)
            for (int i = 0; i < C; i++) {
                if (target[b * C + i] < 0) continue;
                loss[(k + b) * s + i] = nll[b * C + i];
                right[(k + b) * s + i] = hit[b * C + i];
            }
    }
}

static void take_windows(void *arg, int thread)
{
    work *k = arg;
    const lm *task = k->task;
    const size_t W = (size_t)task->window;
    int32_t *text = task->text_of + (size_t)thread * (W + 1);
    for (int i; (i = atomic_fetch_add(&k->next, 1)) < task->windows;)
        score(task->loss + (size_t)i * W, task->right + (size_t)i * W, task, k->length, thread,
              text, i);
}

/* Sums over what has been scored, in the order of the text. */
static void add_up(eval_result *r, const lm *task, const length *l)
{
    const int W = task->window, C = l->context, s = l->stride;
    *r = (eval_result){ .context = C,
                        .stride = s,
                        .windows = task->windows,
                        .window_n = l->window_n,
                        .window_nll = l->window_nll,
                        .pos_n = l->pos_n,
                        .pos_nll = l->pos_nll };
    memset(r->window_n, 0, (size_t)task->windows * sizeof *r->window_n);
    memset(r->window_nll, 0, (size_t)task->windows * sizeof *r->window_nll);
    memset(r->pos_n, 0, (size_t)C * sizeof *r->pos_n);
    memset(r->pos_nll, 0, (size_t)C * sizeof *r->pos_nll);
    for (int i = 0; i < task->windows; i++) {
        const float *loss = task->loss + (size_t)i * (size_t)W;
        const uint8_t *right = task->right + (size_t)i * (size_t)W;
        int32_t *text = task->text_of;
        corpus_read(text, &task->text->val, (int64_t)i * W, W + 1);
        for (int j = 0; j < W; j++) {
            const int pos = j - piece_of(j, C, s) * s;
            if (!corpus_counts(&task->text->val, (int64_t)i * W + j + 1)) continue;
            r->tokens++;
            r->right += right[j];
            r->window_n[i]++;
            r->bytes += corpus_token_bytes(task->text, text[j + 1], text[j]);
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
}

static void run_task(eval_result *out, void *state)
{
    const lm *task = state;
    for (int i = 0; i < task->lengths; i++) {
        const double began = timer_now();
        work k = { .task = task, .length = &task->length[i] };
        threads_run(task->pool, take_windows, &k);
        add_up(&out[i], task, &task->length[i]);
        out[i].wall_ms = llround(1000 * (timer_now() - began));
    }
}

const eval_task eval_task_lm = {
    .name = "lm",
    .help = "the loss on held-out text, at every length in eval.context",
    .split = SPLIT_VAL,
    .results = count_results,
    .memory = memory_of,
    .open = open_task,
    .run = run_task,
    .close = close_task,
};
