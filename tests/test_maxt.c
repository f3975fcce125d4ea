/* test_maxt.c - the largest |t| and powers, against SciPy's integrals and statsmodels. */
#include "analysis/statistics/maxt.h"
#include "analysis/statistics/student.h"
#include "tests/golden.h"

#include <gsl/gsl_math.h>

static int sizes_of(int *size, const json_t *row)
{
    const json_t *list = json_object_get(row, "sizes");
    for (size_t i = 0; i < json_array_size(list); i++)
        size[i] = (int)json_integer_value(json_array_get(list, i));
    return (int)json_array_size(list);
}

static void check_tails(const char *name, double slack,
                        double (*tail_of)(const maxt_family *, double, double))
{
    json_t *g = golden_open("statistics");
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(g, name), i, row)
    {
        int size[8];
        const maxt_family f = { sizes_of(size, row), size, 0 };
        const double c = golden_number(row, "c"), df = golden_number(row, "df"),
                     tail = golden_number(row, "tail");
        golden_close(tail_of(&f, c, df), tail, slack, name);
    }
    assert_true(i > 0);
    json_decref(g);
}

static void tails(void **state)
{
    (void)state;
    check_tails("dunnett", 1e-7, maxt_tail);
    check_tails("dunnett_of_scipy", 1e-3, maxt_tail);
    check_tails("dunnett_side", 1e-7, maxt_tail_side);
}

static void cliques(void **state)
{
    (void)state;
    json_t *g = golden_open("statistics");
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(g, "tukey"), i, row)
    {
        const maxt_family f = { .clique = (int)golden_number(row, "arms") };
        golden_close(maxt_tail(&f, golden_number(row, "c"), golden_number(row, "df")),
                     golden_number(row, "tail"), 1e-7, "tukey");
    }
    assert_true(i > 0);
    json_decref(g);
}

/* The critical value is where the tail is alpha, and the printed tables agree: Dunnett, Biometrics
 * 20 (1964), two-sided 5 %: 3 contrasts, 10 degrees of freedom: 2.76 in the corrected tables. */
static void criticals(void **state)
{
    (void)state;
    const int one[] = { 1 }, three[] = { 3 }, mixed[] = { 2, 1, 4 };
    const maxt_family family[] = {
        { 1, one, 0 }, { 1, three, 0 }, { 3, mixed, 0 }, { .clique = 2 }, { .clique = 5 }
    };
    for (size_t i = 0; i < 5; i++)
        for (int df = 2; df < 40; df += 9)
            for (double alpha = 0.01; alpha < 0.1; alpha *= 3) {
                const double c = maxt_critical(&family[i], alpha, df);
                golden_close(maxt_tail(&family[i], c, df), alpha, 1e-8, "critical");
                const double side = maxt_critical_side(&family[i], alpha, df);
                golden_close(maxt_tail_side(&family[i], side, df), alpha, 1e-8, "of one side");
                /* No less than with half of the other side's. */
                assert_true(side <= c * (1 + 1e-8));
                assert_true(side >= maxt_critical(&family[i], 2 * alpha, df) - 1e-7);
            }
    golden_close(maxt_critical(&family[1], 0.05, 10), 2.76, 0.02, "table");
    golden_close(maxt_critical(&family[0], 0.05, INFINITY), 1.959964, 1e-6, "normal");
    golden_close(maxt_critical(&family[1], 0.05, INFINITY), maxt_critical(&family[1], 0.05, 1e6),
                 1e-5, "many degrees of freedom");
}

static void powers(void **state)
{
    (void)state;
    json_t *g = golden_open("statistics");
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(g, "power"), i, row)
    {
        const double n = golden_number(row, "n"),
                     c = student_critical(0.025 / golden_number(row, "m"), n - 1);
        golden_close(maxt_power_difference(golden_number(row, "effect"), 1 / sqrt(n), n - 1, c),
                     golden_number(row, "power"), 1e-6, "power");
    }
    assert_true(i > 0);
    json_array_foreach(json_object_get(g, "equivalence_power"), i, row)
        golden_close(maxt_power_equivalence(golden_number(row, "effect"),
                                            golden_number(row, "margin"), golden_number(row, "se"),
                                            golden_number(row, "df"), golden_number(row, "c")),
                     golden_number(row, "power"), 1e-6, "equivalence");
    assert_true(i > 0);
    json_decref(g);
}

/* Student's tail and its inverse agree over all that can be asked, where closed forms are known:
 * df 1: arctan(1 / t) / pi; df 2: (1 - t / sqrt(2 + t^2)) / 2. */
static void student(void **state)
{
    (void)state;
    for (double alpha = 1e-140; alpha < 0.5; alpha *= alpha < 1e-20 ? 1e10 : 3) {
        const double one = 1 / tan(M_PI * alpha);
        golden_close(student_critical(alpha, 1) / one, 1, 1e-12, "one degree of freedom");
        const double two = (1 - 2 * alpha) / sqrt(2 * alpha * (1 - alpha));
        golden_close(student_critical(alpha, 2) / two, 1, 1e-9, "two");
        for (double df = 1.3; df < 1e7; df *= 2.7) {
            const double t = student_critical(alpha, df);
            if (alpha > 1e-12) golden_close(student_above(t, df) / alpha, 1, 1e-8, "inverse");
            assert_true(t > 0);
        }
    }
    assert_true(student_critical(0.5, 3) == 0 && isinf(student_critical(0, 3)));
    assert_true(isnan(student_critical(0.05, 0)) && isnan(student_critical(NAN, 3)));
    golden_close(student_critical(0.025, INFINITY), 1.959963984540054, 1e-12, "normal");
    assert_true(student_above(INFINITY, 2) == 0 && student_above(-INFINITY, 2) == 1);
    const int nine[] = { 9 };
    const maxt_family f = { 1, nine, 0 };
    for (double alpha = 1e-300; alpha <= 0.5; alpha = alpha < 1e-9 ? alpha * 1e10 : alpha * 1.9)
        for (int df = 1; df < 1000; df *= 7)
            assert_true(maxt_critical(&f, alpha, df) > 0 && maxt_critical_side(&f, alpha, df) >= 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tails),  cmocka_unit_test(cliques), cmocka_unit_test(criticals),
        cmocka_unit_test(powers), cmocka_unit_test(student),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
