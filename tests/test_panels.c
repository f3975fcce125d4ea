/* test_panels.c - weights in panels give the same bits as weights without, at block sizes, one more
 * and one less, and for weights that have no panels. */
#include "core/compute/kernels.h"
#include "core/compute/panels.h"
#include "core/compute/threads.h"
#include "tests/unit.h"

#include <stdlib.h>
#include <string.h>

static const int SHAPES[][2] = { /* (out, in) */
                                 { 1, 1 },    { 7, 5 },     { 33, 31 },    { 64, 512 },
                                 { 513, 64 }, { 511, 513 }, { 1100, 129 }, { 176, 704 }
};
enum { WEIGHTS = sizeof SHAPES / sizeof *SHAPES, ROWS = 37 };

static float *random_floats(size_t n)
{
    static uint64_t bits = 0x9e3779b97f4a7c15u;
    float *x = malloc(n * sizeof *x);
    for (size_t i = 0; i < n; i++) {
        bits ^= bits << 13, bits ^= bits >> 7, bits ^= bits << 17;
        x[i] = (float)(bits >> 40) / (float)(1 << 23) - 1;
    }
    return x;
}

/* y, dx and dW of one linear layer, concatenated. */
static float *products(const float *x, const float *dy, const float *W, int out, int in, size_t *n)
{
    const size_t y = (size_t)ROWS * (size_t)out, dx = (size_t)ROWS * (size_t)in;
    *n = y + dx + (size_t)out * (size_t)in;
    float *all = calloc(*n, sizeof *all);
    linear(all, x, W, ROWS, in, out);
    linear_backward(all + y, all + y + dx, dy, x, W, ROWS, in, out, 0);
    return all;
}

static void same_bits(kernels_precision precision)
{
    error e = { 0 };
    if (!kernels_init(&e) || !kernels_set_precision(precision, &e)) skip();
    panels_weight weight[WEIGHTS];
    float *x[WEIGHTS], *dy[WEIGHTS], *want[WEIGHTS];
    size_t n;
    for (int i = 0; i < WEIGHTS; i++) {
        const int out = SHAPES[i][0], in = SHAPES[i][1];
        weight[i] = (panels_weight){ random_floats((size_t)out * (size_t)in), out, in };
        x[i] = random_floats((size_t)ROWS * (size_t)in);
        dy[i] = random_floats((size_t)ROWS * (size_t)out);
        want[i] = products(x[i], dy[i], weight[i].W, out, in, &n);
    }
    panels *p;
    threads *pool;
    const panels_layout *layout = kernels_layout(precision);
    assert_true(panels_open(&p, layout, weight, WEIGHTS - 1, &e)); /* the last one has no panels */
    assert_true(threads_open(&pool, 2, &e));
    panels_make(p, pool);
    const bool has = panels_bytes(SHAPES[0][0], SHAPES[0][1], layout) > 0;
    for (int i = 0; i < WEIGHTS; i++) {
        const int out = SHAPES[i][0], in = SHAPES[i][1];
        const void *found = panels_find(weight[i].W, out, in, layout->make);
        assert_true((found != NULL) == (has && i < WEIGHTS - 1));
        float *got = products(x[i], dy[i], weight[i].W, out, in, &n);
        assert_memory_equal(got, want[i], n * sizeof *got);
        free(got);
    }
    /* A part of a weight is not that weight. */
    assert_null(panels_find(weight[3].W, 32, 512, layout->make));
    assert_null(panels_find(weight[3].W + 1, 64, 512, layout->make));

    /* What is left may change: the old panels must not be seen again. */
    panels_leave(p);
    float *W = (float *)weight[5].W;
    for (int i = 0; i < 511 * 513; i++) W[i] = -W[i];
    float *before = products(x[5], dy[5], W, 511, 513, &n);
    panels_make(p, pool);
    float *after = products(x[5], dy[5], W, 511, 513, &n);
    assert_memory_equal(before, after, n * sizeof *after);
    assert_memory_not_equal(after, want[5], (size_t)ROWS * 511 * sizeof *after);
    free(before), free(after);

    panels_close(p);
    assert_null(panels_find(weight[0].W, SHAPES[0][0], SHAPES[0][1], layout->make));
    threads_close(pool);
    for (int i = 0; i < WEIGHTS; i++)
        free((float *)weight[i].W), free(x[i]), free(dy[i]), free(want[i]);
}

static void float32(void **state)
{
    (void)state;
    same_bits(KERNELS_FLOAT32);
}

static void bfloat16(void **state)
{
    (void)state;
    same_bits(KERNELS_BFLOAT16);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(float32), cmocka_unit_test(bfloat16) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
