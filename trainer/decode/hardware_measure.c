/* hardware_measure.c - this machine's rates, by the kernels that decoding uses.
 *
 *     peak, bandwidth   machine_rate.h
 *     cache_bandwidth   a buffer of a quarter of the last-level cache, read again and again
 *     rows              linear() of N rows, with weights that stay in the cache
 *     attention         one query position with one key/value head, which stays in the cache
 *     overhead          a step of a model whose weights and sums are next to nothing
 *     efficiency_bandwidth   a step of a model of four last-level caches, less its overhead
 *
 * Each is the median of several tries.
 */
#include "trainer/decode/decode_rate.h"
#include "trainer/decode/hardware.h"
#include "trainer/decode/machine_rate.h"
#include "trainer/model/memory.h"

#include "core/base/timer.h"
#include "core/compute/attention.h"
#include "core/compute/kernels.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TRIES = 9, SIDE = 1024, KEYS = 1024, HEADS = 8, WIDTH = 64, MOST_ROWS = 256 };

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double middle(double x[TRIES])
{
    qsort(x, TRIES, sizeof *x, ascending);
    return x[TRIES / 2];
}

/* A job that one thread does and others help with: a product or attention, `times` over. */
typedef struct work {
    float *y, *x, *W;
    int rows, times;
    double seconds;
} work;

static void multiply(void *arg, int thread)
{
    work *w = arg;
    if (thread != 0) return; /* helps */
    const bool apart = linear_keep_apart(true);
    linear(w->y, w->x, w->W, w->rows, SIDE, SIDE);
    const double began = timer_now();
    for (int i = 0; i < w->times; i++) linear(w->y, w->x, w->W, w->rows, SIDE, SIDE);
    w->seconds = (timer_now() - began) / w->times;
    linear_keep_apart(apart);
}

static void attend(void *arg, int thread)
{
    work *w = arg;
    const attention a = { .S = 1, .T = KEYS, .H = HEADS, .G = 1, .E = WIDTH };
    if (thread != 0) return;
    const float *k = w->W, *v = w->W + (size_t)KEYS * WIDTH;
    attention_forward(w->y, NULL, w->x, k, v, &a);
    const double began = timer_now();
    for (int i = 0; i < w->times; i++) attention_forward(w->y, NULL, w->x, k, v, &a);
    w->seconds = (timer_now() - began) / w->times;
}

static double time_work(work *w, threads *pool, void (*job)(void *, int))
{
    double x[TRIES];
    for (int i = 0; i < TRIES; i++) threads_run(pool, job, w), x[i] = w->seconds;
    return middle(x);
}

static bool measure_products(hardware *h, threads *pool, error *e)
{
    const double peak = h->flops[HARDWARE_FLOAT32];
    float *block = tensor_block((size_t)SIDE * SIDE + 2 * (size_t)SIDE * MOST_ROWS);
    if (!block) return error_set(e, "out of memory for measuring the machine");
    for (size_t i = 0; i < (size_t)SIDE * SIDE + (size_t)SIDE * MOST_ROWS; i++)
        block[i] = 0.01f * (float)(i % 13) - 0.06f;
    work w = { .W = block, .x = block + (size_t)SIDE * SIDE };
    w.y = w.x + (size_t)SIDE * MOST_ROWS;
    h->rows = 0;
    for (int rows = 1; rows <= MOST_ROWS; rows *= 2) {
        w.rows = rows, w.times = 1 + 64 / rows;
        const double flops = 2.0 * SIDE * SIDE * rows;
        h->curve[h->rows].rows = rows;
        h->curve[h->rows++].part = flops / time_work(&w, pool, multiply) / peak;
    }
    w.times = 16;
    h->efficiency_attention = 4.0 * HEADS * KEYS * WIDTH / time_work(&w, pool, attend) / peak;
    free(block);
    return true;
}

/* Seconds of a step, the median. */
static bool time_step(double *out, const model *m, int T, threads *pool, error *e)
{
    const decode_task task = { .phase = DECODE_STEPS, .m = m, .B = 1, .T = T, .steps = 16 };
    double x[TRIES];
    decode_rate rate;
    for (int i = 0; i < TRIES; i++) {
        if (!decode_rate_measure(&rate, &task, pool, e)) return false;
        x[i] = rate.seconds / rate.steps;
    }
    *out = middle(x);
    return true;
}

static bool open_model(model *m, int L, int D, int F, error *e)
{
    config settings;
    config_init(&settings);
    model_config shape;
    char text[160];
    const char *const keys[] = { "model.n_layers", "model.dim", "model.ffn_dim" };
    const int values[] = { L, D, F };
    for (int i = 0; i < 3; i++) {
        snprintf(text, sizeof text, "%s=%d", keys[i], values[i]);
        if (!config_override(&settings, text, e)) return false;
    }
    return config_override(&settings, "model.vocab_size=64", e) &&
           config_override(&settings, "model.n_heads=8", e) &&
           run_spec_model(&shape, &settings, e) && model_open(m, &shape, e);
}

/* The overhead of a layer, and the part of the bandwidth that a large model reaches. */
static bool measure_steps(hardware *h, threads *pool, error *e)
{
    enum { L = 8, T = 32, D = 1024, F = 4096 };
    const double bytes = 4.0 * (4.0 * D * D + 3.0 * D * F);
    int layers = (int)(4 * h->cache / bytes);
    if (layers < 2) layers = 2;
    if (layers > MODEL_LAYERS) layers = MODEL_LAYERS;
    double small, large;
    model m = { 0 };
    bool ok = open_model(&m, L, 64, 64, e) && time_step(&small, &m, T, pool, e);
    model_close(&m);
    ok = ok && open_model(&m, layers, D, F, e) && time_step(&large, &m, T, pool, e);
    model_close(&m);
    if (!ok) return false;
    h->overhead = small / L;
    const double reading = large - layers * h->overhead;
    h->efficiency_bandwidth = layers * bytes / reading / h->bandwidth;
    if (h->efficiency_bandwidth > 1) h->efficiency_bandwidth = 1;
    return true;
}

/* The name of the processor, as Linux tells it. */
static void find_name(char name[HARDWARE_NAME], int n)
{
    char line[256], cpu[96] = "processor";
    FILE *f = fopen("/proc/cpuinfo", "r");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "model name : %95[^\n]", cpu) == 1) break;
    if (f) fclose(f);
    snprintf(name, HARDWARE_NAME, "%s, %d thread%s", cpu, n, n == 1 ? "" : "s");
}

bool hardware_measure(hardware *h, threads *pool, error *e)
{
    double read[TRIES], sgemm[TRIES], near[TRIES];
    machine_rate rate, inner;
    *h = (hardware){ .devices = 1, .threads = threads_count(pool), .efficiency_flops = 1 };
    h->efficiency_link = h->efficiency_bandwidth = h->efficiency_attention = 1;
    find_name(h->name, threads_count(pool));
    h->memory = (double)memory_available();
    h->cache = (double)machine_rate_cache();
    if (!machine_rate_open(&rate, pool, e)) return false;
    inner = rate;
    inner.words = rate.words / 16;
    for (int i = 0; i < TRIES; i++) {
        machine_rate_measure(&rate);
        read[i] = rate.read, sgemm[i] = rate.sgemm;
        machine_rate_measure(&inner); /* fills the cache */
        machine_rate_measure(&inner);
        near[i] = inner.read;
    }
    machine_rate_close(&rate);
    h->bandwidth = middle(read), h->flops[HARDWARE_FLOAT32] = middle(sgemm);
    h->cache_bandwidth = middle(near);
    return measure_products(h, pool, e) && measure_steps(h, pool, e);
}
