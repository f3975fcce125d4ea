/* machine_rate.c - timed reads and products.
 *
 * Reading adds words in several sums side by side, which costs less than waiting for memory.
 */
#include "trainer/decode/machine_rate.h"

#include "core/base/timer.h"
#include "core/compute/backend.h"
#include "core/compute/tensor.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { SIDE = 1024, PRODUCTS = 2, PIECES = 64, SUMS = 16 };

size_t machine_rate_cache(void)
{
    size_t largest = 0;
    for (int i = 0; i < 8; i++) {
        char path[96];
        size_t kib;
        snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu0/cache/index%d/size", i);
        FILE *f = fopen(path, "r");
        if (f && fscanf(f, "%zuK", &kib) == 1 && kib > largest) largest = kib;
        if (f) fclose(f);
    }
    return largest ? largest << 10 : (size_t)32 << 20;
}

bool machine_rate_open(machine_rate *r, threads *pool, error *e)
{
    const size_t floats = (size_t)3 * SIDE * SIDE * (size_t)threads_count(pool);
    *r = (machine_rate){ .pool = pool };
    r->words = 4 * machine_rate_cache() / sizeof *r->buffer / PIECES / SUMS * PIECES * SUMS;
    r->buffer = (uint64_t *)(void *)tensor_block(r->words * sizeof *r->buffer / sizeof(float));
    r->matrices = tensor_block(floats);
    if (!r->buffer || !r->matrices) {
        machine_rate_close(r);
        return error_set(e, "out of memory for measuring the machine");
    }
    for (size_t i = 0; i < r->words; i++) r->buffer[i] = i;
    for (size_t i = 0; i < floats; i++) r->matrices[i] = (float)(i % 7) - 3;
    return true;
}

void machine_rate_close(machine_rate *r)
{
    free(r->buffer), free(r->matrices);
    *r = (machine_rate){ 0 };
}

typedef struct reading {
    const machine_rate *r;
    _Atomic uint64_t sum; /* so that reading has a result */
} reading;

static void read_piece(void *arg, int i)
{
    reading *x = arg;
    const size_t n = x->r->words / PIECES;
    const uint64_t *word = x->r->buffer + n * (size_t)i;
    uint64_t sum[SUMS] = { 0 }, all = 0;
    for (size_t k = 0; k < n; k += SUMS)
        for (int j = 0; j < SUMS; j++) sum[j] += word[k + (size_t)j];
    for (int j = 0; j < SUMS; j++) all += sum[j];
    atomic_fetch_add(&x->sum, all);
}

static void read_all(void *arg, int thread)
{
    if (thread == 0) threads_grid(PIECES, read_piece, arg); /* the others help */
}

static void multiply(void *arg, int thread)
{
    float *A = (float *)arg + (size_t)3 * SIDE * SIDE * (size_t)thread;
    float *B = A + (size_t)SIDE * SIDE, *C = B + (size_t)SIDE * SIDE;
    for (int i = 0; i < PRODUCTS; i++)
        backend_openblas.gemm_nn(C, SIDE, A, SIDE, B, SIDE, SIDE, SIDE, SIDE, 1, 0);
}

void machine_rate_measure(machine_rate *r)
{
    reading x = { .r = r };
    double began = timer_now();
    threads_run(r->pool, read_all, &x);
    r->read = (double)(r->words * sizeof *r->buffer) / (timer_now() - began);
    began = timer_now();
    threads_run(r->pool, multiply, r->matrices);
    r->sgemm = 2.0 * SIDE * SIDE * SIDE * PRODUCTS * threads_count(r->pool) / (timer_now() - began);
}
