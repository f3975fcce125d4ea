/* test_train_step.c - the learning rate of a step, against its closed form. */
#include "trainer/model/train_step.h"

#include "tests/unit.h"

#include <math.h>

static const double PI = 3.14159265358979323846;

/* 100 steps of 1000 tokens, peak 2, floor 0.5 of it, 10 steps of warm-up. */
static config training(int64_t schedule)
{
    config c;
    config_init(&c);
    c.train.tokens = 100000, c.train.batch_tokens = 1000, c.train.warmup_tokens = 10000;
    c.train.lr = 2, c.train.min_lr_ratio = 0.5, c.train.schedule = schedule;
    c.train.decay_tokens = 20000;
    return c;
}

static void check_rate(const config *c, int64_t step, double expected)
{
    const double rate = train_step_rate(c, step);
    if (!(fabs(rate - expected) <= 1e-14))
        fail_msg("step %d: %.17g, not %.17g", (int)step, rate, expected);
}

static void test_warm_up(void **state)
{
    (void)state;
    for (int64_t kind = SCHEDULE_COSINE; kind <= SCHEDULE_WSD; kind++) {
        config c = training(kind);
        for (int64_t s = 1; s <= 10; s++) check_rate(&c, s, 0.2 * (double)s);
        c.train.warmup_tokens = 0;
        if (kind != SCHEDULE_COSINE) check_rate(&c, 1, 2);
    }
}

static void test_cosine(void **state)
{
    (void)state;
    const config c = training(SCHEDULE_COSINE);
    for (int64_t s = 10; s <= 100; s++)
        check_rate(&c, s, 1 + 0.5 * (1 + cos(PI * (double)(s - 10) / 90)));
    check_rate(&c, 55, 1.5);
    check_rate(&c, 100, 1);
}

static void test_constant(void **state)
{
    (void)state;
    const config c = training(SCHEDULE_CONSTANT);
    for (int64_t s = 10; s <= 100; s++) check_rate(&c, s, 2);
}

static void test_wsd(void **state)
{
    (void)state;
    const config c = training(SCHEDULE_WSD);
    for (int64_t s = 10; s <= 80; s++) check_rate(&c, s, 2);
    for (int64_t s = 80; s <= 100; s++) check_rate(&c, s, 2 - (double)(s - 80) / 20);

    config all = c; /* no stable part */
    all.train.decay_tokens = 90000;
    for (int64_t s = 10; s <= 100; s++) check_rate(&all, s, 2 - (double)(s - 10) / 90);

    config odd = c; /* tokens that end within a step: the last step is the end */
    odd.train.tokens = 99001;
    check_rate(&odd, 100, 1);
    check_rate(&odd, 80, 2);
}

/* A longer run goes through the same rates until the shorter one decays, bit for bit. */
static void test_horizons_share_the_stable_part(void **state)
{
    (void)state;
    const config shorter = training(SCHEDULE_WSD), constant = training(SCHEDULE_CONSTANT);
    config longer = shorter;
    longer.train.tokens = 400000;
    for (int64_t s = 1; s <= 80; s++) {
        assert_true(train_step_rate(&shorter, s) == train_step_rate(&longer, s));
        assert_true(train_step_rate(&shorter, s) == train_step_rate(&constant, s));
    }
    assert_true(train_step_rate(&shorter, 81) < train_step_rate(&longer, 81));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_warm_up),
        cmocka_unit_test(test_cosine),
        cmocka_unit_test(test_constant),
        cmocka_unit_test(test_wsd),
        cmocka_unit_test(test_horizons_share_the_stable_part),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
