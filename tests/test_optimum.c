/* test_optimum.c - the best learning rate, against NumPy and a brute-force inversion of the t-test,
 * and how often its interval covers the truth.
 */
#include "analysis/statistics/optimum.h"

#include "tests/golden.h"
#include "tests/unit.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>

static void test_golden(void **state)
{
    (void)state;
    json_t *golden = golden_open("optimum"), *cases = json_object_get(golden, "cases"), *c;
    size_t i;
    json_array_foreach(cases, i, c)
    {
        double x[OPTIMUM_POINTS], y[OPTIMUM_POINTS * 8];
        const json_t *xs = json_object_get(c, "x"), *ys = json_object_get(c, "y");
        const int points = (int)json_array_size(xs), n = (int)json_array_size(ys);
        const char *name = json_string_value(json_object_get(c, "name"));
        optimum o;
        for (int k = 0; k < points; k++) x[k] = json_number_value(json_array_get(xs, (size_t)k));
        for (int k = 0; k < n; k++) {
            const json_t *v = json_array_get(ys, (size_t)k);
            y[k] = json_is_null(v) ? NAN : json_number_value(v);
        }
        optimum_find(&o, x, y, json_is_true(json_object_get(c, "largest")), points, n / points);
        golden_close(o.x, golden_number(c, "optimum"), 1e-9 * o.x, name);
        golden_close(o.fitted, golden_number(c, "fitted"), 0, name);
        golden_close(o.edge, golden_number(c, "edge"), 0, name);
        if (!o.fitted) continue;
        golden_close(o.y, golden_number(c, "value"), 1e-9, name);
        if (json_is_null(json_object_get(c, "lo"))) {
            assert_true(o.lo == 0 && isinf(o.hi));
            continue;
        }
        golden_close(o.lo, golden_number(c, "lo"), 1e-6 * o.lo, name);
        golden_close(o.hi, golden_number(c, "hi"), 1e-6 * o.hi, name);
    }
    assert_true(json_array_size(cases) >= 8);
    json_decref(golden);
}

/* Where there is nothing to fit. */
static void test_without(void **state)
{
    (void)state;
    optimum o;
    const double x[] = { 1, 2, 4, 8 };
    optimum_find(&o, x, (const double[]){ NAN, NAN, NAN, NAN }, false, 4, 1);
    assert_true(isnan(o.x) && !o.fitted);
    optimum_find(&o, x, (const double[]){ 4, 3, 2, 1 }, false, 4, 1);
    assert_int_equal(o.edge, OPTIMUM_UPPER);
    assert_true(o.x == 8 && !o.fitted);
    optimum_find(&o, x, (const double[]){ 4, 3, 2, 1 }, true, 4, 1);
    assert_int_equal(o.edge, OPTIMUM_LOWER);
    optimum_find(&o, x, (const double[]){ 4, 3, 2, NAN }, false, 4, 1); /* a wall is no edge */
    assert_int_equal(o.edge, OPTIMUM_INSIDE);
    assert_true(o.x == 4 && !o.fitted);
}

/* The interval covers the truth in about 95 % of made-up studies. */
static void test_coverage(void **state)
{
    (void)state;
    enum { STUDIES = 4000, POINTS = 7, SEEDS = 2 };
    int covered = 0, fitted = 0;
    gsl_rng *g = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(g, 5);
    for (int i = 0; i < STUDIES; i++) {
        double x[POINTS], y[POINTS * SEEDS];
        const double best = 8 * exp2(gsl_rng_uniform(g) - 0.5), level = gsl_ran_ugaussian(g);
        optimum o;
        for (int j = 0; j < POINTS; j++) {
            x[j] = exp2(j);
            for (int s = 0; s < SEEDS; s++)
                y[j * SEEDS + s] =
                    0.1 * pow(log(x[j] / best), 2) + s * level + 0.01 * gsl_ran_ugaussian(g);
        }
        optimum_find(&o, x, y, false, POINTS, SEEDS);
        if (!o.fitted) continue;
        fitted++;
        covered += o.lo <= best && best <= o.hi;
    }
    gsl_rng_free(g);
    print_message("covered %d of %d\n", covered, fitted);
    assert_true(fitted > 0.99 * STUDIES);
    assert_true(covered > 0.935 * fitted && covered < 0.965 * fitted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_without),
        cmocka_unit_test(test_coverage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
