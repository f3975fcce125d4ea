/* test_memory.c - the memory that `describe` predicts, against what a run asks malloc for. */
#include "trainer/model/memory.h"

#include "tests/settings.h"
#include "tests/unit.h"
#include "trainer/model/evaluation.h"
#include "trainer/model/train_step.h"

#include <stdint.h>
#include <stdlib.h>

/* Bytes asked for; the linker redirects every call of this program here. */
static size_t allocated;

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t each);
void *__real_aligned_alloc(size_t unit, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t each);
void *__wrap_aligned_alloc(size_t unit, size_t n);

void *__wrap_malloc(size_t n)
{
    allocated += n;
    return __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t each)
{
    allocated += n * each;
    return __real_calloc(n, each);
}

void *__wrap_aligned_alloc(size_t unit, size_t n)
{
    allocated += n;
    return __real_aligned_alloc(unit, n);
}

static void check(int n_threads, const char *const *setting, size_t least)
{
    static run_spec spec;
    error e;
    train_step train;
    evaluation v;
    memory said;
    settings_resolve(&spec, setting);
    assert_true(memory_estimate(&said, &spec, n_threads, &e));

    const size_t before = allocated;
    /* Tokens and targets, as train does. */
    int32_t *token = malloc(2 * (size_t)spec.config.train.batch_tokens * sizeof *token);
    const corpus text = { .val.n_tokens = 1 << 20 };
    assert_true(token && train_step_open(&train, &spec, n_threads, &e));
    const eval_input in = { &train.m, train.w, &spec.config, &text, train.pool };
    assert_true(evaluation_open(&v, &in, &e));
    const double got = (double)(allocated - before), ratio = (double)said.total / got;
    evaluation_close(&v), train_step_close(&train), free(token);
    print_message("%.0f MiB, and %.0f predicted: %.3f\n", got / (1 << 20),
                  (double)said.total / (1 << 20), ratio);
    assert_true(got > (double)least);
    assert_true(ratio > 0.95 && ratio < 1.05);
}

/* Shapes above 256 MiB: many layers, a long context, one lane, many threads, evaluation further. */
static void test_large(void **state)
{
    (void)state;
    const size_t least = (size_t)256 << 20;
    check(2,
          (const char *[]){ "model.dim=256", "model.n_layers=6", "model.n_heads=8",
                            "model.ffn_dim=704", "model.vocab_size=4096", "model.context=1024",
                            "train.batch_tokens=8192", "eval.tokens=64k", NULL },
          least);
    check(2,
          (const char *[]){ "model.dim=128", "model.n_layers=4", "model.n_heads=8",
                            "model.ffn_dim=352", "model.vocab_size=4096", "model.context=16384",
                            "train.batch_tokens=16384", NULL },
          least);
    check(4,
          (const char *[]){ "model.dim=256", "model.n_layers=4", "model.n_heads=8",
                            "model.vocab_size=2000", "model.context=4096",
                            "train.batch_tokens=8192", "model.attention=window:size=100", NULL },
          least);
    check(3,
          (const char *[]){ "model.dim=384", "model.n_layers=3", "model.n_heads=6",
                            "model.vocab_size=1000", "model.context=512",
                            "train.batch_tokens=16384", "train.lanes=3", "model.attention=mqa",
                            NULL },
          least);
    check(2,
          (const char *[]){ "model.dim=256", "model.n_layers=4", "model.n_heads=4",
                            "model.vocab_size=3000", "model.context=256", "train.batch_tokens=4096",
                            "eval.context=[256, 8192]", NULL },
          least);
}

/* A context of 16384 at dim 128 fits into 2 GiB, and twice the context takes twice the activations.
 */
static void test_long_contexts(void **state)
{
    (void)state;
    size_t bytes[2];
    for (int i = 0; i < 2; i++) {
        static run_spec spec;
        error e;
        memory m;
        const char *const shape[] = { "model.dim=128",
                                      "model.n_layers=6",
                                      "model.n_heads=8",
                                      "model.vocab_size=4096",
                                      i ? "model.context=32768" : "model.context=16384",
                                      i ? "train.batch_tokens=32768" : "train.batch_tokens=16384",
                                      NULL };
        settings_resolve(&spec, shape);
        assert_true(memory_estimate(&m, &spec, 2, &e));
        if (i == 0) assert_true(m.total < (size_t)2 << 30);
        bytes[i] = m.activations;
    }
    assert_in_range(bytes[1], 2 * bytes[0] - (1 << 12), 2 * bytes[0] + (1 << 12));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_large),
        cmocka_unit_test(test_long_contexts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
