/* decode_rate.c - the cost of a step from the model's declarations, and its time.
 *
 * FLOPs: 2 for each weight of a product and sequence, 4 E for each key that a head scores.  Bytes:
 * every weight of a product once a step, whatever the batch; and every cache as a whole, which is
 * nearly so at the end of a context.
 */
#define _POSIX_C_SOURCE 200809L
#include "trainer/decode/decode_rate.h"

#include "core/base/timer.h"
#include "core/compute/rng.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Entries of all products of a token. */
static double product_weights(const model *m)
{
    panels_weight *list = error_zeroed((size_t)m->n, sizeof *list);
    const int n = model_linears(m, NULL, list);
    double sum = 0;
    for (int i = 0; i < n; i++) sum += (double)list[i].out * list[i].in;
    free(list);
    return sum;
}

/* Keys that queries 0 to T - 1 score, all layers. */
static double pairs_to(const model_config *c, int T)
{
    double sum = 0;
    for (int i = 0; i < c->L && T > 0; i++) {
        const attn_dims d = model_dims(c, i, 1, T, T);
        sum += T * attn_pairs(c->layer[i].variant, &d);
    }
    return sum;
}

void decode_rate_plan(decode_rate *out, const decode_task *task)
{
    const model_config *c = &task->m->config;
    const double weights = product_weights(task->m), head = (double)c->V * c->D;
    const double per_pair = 4.0 * c->H * c->E;
    *out = (decode_rate){ .steps = 1 };
    decoder_plan(&out->memory, task->m, task->B, task->T);
    if (task->phase == DECODE_PREFILL) { /* the head sees the last position only */
        out->tokens = (int64_t)task->B * task->T;
        out->flops =
            task->B * (2 * (weights - head) * task->T + 2 * head + per_pair * pairs_to(c, task->T));
        out->bytes = weights * sizeof(float);
        return;
    }
    out->steps = task->steps;
    out->tokens = (int64_t)task->B * task->steps;
    out->flops = task->B * (2 * weights * task->steps +
                            per_pair * (pairs_to(c, task->T) - pairs_to(c, task->T - task->steps)));
    out->bytes = (weights * sizeof(float) + (double)out->memory.cache) * task->steps;
}

/* Linux counts the peak of resident memory anew after this; elsewhere nothing happens. */
static void forget_peak(void)
{
    FILE *f = fopen("/proc/self/clear_refs", "w");
    if (f) fputs("5", f), fclose(f);
}

static size_t peak_bytes(void)
{
    char line[256];
    size_t kib = 0;
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "VmHWM: %zu", &kib) == 1) break;
    if (f) fclose(f);
    return kib << 10;
}

/* Norms gain 1; all other weights are small and random, the same block again and again: millions of
 * proper normal numbers would take longer than the measurement. */
static void fill_weights(const model *m, float *w)
{
    enum { BLOCK = 1 << 16 };
    const rng r = rng_stream(1, 0, "bench.weights");
    for (size_t i = 0; i < m->floats && i < BLOCK; i++) w[i] = 0.02f * (float)rng_normal(&r, i, 0);
    for (size_t i = BLOCK; i < m->floats; i += BLOCK)
        memcpy(w + i, w, (m->floats - i < BLOCK ? m->floats - i : BLOCK) * sizeof *w);
    for (int i = 0; i < m->n; i++)
        for (size_t j = 0; !m->tensor[i].decay && j < m->tensor[i].n; j++)
            w[m->tensor[i].at + j] = 1;
}

static int32_t *random_tokens(size_t n, int V)
{
    int32_t *token = error_zeroed(n, sizeof *token);
    const rng r = rng_stream(1, 0, "bench.tokens");
    for (size_t i = 0; i < n; i++) {
        uint64_t bits[4];
        rng_bits(bits, &r, i, 0);
        token[i] = (int32_t)(bits[0] % (uint64_t)V);
    }
    return token;
}

static double time_steps(decoder *d, const decode_task *task)
{
    int32_t *token = random_tokens((size_t)task->B * (size_t)(task->steps + 1), task->m->config.V);
    decoder_pretend(d, task->T - task->steps - 1);
    decoder_read(d, token, 1, NULL);
    const double began = timer_now();
    for (int i = 1; i <= task->steps; i++)
        decoder_read(d, token + (size_t)i * (size_t)task->B, 1, NULL);
    const double seconds = timer_now() - began;
    free(token);
    return seconds;
}

static double time_prompt(decoder *d, const decode_task *task)
{
    int32_t *token = random_tokens((size_t)task->B * (size_t)task->T, task->m->config.V);
    decoder_read(d, token, 1, NULL);
    decoder_restart(d);
    const double began = timer_now();
    decoder_read(d, token, task->T, NULL);
    const double seconds = timer_now() - began;
    free(token);
    return seconds;
}

bool decode_rate_measure(decode_rate *out, const decode_task *task, threads *pool, error *e)
{
    decoder d;
    assert(task->phase == DECODE_PREFILL || (task->steps >= 1 && task->steps < task->T));
    decode_rate_plan(out, task);
    forget_peak();
    float *w = tensor_block(task->m->floats);
    if (!w) return error_set(e, "out of memory for %zu weights", task->m->floats);
    fill_weights(task->m, w);
    const bool ok = decoder_open(&d, task->m, w, task->B, task->T, pool, e);
    if (ok) {
        out->seconds = task->phase == DECODE_STEPS ? time_steps(&d, task) : time_prompt(&d, task);
        out->peak = peak_bytes();
        decoder_close(&d);
    }
    free(w);
    return ok;
}
