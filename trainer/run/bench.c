/* bench.c - steps of training, timed, each between two timings of sgemm on as many threads. */
#define _DEFAULT_SOURCE /* getrusage */
#include "trainer/run/bench.h"

#include "core/base/timer.h"
#include "core/compute/backend.h"
#include "core/compute/rng.h"
#include "trainer/model/memory.h"
#include "trainer/model/train_step.h"
#include "trainer/model/weights.h"

#include <math.h>
#include <stdlib.h>
#include <sys/resource.h>

enum { SIDE = 1024, PRODUCTS = 4 };

/* (threads, 3, SIDE, SIDE): A, B and C of each thread. */
static void multiply(void *arg, int thread)
{
    float *A = (float *)arg + (size_t)3 * SIDE * SIDE * (size_t)thread;
    float *B = A + (size_t)SIDE * SIDE, *C = B + (size_t)SIDE * SIDE;
    for (int i = 0; i < PRODUCTS; i++)
        backend_openblas.gemm_nn(C, SIDE, A, SIDE, B, SIDE, SIDE, SIDE, SIDE, 1, 0);
}

/* FLOP/s of all threads. */
static double sgemm_rate(threads *pool, float *matrices)
{
    const double began = timer_now();
    threads_run(pool, multiply, matrices);
    return 2.0 * SIDE * SIDE * SIDE * PRODUCTS * threads_count(pool) / (timer_now() - began);
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The median over repetitions of one field. */
static double median(const bench *b, size_t field, double *room)
{
    for (int i = 0; i < b->reps; i++)
        room[i] = *(const double *)(const void *)((const char *)&b->rep[i] + field);
    qsort(room, (size_t)b->reps, sizeof *room, ascending);
    return 0.5 * (room[(b->reps - 1) / 2] + room[b->reps / 2]);
}

static void random_tokens(int32_t *token, size_t n, int V)
{
    const rng r = rng_stream(1, 0, "bench.tokens");
    for (size_t i = 0; i < n; i++) {
        uint64_t bits[4];
        rng_bits(bits, &r, i, 0);
        token[i] = (int32_t)(bits[0] % (uint64_t)V);
    }
}

/* Seconds of one step on tokens and targets; *loss is its loss. */
static double time_step(double *loss, train_step *train, const config *settings,
                        const int32_t *token, int64_t step)
{
    train_step_result r;
    const double began = timer_now();
    train_step_gradient(train, &r, token, token + settings->train.batch_tokens);
    if (!isfinite(r.grad_norm)) r.grad_norm = 0; /* a wild rate takes the same time */
    train_step_update(train, &r, settings, settings->train.lr, step);
    *loss = r.loss;
    return timer_now() - began;
}

/* Repetitions, and the share of each part over all of them. */
static void repeat(bench *b, train_step *train, const config *settings, const int32_t *token,
                   float *matrices)
{
    double before[PARTS], after[PARTS], loss, sum = 0;
    time_step(&b->loss, train, settings, token, 1); /* warms up */
    train_step_seconds(before, train);
    double rate = sgemm_rate(train->pool, matrices);
    for (int i = 0; i < b->reps; i++) {
        const double seconds = time_step(&loss, train, settings, token, i + 2);
        const double next = sgemm_rate(train->pool, matrices);
        b->rep[i] = (bench_rep){ .seconds = seconds, .sgemm = 0.5 * (rate + next) };
        b->rep[i].fraction = b->flops / seconds / b->rep[i].sgemm;
        sum += seconds * train->workers;
        rate = next;
    }
    train_step_seconds(after, train);
    double rest = 1;
    for (int i = 0; i < PARTS; i++) rest -= b->share[i] = (after[i] - before[i]) / sum;
    b->share[PART_OTHER] = rest > 0 ? rest : 0;
}

static bool save_start(const char *file, const train_step *train, const int32_t *token, error *e)
{
    const model *m = &train->m;
    const size_t B = (size_t)train->sequences, T = (size_t)m->config.T;
    char sha[HASH_HEX], mark[FILE_MARK];
    file_draft d;
    safetensors_tensor *list = calloc((size_t)m->n + 2, sizeof *list);
    if (!list) return error_set(e, "out of memory for the list of weights");
    for (int i = 0; i < m->n; i++) {
        const model_tensor *t = &m->tensor[i];
        list[i] = weights_entry(t->name, &t->spec, train->w + t->at);
    }
    list[m->n] = (safetensors_tensor){ "input_ids", "I32", 2, { B, T }, token };
    list[m->n + 1] = (safetensors_tensor){ "target_ids", "I32", 2, { B, T }, token + B * T };
    file_mark(mark, BENCH_MAKER);
    const bool ok = file_output_open(&d, file, BENCH_MAKER, NULL, NULL, e) &&
                    safetensors_put(&d, list, m->n + 2,
                                    (const char *const[]){ "maker", mark, NULL }, sha, NULL, e);
    free(list);
    return ok;
}

bool bench_train(bench *b, const run_spec *spec, int n_threads, int reps, const char *save,
                 error *e)
{
    const config *settings = &spec->config;
    train_step train;
    model_cost cost;
    memory need;
    const size_t N = (size_t)settings->train.batch_tokens;
    *b = (bench){ .threads = n_threads, .reps = reps, .tokens = settings->train.batch_tokens };
    if (!memory_estimate(&need, spec, n_threads, e) || !memory_check(&need, n_threads, e) ||
        !train_step_open(&train, spec, n_threads, e))
        return false;
    model_cost_of(&cost, &spec->model);
    b->flops = cost.train_flops * (double)b->tokens;
    b->update_flops = optimizer_flops(train.optimizer.kind, &train.m);
    b->predicted = need.total - need.evaluation;

    const size_t floats = (size_t)3 * SIDE * SIDE * (size_t)n_threads;
    int32_t *token = malloc(2 * N * sizeof *token);
    float *matrices = tensor_block(floats);
    double *room = calloc((size_t)reps, sizeof *room);
    b->rep = calloc((size_t)reps, sizeof *b->rep);
    bool ok = token && matrices && room && b->rep;
    if (!ok) error_set(e, "out of memory for %d repetitions", reps);
    if (ok) {
        random_tokens(token, 2 * N, spec->model.V);
        for (size_t i = 0; i < floats; i++) matrices[i] = (float)(i % 7) - 3;
        model_init(&train.m, train.w, 1, 0);
        ok = !save || save_start(save, &train, token, e);
    }
    if (ok) {
        repeat(b, &train, settings, token, matrices);
        const double seconds = median(b, offsetof(bench_rep, seconds), room);
        b->tokens_per_s = (double)b->tokens / seconds;
        b->flops_per_s = b->flops / seconds;
        b->sgemm = median(b, offsetof(bench_rep, sgemm), room);
        b->fraction = median(b, offsetof(bench_rep, fraction), room);
        struct rusage u;
        getrusage(RUSAGE_SELF, &u);
        b->peak = (size_t)u.ru_maxrss * 1024;
    }
    free(token), free(matrices), free(room);
    train_step_close(&train);
    if (!ok) bench_close(b);
    return ok;
}

bool bench_step(double *seconds, const run_spec *spec, int n_threads, error *e)
{
    enum { STEPS = 3 };
    const config *settings = &spec->config;
    const size_t N = (size_t)settings->train.batch_tokens;
    train_step train;
    memory need;
    if (!memory_estimate(&need, spec, n_threads, e) || !memory_check(&need, n_threads, e) ||
        !train_step_open(&train, spec, n_threads, e))
        return false;
    int32_t *token = malloc(2 * N * sizeof *token);
    if (!token) {
        train_step_close(&train);
        return error_set(e, "out of memory for a batch");
    }
    random_tokens(token, 2 * N, spec->model.V);
    model_init(&train.m, train.w, 1, 0);
    *seconds = INFINITY;
    for (int i = 1; i <= STEPS; i++) {
        double loss;
        *seconds = fmin(*seconds, time_step(&loss, &train, settings, token, i));
    }
    free(token);
    train_step_close(&train);
    return true;
}

void bench_close(bench *b)
{
    free(b->rep);
    *b = (bench){ 0 };
}
