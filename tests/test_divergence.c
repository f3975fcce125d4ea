/* test_divergence.c - Fisher's exact test, against SciPy's. */
#include "analysis/statistics/divergence.h"
#include "tests/golden.h"

static void as_scipy(void **state)
{
    (void)state;
    json_t *g = golden_open("divergence");
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(g, "fisher"), i, row)
    {
        int x[4];
        for (size_t k = 0; k < 4; k++) x[k] = (int)golden_item(row, "case", k);
        golden_close(divergence_p(x[0], x[1], x[2], x[3]), golden_number(row, "p"), 1e-9, "p");
        golden_close(divergence_p(x[2], x[3], x[0], x[1]), golden_number(row, "p"), 1e-9, "turned");
    }
    json_decref(g);
}

static void nothing_seen(void **state)
{
    (void)state;
    assert_true(divergence_p(0, 0, 3, 3) == 1);
    assert_true(divergence_p(0, 5, 0, 5) == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(as_scipy),
                                        cmocka_unit_test(nothing_seen) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
