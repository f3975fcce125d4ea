/* test_frontier.c - arms are dominated by verdict, and not by luck. */
#include "analysis/frontier.h"

#include "tests/fixture.h"

#include <math.h>

/* mqa costs an eighth of mha: what its losses make of the two.  Their means differ in all cases. */
static void check(const double *mqa, frontier_place of_mha, frontier_place of_mqa)
{
    static const double MHA[] = { 3.000, 3.010, 2.995, 3.005, 3.002, 2.991 };
    const fixture_arm arm[] = { { "mha", "mha", 8, 512, -1, MHA, NULL },
                                { "mqa", "mqa", 1, 512, 0, mqa, NULL } };
    fixture fix;
    error e;
    study s;
    comparison c;
    frontier f;
    fixture_open(&fix);
    fixture_study(&fix, "heads", arm, 2, 6, 0.02);
    assert_true(study_open(&s, &fix.d, "heads", NULL, -1, &e));
    assert_true(comparison_open(&c, &s, &fix.d, true, &e));
    assert_true(frontier_open(&f, &c, &fix.d, &e));
    assert_int_equal(f.arm[0].place[FRONTIER_KV], of_mha);
    assert_int_equal(f.arm[1].place[FRONTIER_KV], of_mqa);
    if (of_mha == FRONTIER_DOMINATED) assert_int_equal(f.arm[0].by[FRONTIER_KV], 1);
    /* Parameters are equal: equivalence dominates nobody there. */
    assert_int_equal(f.arm[0].place[FRONTIER_PARAMS] == FRONTIER_DOMINATED,
                     of_mha == FRONTIER_DOMINATED && f.arm[0].mean > f.arm[1].mean + 0.02);
    assert_true(f.arm[0].cost[FRONTIER_FLOPS] > 0);
    char text[64];
    frontier_describe(text, sizeof text, &f, 1, FRONTIER_KV);
    assert_string_equal(text, "frontier");
    frontier_close(&f);
    comparison_close(&c);
    study_free(&s);
    fixture_close(&fix);
}

static void test_places(void **state)
{
    (void)state;
    static const double BETTER[] = { 2.900, 2.912, 2.893, 2.905, 2.904, 2.889 };
    static const double SAME[] = { 3.001, 3.012, 2.994, 3.006, 3.001, 2.993 };
    static const double WORSE[] = { 3.100, 3.112, 3.093, 3.105, 3.104, 3.089 };
    static const double WILD[] = { 3.200, 2.812, 3.093, 2.905, 3.004, 3.039 };
    check(BETTER, FRONTIER_DOMINATED, FRONTIER_BEST);
    check(SAME, FRONTIER_DOMINATED, FRONTIER_BEST);
    check(WORSE, FRONTIER_BEST, FRONTIER_BEST);
    check(WILD, FRONTIER_OPEN, FRONTIER_BEST);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_places) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
