/* train_step.c - one step of training on several threads, with bits that don't depend on them.
 *
 * A lane's gradient is added to the sum when its turn comes; squares are summed over pieces of
 * fixed size, in order.
 */
#include "trainer/model/train_step.h"

#include "core/base/timer.h"
#include "trainer/model/batch.h"
#include "trainer/model/weights.h"

#include <assert.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double PI = 3.14159265358979323846;

enum {
    SQUARE_PIECE = 1 << 16, /* floats whose squares one thread sums at a time   */
    ADD_PIECE = 1 << 13,    /* floats that are added and cleared while in cache */
};

double train_step_rate(const config *c, int64_t step)
{
    const double at = (double)step * (double)c->train.batch_tokens;
    const double end = (double)batch_steps(c) * (double)c->train.batch_tokens;
    const double warm = (double)c->train.warmup_tokens, floor = c->train.min_lr_ratio;
    if (at < warm) return c->train.lr * at / warm;
    double part; /* of the way from the lowest rate to the peak */
    if (c->train.schedule == SCHEDULE_COSINE && end > warm)
        part = 0.5 * (1 + cos(PI * (at - warm) / (end - warm)));
    else if (c->train.schedule == SCHEDULE_WSD && at > end - (double)c->train.decay_tokens)
        part = (end - at) / (double)c->train.decay_tokens;
    else
        return c->train.lr;
    return c->train.lr * (floor + (1 - floor) * part);
}

train_step_cut train_step_cut_of(const config *c, int n_threads)
{
    train_step_cut x = { .sequences = (int)(c->train.batch_tokens / c->model.context) };
    x.lanes = (int)c->train.lanes < x.sequences ? (int)c->train.lanes : x.sequences;
    x.most = (x.sequences + x.lanes - 1) / x.lanes;
    x.workers = n_threads < x.lanes ? n_threads : x.lanes;
    return x;
}

kernels_precision train_step_precision(const config *c)
{
    return c->train.precision == PRECISION_BFLOAT16 ? KERNELS_BFLOAT16 : KERNELS_FLOAT32;
}

bool train_step_check(const config *c, error *e)
{
    return kernels_set_precision(train_step_precision(c), e) ||
           error_where(e, "train.precision=bfloat16");
}

static bool open_panels(train_step *train, error *e)
{
    panels_weight *weight = calloc((size_t)train->m.n, sizeof *weight);
    if (!weight) return error_set(e, "out of memory for a list of %d weights", train->m.n);
    const bool ok = panels_open(&train->panels, kernels_layout(kernels_precision_set()), weight,
                                model_linears(&train->m, train->w, weight), e);
    free(weight);
    return ok;
}

/* Weights, gradients and buffers, all cleared. */
static bool open_blocks(train_step *train, error *e)
{
    const size_t floats = train->m.floats, workers = (size_t)train->workers;
    train->w = tensor_block(floats);
    train->g = tensor_block(floats);
    train->lane_g = calloc(workers, sizeof *train->lane_g);
    train->pass = calloc(workers, sizeof *train->pass);
    train->nll = malloc((size_t)train->sequences * (size_t)train->m.config.T * sizeof *train->nll);
    train->square = calloc(floats / SQUARE_PIECE + 1, sizeof *train->square);
    bool ok = train->w && train->g && train->lane_g && train->pass && train->nll && train->square;
    for (size_t i = 0; i < workers && ok; i++) ok = (train->lane_g[i] = tensor_block(floats));
    if (!ok) return error_set(e, "out of memory for a model of %zu weights", floats);
    memset(train->w, 0, floats * sizeof *train->w);
    memset(train->g, 0, floats * sizeof *train->g);
    for (size_t i = 0; i < workers; i++) memset(train->lane_g[i], 0, floats * sizeof(float));
    return true;
}

bool train_step_open(train_step *train, const run_spec *spec, int n_threads, error *e)
{
    const config *c = &spec->config;
    const int T = spec->model.T;
    *train = (train_step){ 0 };
    if (!train_step_check(c, e) || !model_open(&train->m, &spec->model, e)) return false;
    const train_step_cut cut = train_step_cut_of(c, n_threads);
    train->sequences = cut.sequences, train->lanes = cut.lanes, train->workers = cut.workers;
    bool ok =
        open_blocks(train, e) && optimizer_open(&train->optimizer, optimizers[c->train.optimizer],
                                                &train->m, train->w, train->g, n_threads, e);
    for (int i = 0; i < train->workers && ok; i++)
        ok = pass_open(&train->pass[i], &train->m, PASS_TRAIN, cut.most, T, T, train->w,
                       train->lane_g[i], e);
    ok = ok && open_panels(train, e) && threads_open(&train->pool, n_threads, e);
    if (!ok) train_step_close(train);
    return ok;
}

void train_step_close(train_step *train)
{
    threads_close(train->pool);
    panels_close(train->panels);
    for (int i = 0; i < train->workers; i++) {
        if (train->pass) pass_close(&train->pass[i]);
        if (train->lane_g) free(train->lane_g[i]);
    }
    free(train->pass), free(train->lane_g), free(train->nll), free(train->square);
    optimizer_close(&train->optimizer);
    free(train->w), free(train->g);
    model_close(&train->m);
    *train = (train_step){ 0 };
}

bool train_step_start(train_step *train, const config *c, const weights_source *from, error *e)
{
    const conversion how = { c->train.convert, (uint64_t)c->train.seed,
                             (uint64_t)c->train.replica };
    optimizer_clear(&train->optimizer);
    model_init(&train->m, train->w, how.seed, how.replica);
    return !from || weights_convert(train->w, &train->m, from, &how, e);
}

/* One step's gradient, shared by the threads that work on it. */
typedef struct work {
    train_step *train;
    const int32_t *token, *target;
    float scale;
    double *loss;    /* (lanes) */
    atomic_int next; /* lane to be taken */
    int turn;        /* lane whose gradient may be added next */
    pthread_mutex_t lock;
    pthread_cond_t turned;
} work;

/* g += a lane's gradient, which is cleared for the next lane while each piece is in cache. */
static void add_in_turn(work *k, int lane, float *from)
{
    train_step *train = k->train;
    pthread_mutex_lock(&k->lock);
    while (k->turn != lane) pthread_cond_wait(&k->turned, &k->lock);
    pthread_mutex_unlock(&k->lock);
    for (size_t at = 0; at < train->m.floats; at += ADD_PIECE) {
        const size_t left = train->m.floats - at, n = left < ADD_PIECE ? left : ADD_PIECE;
        if (lane == 0)
            memcpy(train->g + at, from + at, n * sizeof *from);
        else
            vector_add(train->g + at, from + at, n);
        memset(from + at, 0, n * sizeof *from);
    }
    pthread_mutex_lock(&k->lock);
    k->turn++;
    pthread_cond_broadcast(&k->turned);
    pthread_mutex_unlock(&k->lock);
}

static void take_lanes(void *arg, int thread)
{
    work *k = arg;
    train_step *train = k->train;
    const size_t T = (size_t)train->m.config.T;
    if (thread >= train->workers) return;
    for (int lane; (lane = atomic_fetch_add(&k->next, 1)) < train->lanes;) {
        const int from = (int)((int64_t)lane * train->sequences / train->lanes);
        const int to = (int)((int64_t)(lane + 1) * train->sequences / train->lanes);
        const size_t at = (size_t)from * T;
        k->loss[lane] = pass_train(&train->pass[thread], train->nll + at, k->token + at,
                                   k->target + at, to - from, k->scale);
        const double began = timer_now();
        add_in_turn(k, lane, train->lane_g[thread]);
        train->pass[thread].seconds[PART_REDUCE] += timer_now() - began;
    }
}

/* Threads take pieces of the gradient in turn; each piece has a sum of its own. */
static void square_pieces(void *arg, int thread)
{
    train_step *train = arg;
    const size_t turn = (size_t)threads_count(train->pool), floats = train->m.floats;
    for (size_t i = (size_t)thread; i * SQUARE_PIECE < floats; i += turn) {
        const size_t at = i * SQUARE_PIECE, left = floats - at;
        train->square[i] =
            vector_square_sum(train->g + at, left < SQUARE_PIECE ? left : SQUARE_PIECE);
    }
}

void train_step_gradient(train_step *train, train_step_result *r, const int32_t *token,
                         const int32_t *target)
{
    double loss[CONFIG_LANES];
    int64_t targets = 0;
    const int64_t N = (int64_t)train->sequences * train->m.config.T;
    assert(train->lanes <= CONFIG_LANES);
    for (int64_t i = 0; i < N; i++) targets += target[i] >= 0;
    work k = { .train = train,
               .token = token,
               .target = target,
               .loss = loss,
               .scale = targets > 0 ? (float)(1.0 / (double)targets) : 0 };
    pthread_mutex_init(&k.lock, NULL);
    pthread_cond_init(&k.turned, NULL);
    panels_make(train->panels, train->pool);
    threads_run(train->pool, take_lanes, &k);
    panels_leave(train->panels);
    pthread_mutex_destroy(&k.lock);
    pthread_cond_destroy(&k.turned);

    *r = (train_step_result){ 0 };
    for (int i = 0; i < train->lanes; i++) r->loss += loss[i];
    r->loss /= (double)targets;
    threads_run(train->pool, square_pieces, train);
    double square = 0;
    for (size_t i = 0; i * SQUARE_PIECE < train->m.floats; i++) square += train->square[i];
    r->grad_norm = sqrt(square);
}

static optimizer_settings settings_of(const config *c)
{
    return (optimizer_settings){ .lr = c->train.lr,
                                 .beta1 = c->train.beta1,
                                 .beta2 = c->train.beta2,
                                 .eps = c->train.eps,
                                 .weight_decay = c->train.weight_decay,
                                 .scale = 1 };
}

void train_step_update(train_step *train, train_step_result *r, const config *c, double lr,
                       int64_t t)
{
    assert(isfinite(r->grad_norm));
    r->clipped = c->train.clip > 0 && r->grad_norm > c->train.clip;
    optimizer_settings settings = settings_of(c);
    settings.lr = lr;
    settings.step = t;
    if (r->clipped) settings.scale = c->train.clip / r->grad_norm;
    const double began = timer_now();
    optimizer_update(&train->optimizer, &settings, train->pool);
    train->update_seconds += (timer_now() - began) * threads_count(train->pool);
}

void train_step_diagnose(char *out, size_t size, const train_step *train, const config *c)
{
    const optimizer *kind = train->optimizer.kind;
    const optimizer_settings settings = settings_of(c);
    out[0] = '\0';
    for (int i = 0; i < train->m.n; i++) {
        const model_tensor *t = &train->m.tensor[i];
        size_t k = 0;
        while (k < t->n && isfinite(train->w[t->at + k])) k++;
        if (k == t->n) continue;
        const char *hazard = kind->hazard ? kind->hazard(&settings) : NULL;
        snprintf(out, size, "%s is not finite%s%s", t->name, hazard ? ": " : "",
                 hazard ? hazard : "");
        return;
    }
}

void train_step_seconds(double seconds[PARTS], const train_step *train)
{
    memset(seconds, 0, PARTS * sizeof *seconds);
    for (int i = 0; i < train->workers; i++)
        for (int j = 0; j < PARTS; j++) seconds[j] += train->pass[i].seconds[j];
    seconds[PART_UPDATE] += train->update_seconds;
}
