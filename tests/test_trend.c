/* test_trend.c - lines along a ladder of sizes and their predictions, against SciPy. */
#include "analysis/statistics/trend.h"

#include "tests/golden.h"
#include "tests/unit.h"

#include <math.h>

static void numbers(double *out, const json_t *list)
{
    size_t i;
    const json_t *x;
    json_array_foreach(list, i, x) out[i] = json_number_value(x);
}

/* A number that the case has, or NaN. */
static void same(double x, const json_t *c, const char *what, const char *name)
{
    if (json_object_get(c, what))
        golden_close(x, golden_number(c, what), 1e-10, name);
    else
        assert_true(isnan(x));
}

static void test_golden(void **state)
{
    (void)state;
    json_t *golden = golden_open("trend"), *cases = json_object_get(golden, "cases"), *c;
    size_t i;
    json_array_foreach(cases, i, c)
    {
        double u[8], d[64];
        trend t;
        const char *name = json_string_value(json_object_get(c, "name"));
        const double alpha = golden_number(c, "alpha");
        const int seeds = (int)golden_number(c, "seeds");
        numbers(u, json_object_get(c, "u")), numbers(d, json_object_get(c, "d"));
        trend_fit(&t, u, d, (int)golden_number(c, "levels"), seeds);
        const trend_point p = trend_predict(&t, golden_number(c, "at"), alpha);
        double slope = 0;
        for (int s = 0; s < seeds; s++) slope += trend_slope(&t, s) / seeds;
        same(t.slope, c, "slope", name), same(slope, c, "slope", name);
        same(p.value, c, "value", name);
        same(p.by_seeds, c, "by_seeds", name), same(p.by_sizes, c, "by_sizes", name);
        same(trend_backtest(&t, alpha).value, c, "backtest", name);
        if (isnan(p.by_sizes)) { /* two sizes: no interval, whatever the seeds say */
            assert_true(isnan(p.lo) && isnan(p.hi));
            continue;
        }
        const double half = isnan(p.by_seeds) ? p.by_sizes : fmax(p.by_sizes, p.by_seeds);
        golden_close(p.hi - p.value, half, 1e-12, name);
        golden_close(p.value - p.lo, half, 1e-12, name);
    }
    assert_int_equal(json_array_size(cases), 6);
    json_decref(golden);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_golden) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
