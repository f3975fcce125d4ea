/* test_crossed.c - scores with seeds and items as sources of noise: components and rows against
 * SciPy, ratios, the extremes, and p, intervals and verdicts that agree. */
#include "analysis/statistics/crossed.h"

#include "tests/golden.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 400 };

static int read_list(double *x, const json_t *object, const char *key)
{
    const int n = (int)json_array_size(json_object_get(object, key));
    assert_true(n > 0 && n <= MOST);
    for (int i = 0; i < n; i++) x[i] = golden_item(object, key, (size_t)i);
    return n;
}

static void likelihood(void **state)
{
    (void)state;
    json_t *j = golden_open("crossed");
    const json_t *rows = json_object_get(j, "reml");
    int at_zero = 0;
    assert_true(json_array_size(rows) > 0);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        double d[MOST];
        crossed_items x;
        const int items = (int)golden_number(row, "items");
        read_list(d, row, "d");
        crossed_task(&x, d, NULL, false, (int)golden_number(row, "seeds"), items);
        const double wanted = golden_number(row, "item");
        golden_close(x.variance * items, wanted, 1e-5 * golden_number(row, "scale"), "item");
        at_zero += x.variance == 0;
    }
    assert_true(at_zero > 0); /* the boundary is among the cases */
    json_decref(j);
}

static void rows_of_scipy(void **state)
{
    (void)state;
    json_t *j = golden_open("crossed");
    const json_t *all = json_object_get(j, "rows"), *rows = json_object_get(all, "row");
    const int seeds = (int)golden_number(all, "seeds"), n = (int)json_array_size(rows);
    double d[2][MOST], by_seed[3 * 8] = { 0 };
    crossed_items task[2];
    crossed_row row[3] = { 0 };
    assert_int_equal(n, 3);
    for (int t = 0; t < 2; t++) {
        const int items = read_list(d[t], all, t ? "second" : "first") / seeds;
        for (int r = 0; r < n; r++)
            for (int k = 0; k < seeds * items; k++)
                by_seed[r * seeds + k / items] +=
                    golden_item(json_array_get(rows, (size_t)r), "weight", (size_t)t) * d[t][k] /
                    items;
        crossed_task(&task[t], d[t], NULL, false, seeds, items);
    }
    for (int r = 0; r < n; r++) {
        const json_t *of = json_array_get(rows, (size_t)r);
        const double weight[2] = { golden_item(of, "weight", 0), golden_item(of, "weight", 1) };
        crossed_sum(&row[r].items, task, weight, 2);
        row[r].margin = golden_number(all, "margin");
    }
    crossed_compare(row, by_seed, 0.05, true, n, seeds);
    for (int r = 0; r < n; r++) {
        const json_t *of = json_array_get(rows, (size_t)r);
        const struct {
            const char *key;
            double x;
        } CHECK[] = { { "diff", row[r].diff },
                      { "se_seeds", row[r].se_seeds },
                      { "se_items", row[r].se_items },
                      { "df", row[r].items.df },
                      { "these_hi", row[r].these_hi },
                      { "hi", row[r].hi },
                      { "inner_hi", row[r].inner_hi },
                      { "p", row[r].p_adjusted },
                      { "p_equivalent", row[r].p_equivalent } };
        for (size_t k = 0; k < sizeof CHECK / sizeof *CHECK; k++) {
            const double x = golden_number(of, CHECK[k].key);
            golden_close(CHECK[k].x, x, 2e-5 * fabs(x), CHECK[k].key);
        }
    }
    json_decref(j);
}

/* The error of a ratio of sums: that of its residuals (Cochran, Sampling Techniques, ch. 2). */
static void ratio(void **state)
{
    (void)state;
    enum { ITEMS = 50 };
    gsl_rng *g = gsl_rng_alloc(gsl_rng_mt19937);
    double weight[ITEMS], d[ITEMS], sum = 0, total = 0, squares = 0;
    for (int i = 0; i < ITEMS; i++) {
        weight[i] = 1 + (double)gsl_rng_uniform_int(g, 9);
        d[i] = 0.3 * weight[i] + gsl_ran_gaussian(g, 0.2); /* nats more of the item */
        sum += d[i], total += weight[i];
    }
    for (int i = 0; i < ITEMS; i++) {
        const double rest = d[i] - sum / total * weight[i];
        squares += rest * rest;
    }
    const double se = sqrt(squares / (ITEMS - 1) * ITEMS) / total, mean = total / ITEMS;
    for (int i = 0; i < ITEMS; i++) d[i] /= mean, weight[i] /= mean;
    crossed_items x;
    crossed_task(&x, d, weight, false, 1, ITEMS);
    golden_close(sqrt(x.variance), se, 1e-12, "error of a ratio");
    gsl_rng_free(g);
}

/* Nothing ever differs: the interval is what that many items leave open, not a point. */
static void all_right(void **state)
{
    (void)state;
    enum { SEEDS = 3, ITEMS = 40 };
    double d[SEEDS * ITEMS] = { 0 }, by_seed[SEEDS] = { 0 };
    crossed_row row = { .margin = 0.05, .larger_is_better = true };
    crossed_task(&row.items, d, NULL, true, SEEDS, ITEMS);
    crossed_compare(&row, by_seed, 0.05, true, 1, SEEDS);
    golden_close(row.hi, log(2 / 0.05) / ITEMS, 1e-12, "upper end");
    golden_close(row.inner_hi, log(1 / 0.05) / ITEMS, 1e-12, "inner upper end");
    assert_true(row.lo == -row.hi && row.these_hi == 0);
    assert_int_equal(row.verdict, CONTRAST_UNDECIDED); /* 0.075 is more than the margin */
    row.margin = 0.08;
    crossed_compare(&row, by_seed, 0.05, true, 1, SEEDS);
    assert_int_equal(row.verdict, CONTRAST_EQUIVALENT);
    golden_close(row.p_equivalent, exp(-0.08 * ITEMS), 1e-8, "p of equivalence");
    /* Losses are no such shares. */
    crossed_task(&row.items, d, NULL, false, SEEDS, ITEMS);
    crossed_compare(&row, by_seed, 0.05, true, 1, SEEDS);
    assert_true(row.hi == 0);
}

/* Differences that agree at all seeds, one seed, one item: nothing is said. */
static void too_little(void **state)
{
    (void)state;
    double d[3 * 2] = { 0.5, 0.5, 0.5, 0.5, 0.5, 0.5 }, by_seed[3] = { 0.5, 0.5, 0.5 };
    crossed_row row = { .margin = NAN };
    crossed_task(&row.items, d, NULL, false, 3, 2);
    crossed_compare(&row, by_seed, 0.05, true, 1, 3);
    assert_int_equal(row.verdict, CONTRAST_UNDECIDED);
    assert_true(row.p_adjusted == 1 && isinf(row.hi));
    crossed_compare(&row, by_seed, 0.05, true, 1, 1);
    assert_true(row.diff == 0.5 && isnan(row.lo) && isnan(row.p_adjusted));
    crossed_task(&row.items, d, NULL, false, 3, 1);
    assert_true(isnan(row.items.variance));
    crossed_compare(&row, (double[]){ 0.4, 0.5, 0.6 }, 0.05, true, 1, 3);
    assert_true(isnan(row.lo) && row.verdict == CONTRAST_UNDECIDED);
}

/* p is below alpha where the verdict is said, other items never make an interval narrower, and more
 * rows make it wider. */
static void agree(void **state)
{
    (void)state;
    enum { ROWS = 6, ITEMS = 30 };
    static const int SEEDS[] = { 2, 4, 6, 7, 14 };
    gsl_rng *g = gsl_rng_alloc(gsl_rng_mt19937);
    int said[4] = { 0 };
    for (size_t n = 0; n < sizeof SEEDS / sizeof *SEEDS; n++)
        for (int k = 0; k < 6; k++) {
            const int S = SEEDS[n];
            double by_seed[ROWS * 14] = { 0 }, d[14 * ITEMS];
            crossed_row row[ROWS] = { 0 }, one;
            for (int r = 0; r < ROWS; r++) {
                for (int i = 0; i < ITEMS; i++) {
                    const double item = gsl_ran_gaussian(g, 1) + (r % 3 - 1) * k * 0.8;
                    for (int s = 0; s < S; s++) {
                        d[s * ITEMS + i] = item + gsl_ran_gaussian(g, 0.3);
                        by_seed[r * S + s] += d[s * ITEMS + i] / ITEMS;
                    }
                }
                crossed_task(&row[r].items, d, NULL, false, S, ITEMS);
                row[r].margin = 1.5, row[r].larger_is_better = true;
            }
            one = row[0];
            crossed_compare(row, by_seed, 0.05, true, ROWS, S);
            crossed_compare(&one, by_seed, 0.05, true, 1, S);
            assert_true(one.hi <= row[0].hi && one.p_adjusted <= row[0].p_adjusted + 1e-9);
            for (int r = 0; r < ROWS; r++) {
                const crossed_row *x = &row[r];
                assert_true((x->lo > 0 || x->hi < 0) == (x->p_adjusted <= 0.05));
                assert_true((x->verdict == CONTRAST_EQUIVALENT) == (x->p_equivalent <= 0.05));
                assert_true(x->lo <= x->these_lo && x->these_hi <= x->hi);
                assert_true(x->verdict != CONTRAST_BETTER || x->lo > 0);
                said[x->verdict]++;
            }
        }
    for (int v = 0; v < 4; v++) assert_true(said[v] > 0);
    gsl_rng_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(likelihood), cmocka_unit_test(rows_of_scipy), cmocka_unit_test(ratio),
        cmocka_unit_test(all_right),  cmocka_unit_test(too_little),    cmocka_unit_test(agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
