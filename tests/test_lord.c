/* test_lord.c - levels over a sequence of tests: LORD++ by its definition, and the bound that it
 * rests on. */
#include "analysis/statistics/lord.h"

#include "tests/unit.h"

#include <math.h>
#include <stdlib.h>

/* Levels are earned by discoveries alone: sum of levels <= fdr max(1, discoveries), at all times.
 */
static void test_bound(void **state)
{
    (void)state;
    enum { N = 400 };
    bool found[N];
    srand(3);
    for (int k = 0; k < 40; k++) {
        double sum = 0;
        int discoveries = 0;
        for (int t = 0; t < N; t++) {
            sum += lord_level(found, 0.1, t);
            assert_true(sum <= 0.1 * (discoveries > 1 ? discoveries : 1) + 1e-9);
            found[t] = rand() % 100 < k;
            discoveries += found[t];
        }
    }
}

/* Without a discovery all levels together stay below half of the rate, and come near to it. */
static void test_none(void **state)
{
    (void)state;
    enum { N = 20000 };
    static bool found[N];
    double sum = 0, last = 1;
    for (int t = 0; t < N; t++) {
        const double level = lord_level(found, 0.05, t);
        assert_true(level > 0 && level < last);
        sum += level, last = level;
    }
    assert_true(sum > 0.023 && sum < 0.025);
}

/* By hand, from the weights j^-1.3 / zeta(1.3). */
static void test_values(void **state)
{
    (void)state;
    const double zeta = 3.9319492118, g1 = 1 / zeta, g2 = pow(2, -1.3) / zeta,
                 g3 = pow(3, -1.3) / zeta;
    const bool both[] = { true, true }, second[] = { false, true };
    assert_true(fabs(lord_level(NULL, 0.05, 0) - 0.025 * g1) < 1e-12);
    assert_true(fabs(lord_level(both, 0.05, 1) - (0.025 * g2 + 0.025 * g1)) < 1e-12);
    assert_true(fabs(lord_level(both, 0.05, 2) - (0.025 * g3 + 0.025 * g2 + 0.05 * g1)) < 1e-12);
    assert_true(fabs(lord_level(second, 0.05, 2) - (0.025 * g3 + 0.025 * g1)) < 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bound),
        cmocka_unit_test(test_none),
        cmocka_unit_test(test_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
