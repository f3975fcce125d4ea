/* test_batch.c - what a step reads depends on the data seed and the step alone. */
#include "tests/unit.h"
#include "trainer/model/batch.h"

#include <stdlib.h>
#include <string.h>

/* A text in which each token is its own position, so that what was read shows from where. */
enum { TOKENS = 1000, SPAN = 64, SPANS = (TOKENS - 1) / SPAN, BATCH = 256, STEPS = 16 };

static int32_t place[TOKENS];

/* Targets that the mask leaves out are -1, the others as without it; tokens are all there. */
static void test_mask(void **state)
{
    (void)state;
    static uint8_t mask[TOKENS];
    int32_t token[BATCH], target[BATCH];
    const corpus text = { .path = (char *)"text",
                          .train = {
                              .n_tokens = TOKENS, .width = 4, .tokens = place, .mask = mask } };
    config c;
    batch b;
    error e;
    int left_out = 0;
    config_init(&c);
    c.model.context = 32, c.data.span = SPAN, c.train.batch_tokens = BATCH;
    c.train.tokens = BATCH * STEPS;
    for (int i = 0; i < TOKENS; i++) place[i] = i, mask[i] = i % 3 == 1;
    assert_true(batch_open(&b, &c, &text, &e));
    for (int s = 1; s <= STEPS; s++) {
        batch_read(&b, token, target, s);
        for (int i = 0; i < BATCH; i++) {
            const int next = token[i] + 1;
            assert_int_equal(target[i], next % 3 == 1 ? next : -1);
            left_out += target[i] < 0;
        }
    }
    assert_true(left_out > 0);
    batch_close(&b);
}

static void open_batch(batch *b, int context, int seed)
{
    static const corpus TEXT = { .path = (char *)"text",
                                 .train = { .n_tokens = TOKENS, .width = 4, .tokens = place } };
    config c;
    error e;
    config_init(&c);
    c.model.context = context, c.data.span = SPAN, c.train.data_seed = seed;
    c.train.batch_tokens = BATCH, c.train.tokens = BATCH * STEPS;
    for (int i = 0; i < TOKENS; i++) place[i] = i;
    if (!batch_open(b, &c, &TEXT, &e)) fail_msg("%s", e.msg);
    assert_int_equal(b->steps, STEPS);
    assert_int_equal(b->spans, SPANS);
    assert_int_equal(b->sequences * context, BATCH);
}

/* STEPS steps are more than four epochs, and no epoch ends with a step. */
static void read_all(int32_t token[STEPS][BATCH], int context, int seed)
{
    batch b;
    int32_t target[BATCH];
    open_batch(&b, context, seed);
    for (int s = 0; s < STEPS; s++) {
        batch_read(&b, token[s], target, s + 1);
        for (int i = 0; i < BATCH; i++) assert_int_equal(target[i], token[s][i] + 1);
    }
    batch_close(&b);
}

/* In any order and from any step, as after a resume. */
static void test_step_alone(void **state)
{
    (void)state;
    static int32_t token[STEPS][BATCH], again[BATCH], target[BATCH];
    batch b;
    read_all(token, 32, 1);
    for (int from = 1; from <= STEPS; from++) {
        open_batch(&b, 32, 1);
        for (int s = from, n = 0; n < STEPS; n++, s = (s * 7 + 3) % STEPS + 1) {
            batch_read(&b, again, target, s);
            assert_memory_equal(again, token[s - 1], sizeof again);
        }
        batch_close(&b);
    }
    static int32_t other[STEPS][BATCH];
    read_all(other, 32, 2);
    assert_memory_not_equal(other, token, sizeof other);
}

/* An epoch reads every span once, complete, in its own order. */
static void test_without_replacement(void **state)
{
    (void)state;
    static int32_t token[STEPS][BATCH];
    int before[SPANS] = { 0 }, n = 0, now[SPANS], seen[SPANS] = { 0 }, epochs = 0;
    read_all(token, 32, 5);
    for (const int32_t *at = token[0]; at < token[0] + STEPS * BATCH; at += SPAN) {
        assert_int_equal(at[0] % SPAN, 0);
        for (int i = 0; i < SPAN; i++) assert_int_equal(at[i], at[0] + i);
        now[n++] = at[0] / SPAN;
        assert_true(now[n - 1] < SPANS);
        assert_int_equal(seen[now[n - 1]]++, epochs);
        if (n < SPANS) continue;
        assert_memory_not_equal(now, before, sizeof now);
        memcpy(before, now, sizeof now);
        n = 0, epochs++;
    }
    assert_true(epochs >= 4);
}

static void test_contexts_read_the_same(void **state)
{
    (void)state;
    static int32_t a[STEPS][BATCH], b[STEPS][BATCH];
    read_all(a, 16, 3);
    read_all(b, 64, 3);
    assert_memory_equal(a, b, sizeof a);
}

/* Due at the first step at which the tokens reach or exceed a multiple. */
static void test_due(void **state)
{
    (void)state;
    config c;
    config_init(&c);
    c.train.batch_tokens = 12;
    for (int every = 0; every < 40; every++)
        for (int64_t step = 1; step < 60; step++) {
            bool due = false;
            for (int64_t t = 12 * (step - 1) + 1; every && t <= 12 * step; t++)
                due = due || t % every == 0;
            assert_int_equal(batch_due(&c, step, every), due);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_step_alone),
        cmocka_unit_test(test_without_replacement),
        cmocka_unit_test(test_contexts_read_the_same),
        cmocka_unit_test(test_due),
        cmocka_unit_test(test_mask),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
