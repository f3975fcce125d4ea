/* train_step.c - see learner.h. */
#include "trainer/model/train_step.h"

#include "core/base/safetensors.h"
#include "core/base/timer.h"
#include "core/compute/kernels.h"
#include "trainer/model/batch.h"

#include <assert.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static const double PI = 3.14159265358979323846;

enum {
    CHUNK = 1 << 16, /* floats of a piece of the block that one thread updates */
    PIECE = 1 << 13, /* floats that are added and cleared at a time            */
};

double train_step_rate(const config *c, int64_t step)
{
    const double at = (double)step * (double)c->train.batch_tokens;
    const double end = (double)batch_steps(c) * (double)c->train.batch_tokens;
    const double warm = (double)c->train.warmup_tokens, floor = c->train.min_lr_ratio;
    if (at < warm) return c->train.lr * at / warm;
    double part; /* of the way from the floor up to the peak */
    if (c->train.schedule == SCHEDULE_COSINE && end > warm)
        part = 0.5 * (1 + cos(PI * (at - warm) / (end - warm)));
    else if (c->train.schedule == SCHEDULE_WSD && at > end - (double)c->train.decay_tokens)
        part = (end - at) / (double)c->train.decay_tokens;
    else
        return c->train.lr;
    return c->train.lr * (floor + (1 - floor) * part);
}

bool train_step_check(const config *c, error *e)
{
    const bool bfloat16 = c->train.precision == PRECISION_BFLOAT16;
    return kernels_set_precision(bfloat16 ? KERNELS_BFLOAT16 : KERNELS_FLOAT32, e) ||
           error_where(e, "train.precision=bfloat16");
}

static bool open_panels(train_step *l, error *e)
{
    panels_weight *weight = calloc((size_t)l->m.n, sizeof *weight);
    if (!weight) return error_set(e, "no memory for a list of %d weights", l->m.n);
    const bool ok = panels_open(&l->panels, kernels_layout(kernels_precision_set()), weight,
                                model_linears(&l->m, l->w, weight), e);
    free(weight);
    return ok;
}

bool train_step_open(train_step *l, const config *c, int n_threads, error *e)
{
    model_config mc;
    *l = (train_step){ 0 };
    if (!train_step_check(c, e) || !config_model(c, &mc, e) || !model_open(&l->m, &mc, e))
        return false;
    l->sequences = (int)(c->train.batch_tokens / c->model.context);
    l->lanes = (int)c->train.lanes < l->sequences ? (int)c->train.lanes : l->sequences;
    l->workers = n_threads < l->lanes ? n_threads : l->lanes;

    const size_t floats = l->m.floats, workers = (size_t)l->workers;
    const int most = (l->sequences + l->lanes - 1) / l->lanes; /* sequences of a lane */
    float **const block[] = { &l->w, &l->m1, &l->m2, &l->g };
    bool ok = true;
    for (int i = 0; i < 4 && ok; i++) {
        *block[i] = tensor_block(floats);
        if ((ok = *block[i])) memset(*block[i], 0, floats * sizeof(float));
    }
    l->lane_g = calloc(workers, sizeof *l->lane_g);
    l->pass = calloc(workers, sizeof *l->pass);
    l->nll = malloc((size_t)l->sequences * (size_t)mc.T * sizeof *l->nll);
    l->square = calloc(floats / CHUNK + 1, sizeof *l->square);
    ok = ok && l->lane_g && l->pass && l->nll && l->square;
    for (size_t i = 0; i < workers && ok; i++) {
        ok = (l->lane_g[i] = tensor_block(floats));
        if (ok) memset(l->lane_g[i], 0, floats * sizeof(float));
    }
    if (!ok) {
        train_step_close(l);
        return error_set(e, "no memory for a model of %zu weights", floats);
    }
    for (size_t i = 0; i < workers && ok; i++)
        ok = pass_open(&l->pass[i], &l->m, PASS_TRAIN, most, mc.T, mc.T, l->w, l->lane_g[i], e);
    ok = ok && open_panels(l, e) && threads_open(&l->pool, n_threads, e);
    if (!ok) train_step_close(l);
    return ok;
}

void train_step_close(train_step *l)
{
    threads_close(l->pool);
    panels_close(l->panels);
    for (int i = 0; i < l->workers; i++) {
        if (l->pass) pass_close(&l->pass[i]);
        if (l->lane_g) free(l->lane_g[i]);
    }
    free(l->pass), free(l->lane_g), free(l->nll), free(l->square);
    free(l->w), free(l->m1), free(l->m2), free(l->g);
    model_close(&l->m);
    *l = (train_step){ 0 };
}

/* Copy the tensors of a safetensors file over the weights of the same names and shapes. */
static bool load_weights(train_step *l, const char *path, error *e)
{
    safetensors s;
    if (!safetensors_open(&s, path, e)) return false;
    bool ok = true;
    for (int i = 0; i < l->m.n && ok; i++) {
        const model_tensor *t = &l->m.tensor[i];
        const safetensors_tensor *from = safetensors_find(&s, t->name);
        if (!from)
            ok = error_set(e, "%s: has no tensor %s", path, t->name);
        else if (strcmp(from->type, "F32") != 0 || safetensors_bytes(from) != t->n * sizeof(float))
            ok = error_set(e, "%s: %s is not %zu float32 numbers, as this configuration needs",
                           path, t->name, t->n);
        else
            memcpy(l->w + t->at, from->data, t->n * sizeof(float));
    }
    safetensors_close(&s);
    return ok;
}

bool train_step_start(train_step *l, const config *c, error *e)
{
    model_init(&l->m, l->w, (uint64_t)c->train.seed, (uint64_t)c->train.replica);
    return !*c->train.init_from || load_weights(l, c->train.init_from, e);
}

/* One step's gradient, shared by the threads that work on it. */
typedef struct work {
    train_step *l;
    const int32_t *token, *target;
    float scale;
    double *loss;    /* (lanes) */
    atomic_int next; /* lane to be taken */
    int turn;        /* lane whose gradient may be added next */
    pthread_mutex_t lock;
    pthread_cond_t turned;
} work;

/* g += a lane's gradient, which is 0 again afterwards: a piece is cleared while it is in cache. */
static void add_in_turn(work *k, int lane, float *from)
{
    train_step *l = k->l;
    pthread_mutex_lock(&k->lock);
    while (k->turn != lane) pthread_cond_wait(&k->turned, &k->lock);
    pthread_mutex_unlock(&k->lock);
    for (size_t at = 0; at < l->m.floats; at += PIECE) {
        const size_t n = l->m.floats - at < PIECE ? l->m.floats - at : PIECE;
        if (lane == 0)
            memcpy(l->g + at, from + at, n * sizeof *from);
        else
            vector_add(l->g + at, from + at, n);
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
    train_step *l = k->l;
    const size_t T = (size_t)l->m.config.T;
    if (thread >= l->workers) return;
    for (int lane; (lane = atomic_fetch_add(&k->next, 1)) < l->lanes;) {
        const int from = (int)((int64_t)lane * l->sequences / l->lanes);
        const int to = (int)((int64_t)(lane + 1) * l->sequences / l->lanes);
        const size_t at = (size_t)from * T;
        k->loss[lane] = pass_train(&l->pass[thread], l->nll + at, k->token + at, k->target + at,
                                   to - from, k->scale);
        const double began = timer_now();
        add_in_turn(k, lane, l->lane_g[thread]);
        l->pass[thread].seconds[PART_REDUCE] += timer_now() - began;
    }
}

static size_t chunk_length(const train_step *l, size_t chunk)
{
    const size_t left = l->m.floats - chunk * CHUNK;
    return left < CHUNK ? left : CHUNK;
}

/* Chunks of the block for one thread: any split will do, since chunks do not meet. */
static void square_chunks(void *arg, int thread)
{
    train_step *l = arg;
    const size_t step = (size_t)threads_count(l->pool);
    for (size_t i = (size_t)thread; i * CHUNK < l->m.floats; i += step)
        l->square[i] = vector_square_sum(l->g + i * CHUNK, chunk_length(l, i));
}

void train_step_gradient(train_step *l, train_step_result *r, const int32_t *token,
                         const int32_t *target)
{
    double loss[1024];
    int64_t targets = 0;
    const int64_t N = (int64_t)l->sequences * l->m.config.T;
    assert(l->lanes <= 1024);
    for (int64_t i = 0; i < N; i++) targets += target[i] >= 0;
    work k = { .l = l,
               .token = token,
               .target = target,
               .loss = loss,
               .scale = targets > 0 ? (float)(1.0 / (double)targets) : 0 };
    pthread_mutex_init(&k.lock, NULL);
    pthread_cond_init(&k.turned, NULL);
    panels_make(l->panels, l->pool);
    threads_run(l->pool, take_lanes, &k);
    panels_leave(l->panels);
    pthread_mutex_destroy(&k.lock);
    pthread_cond_destroy(&k.turned);

    *r = (train_step_result){ 0 };
    for (int i = 0; i < l->lanes; i++) r->loss += loss[i];
    r->loss /= (double)targets;
    threads_run(l->pool, square_chunks, l);
    double square = 0;
    for (size_t i = 0; i * CHUNK < l->m.floats; i++) square += l->square[i];
    r->grad_norm = sqrt(square);
}

typedef struct update {
    train_step *l;
    adamw a;
    double decay;
} update;

/* The part of each tensor that lies in this thread's chunks. */
static void update_chunks(void *arg, int thread)
{
    const update *u = arg;
    const train_step *l = u->l;
    const size_t step = (size_t)threads_count(l->pool);
    for (size_t i = (size_t)thread; i * CHUNK < l->m.floats; i += step) {
        const size_t from = i * CHUNK, to = from + chunk_length(l, i);
        for (int j = 0; j < l->m.n; j++) {
            const model_tensor *t = &l->m.tensor[j];
            const size_t lo = t->at > from ? t->at : from;
            const size_t hi = t->at + t->n < to ? t->at + t->n : to;
            adamw a = u->a;
            a.decay = t->decay ? u->decay : 0;
            if (lo < hi) adamw_update(l->w + lo, l->m1 + lo, l->m2 + lo, l->g + lo, hi - lo, &a);
        }
    }
}

void train_step_update(train_step *l, train_step_result *r, const config *c, double lr, int64_t t)
{
    assert(isfinite(r->grad_norm));
    r->clipped = c->train.clip > 0 && r->grad_norm > c->train.clip;
    update u = { .l = l,
                 .decay = c->train.weight_decay,
                 .a = { .lr = lr,
                        .beta1 = c->train.beta1,
                        .beta2 = c->train.beta2,
                        .eps = c->train.eps,
                        .clip = r->clipped ? c->train.clip / r->grad_norm : 1,
                        .t = t } };
    const double began = timer_now();
    threads_run(l->pool, update_chunks, &u);
    l->update_seconds += (timer_now() - began) * threads_count(l->pool);
}

void train_step_seconds(double seconds[PARTS], const train_step *l)
{
    memset(seconds, 0, PARTS * sizeof *seconds);
    for (int i = 0; i < l->workers; i++)
        for (int j = 0; j < PARTS; j++) seconds[j] += l->pass[i].seconds[j];
    seconds[PART_UPDATE] += l->update_seconds;
}
