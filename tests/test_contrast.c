/* test_contrast.c - every procedure against SciPy's numbers, and properties that all of them have.
 */
#include "analysis/statistics/contrast.h"
#include "analysis/statistics/forecast.h"
#include "analysis/statistics/power.h"
#include "analysis/statistics/procedure.h"
#include "analysis/statistics/verdict.h"
#include "tests/golden.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <stdlib.h>

static int fill(double *y, const json_t *list)
{
    size_t i;
    json_t *x;
    json_array_foreach(list, i, x) y[i] = json_number_value(x);
    return (int)json_array_size(list);
}

/* An arm against its base; y has the values of the base, then those of the arm. */
static contrast_study one_pair(const double *y, int seeds, double margin)
{
    static const contrast_pair PAIR = { 1, 0 };
    return (contrast_study){ .arms = 2,
                             .seeds = seeds,
                             .y = y,
                             .pairs = 1,
                             .pair = &PAIR,
                             .alpha = 0.05,
                             .margin = margin };
}

static void two_arms(void **state)
{
    (void)state;
    json_t *g = golden_open("statistics");
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(g, "paired"), i, row)
    {
        double y[32];
        const int n = fill(y, json_object_get(row, "base"));
        fill(y + n, json_object_get(row, "arm"));
        const contrast_study s = one_pair(y, n, golden_number(row, "margin"));
        contrast_result r;
        verdict_compute(&r, &s);
        assert_string_equal(r.procedure->name, n < 6 ? "paired t" : "sign-flips");
        golden_close(r.row->p, golden_number(row, "p"), 1e-9, "p");
        golden_close(r.row->p_adjusted, golden_number(row, "p"), 1e-9, "p of a family of one");
        golden_close(r.row->p_equivalent, golden_number(row, "p_equivalent"), 1e-9, "equivalent");
        golden_close(r.row->lo, golden_number(row, "lo"), 1e-9, "lo");
        golden_close(r.row->hi, golden_number(row, "hi"), 1e-9, "hi");
        golden_close(r.row->correlation, golden_number(row, "correlation"), 1e-9, "correlation");
        contrast_close(&r);
    }
    assert_true(i > 0);
    json_decref(g);
}

static contrast_study read_arms(double *y, contrast_pair *pair, const json_t *object)
{
    const json_t *rows = json_object_get(object, "y");
    contrast_study s = { .arms = (int)json_array_size(rows), .y = y, .pair = pair, .alpha = 0.05 };
    for (int a = 0; a < s.arms; a++) {
        s.seeds = fill(y, json_array_get(rows, (size_t)a));
        y += s.seeds;
        if (a) pair[s.pairs++] = (contrast_pair){ a, 0 };
    }
    return s;
}

/* Below 6 seeds each contrast has its own error, whatever the spreads of the others. */
static void few_seeds(void **state)
{
    (void)state;
    json_t *g = golden_open("statistics");
    const json_t *b = json_object_get(g, "few_seeds");
    double y[64];
    contrast_pair pair[8];
    contrast_study s = read_arms(y, pair, b);
    s.margin = golden_number(b, "margin");
    contrast_result r;
    verdict_compute(&r, &s);
    assert_string_equal(r.procedure->name, "paired t");
    for (size_t i = 0; i < (size_t)s.pairs; i++) {
        const contrast *c = &r.row[i];
        golden_close(c->df, 2, 0, "df");
        golden_close(c->se, golden_item(b, "se", i), 1e-12, "se");
        golden_close(c->p, golden_item(b, "p", i), 1e-10, "p");
        golden_close(c->p_adjusted, golden_item(b, "p_adjusted", i), 1e-10, "p_adjusted");
        golden_close(c->p_equivalent, golden_item(b, "p_equivalent", i), 1e-10, "p_equivalent");
        golden_close(c->lo, golden_item(b, "lo", i), 1e-9, "lo");
        golden_close(c->hi, golden_item(b, "hi", i), 1e-9, "hi");
        golden_close(c->inner_lo, golden_item(b, "inner_lo", i), 1e-9, "inner_lo");
        golden_close(c->inner_hi, golden_item(b, "inner_hi", i), 1e-9, "inner_hi");
    }
    contrast_close(&r);
    json_decref(g);
}

/* Differences that agree exactly have no error to estimate: few seeds then decide nothing. */
static void no_error(void **state)
{
    (void)state;
    for (int seeds = 2; seeds <= 5; seeds++) {
        double y[10];
        for (int i = 0; i < seeds; i++) y[i] = 3 + 0.125 * i, y[seeds + i] = y[i] + 0.25;
        const contrast_study s = one_pair(y, seeds, 0.5);
        contrast_result r;
        verdict_compute(&r, &s);
        assert_int_equal(r.row->verdict, CONTRAST_UNDECIDED);
        assert_true(isinf(r.row->lo) && isinf(r.row->hi) && r.row->p_adjusted == 1);
        contrast_close(&r);
    }
}

/* No alpha, margin or value aborts, and p and verdicts stay what they are. */
static void extremes(void **state)
{
    (void)state;
    static const double ALPHA[] = { 1e-300, 1e-12, 1e-9, 1e-5, 0.05, 0.5 },
                        MARGIN[] = { 0, 1e-300, 0.02, 1e6, 1e300 },
                        SCALE[] = { 0, 1e-300, 1, 1e150, 1e300 };
    gsl_rng *g = gsl_rng_alloc(gsl_rng_mt19937);
    for (int round = 0; round < 6 * 5 * 5 * 2; round++) {
        enum { ARMS = 4, SEEDS = 7 };
        const int seeds = round < 150 ? 1 + round % 4 : 4 + round % 4;
        const int arms = 1 + round % ARMS;
        double y[ARMS * SEEDS];
        for (int i = 0; i < arms * seeds; i++) y[i] = SCALE[round % 5] * (1 + gsl_ran_ugaussian(g));
        contrast_pair pair[ARMS];
        for (int a = 1; a < arms; a++) pair[a - 1] = (contrast_pair){ a, 0 };
        const contrast_study s = { .arms = arms,
                                   .seeds = seeds,
                                   .y = y,
                                   .pairs = arms - 1,
                                   .pair = pair,
                                   .alpha = ALPHA[round / 25 % 6],
                                   .margin = MARGIN[round / 5 % 5] };
        contrast_result r;
        power p[ARMS];
        verdict_compute(&r, &s);
        power_compute(p, &r, &s);
        for (int i = 0; i < s.pairs; i++) {
            const contrast *c = &r.row[i];
            assert_false(c->p_adjusted < 0 || c->p_adjusted > 1 || c->p_adjusted < c->p);
            if (c->verdict == CONTRAST_EQUIVALENT) assert_true(fabs(c->diff) < s.margin);
            assert_true(p[i].needed >= 0 && p[i].needed <= FORECAST_SEEDS_MAX);
        }
        contrast_close(&r);
    }
    gsl_rng_free(g);
}

/* The p value of any null value, from the equivalence test with its margin there. */
static void flips(void **state)
{
    (void)state;
    json_t *g = golden_open("statistics");
    size_t i;
    json_t *object;
    json_array_foreach(json_object_get(g, "flips"), i, object)
    {
        double y[64];
        contrast_pair pair[8];
        contrast_study s = read_arms(y, pair, object);
        s.margin = golden_item(object, "probe", 2);
        contrast_result r;
        verdict_compute(&r, &s);
        assert_string_equal(r.procedure->name, "sign-flips");
        for (size_t c = 0; c < (size_t)s.pairs; c++) {
            golden_close(r.row[c].p_adjusted, golden_item(object, "p_adjusted", c), 1e-12, "flips");
            assert_true(r.row[c].p_adjusted >= golden_item(object, "p_at_least", c) - 1e-12);
            const json_t *side = json_array_get(json_object_get(object, "p_side"), c);
            const double low = json_number_value(json_array_get(side, 0)),
                         high = json_number_value(json_array_get(side, 2));
            golden_close(r.row[c].p_equivalent,
                         fabs(r.row[c].diff) < s.margin ? fmax(low, high) : 1, 1e-12,
                         "flips about a margin");
        }
        contrast_close(&r);
    }
    assert_true(i > 0);
    json_decref(g);
}

static void unpaired(void **state)
{
    (void)state;
    json_t *g = golden_open("statistics");
    const json_t *w = json_object_get(g, "welch");
    double y[18];
    for (int i = 0; i < 18; i++) y[i] = NAN;
    fill(y, json_object_get(w, "base"));        /* seeds 1 to 4 */
    fill(y + 9 + 4, json_object_get(w, "arm")); /* seeds 5 to 9 */
    const contrast_study s = one_pair(y, 9, NAN);
    contrast_result r;
    verdict_compute(&r, &s);
    assert_string_equal(r.procedure->name, "Welch");
    golden_close(r.row->p, golden_number(w, "p"), 1e-9, "p");
    golden_close(r.row->df, golden_number(w, "df"), 1e-9, "df");
    golden_close(r.row->lo, golden_number(w, "lo"), 1e-9, "lo");
    golden_close(r.row->hi, golden_number(w, "hi"), 1e-9, "hi");
    assert_true(isnan(r.row->p_equivalent));
    contrast_close(&r);
    json_decref(g);
}

/* Interval, p and verdict agree, for every procedure and all data. */
static void consistent(void **state)
{
    (void)state;
    gsl_rng *g = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(g, 1);
    for (int round = 0; round < 400; round++) {
        const int arms = 2 + (int)gsl_rng_uniform_int(g, 5), seeds = 2 + round % 8;
        double y[6 * 9];
        for (int a = 0; a < arms; a++)
            for (int i = 0; i < seeds; i++)
                y[a * seeds + i] = 3 + 0.01 * i + gsl_ran_gaussian(g, 0.01) + 0.005 * (a & round);
        contrast_pair pair[5];
        for (int a = 1; a < arms; a++) pair[a - 1] = (contrast_pair){ a, 0 };
        const contrast_study s = { .arms = arms,
                                   .seeds = seeds,
                                   .y = y,
                                   .pairs = arms - 1,
                                   .pair = pair,
                                   .alpha = 0.05,
                                   .margin = 0.02,
                                   .larger_is_better = round & 1 };
        contrast_result r;
        verdict_compute(&r, &s);
        for (int i = 0; i < s.pairs; i++) {
            const contrast *c = &r.row[i];
            assert_true(c->lo <= c->inner_lo && c->inner_lo <= c->diff);
            assert_true(c->diff <= c->inner_hi && c->inner_hi <= c->hi);
            assert_true(c->p <= c->p_adjusted);
            assert_int_equal(c->p_adjusted <= 0.05, c->lo > 0 || c->hi < 0);
            assert_int_equal(c->p_equivalent <= 0.05, c->verdict == CONTRAST_EQUIVALENT);
            if (c->verdict == CONTRAST_BETTER)
                assert_true(s.larger_is_better ? c->lo > 0 : c->hi < 0);
            if (c->verdict == CONTRAST_WORSE)
                assert_true(s.larger_is_better ? c->hi < 0 : c->lo > 0);
            if (c->verdict == CONTRAST_UNDECIDED) assert_true(c->lo <= 0 && c->hi >= 0);
        }
        contrast_close(&r);
    }
    gsl_rng_free(g);
}

/* Runs that agree bit for bit have a difference of exactly 0. */
static void identical(void **state)
{
    (void)state;
    for (int seeds = 3; seeds <= 7; seeds += 4) {
        double y[14];
        for (int i = 0; i < 2 * seeds; i++) y[i] = 3 + 0.1 * (i % seeds);
        const contrast_study s = one_pair(y, seeds, 0.01);
        contrast_result r;
        verdict_compute(&r, &s);
        assert_true(r.row->diff == 0 && r.row->lo == 0 && r.row->hi == 0 && r.row->p == 1);
        assert_int_equal(r.row->verdict, CONTRAST_EQUIVALENT);
        contrast_close(&r);
    }
}

static void one_seed(void **state)
{
    (void)state;
    const double y[] = { 3.0, 3.1 };
    const contrast_study s = one_pair(y, 1, 0.5);
    contrast_result r;
    verdict_compute(&r, &s);
    assert_string_equal(r.procedure->name, "differences");
    golden_close(r.row->diff, 0.1, 1e-12, "difference");
    assert_true(isnan(r.row->lo) && isnan(r.row->p) && r.row->n == 1);
    assert_int_equal(r.row->verdict, CONTRAST_UNDECIDED);
    power p;
    power_compute(&p, &r, &s);
    assert_true(isnan(p.mde) && p.needed == 0);
    contrast_close(&r);
}

/* Seeds that one arm lacks are left out for all; an arm that hardly ever finished is left out
 * itself; an arm that never did leaves the rest alone. */
static void missing(void **state)
{
    (void)state;
    const double x = NAN;
    const double y[] = { 3.0, 3.1, 3.2, 3.3, 3.15, /* base */
                         3.1, 3.2, x,   3.4, 3.26, /* lacks one */
                         3.1, x,   x,   x,   x,    /* hardly ever finished */
                         x,   x,   x,   x,   x };
    const contrast_pair pair[] = { { 1, 0 }, { 2, 0 }, { 3, 0 } };
    const contrast_study s = {
        .arms = 4, .seeds = 5, .y = y, .pairs = 3, .pair = pair, .alpha = 0.05, .margin = NAN
    };
    contrast_result r;
    verdict_compute(&r, &s);
    assert_int_equal(r.shared_seeds, 4);
    assert_false(r.used[2]);
    assert_false(r.left_out[1]);
    assert_true(r.left_out[2] && r.left_out[3]);
    assert_int_equal(r.row[0].n, 4);
    golden_close(r.row[0].df, 3, 0, "df of four seeds");
    golden_close(r.row[0].base_mean, (3.0 + 3.1 + 3.3 + 3.15) / 4, 1e-12, "mean of shared seeds");
    assert_int_equal(r.row[1].n, 0);
    assert_true(isnan(r.row[1].diff) && isnan(r.row[2].diff));
    contrast_close(&r);
}

/* At the mde power is 80 %; `needed` is the first number of seeds that reaches it. */
static void plans(void **state)
{
    (void)state;
    const double y[] = { 3.00, 3.10, 3.20, 3.05, 3.01, 3.12, 3.195, 3.06 };
    const contrast_study s = one_pair(y, 4, NAN);
    contrast_result r;
    verdict_compute(&r, &s);
    assert_int_equal(r.row->verdict, CONTRAST_UNDECIDED);
    power p;
    power_compute(&p, &r, &s);
    const int one[] = { 1 };
    const maxt_family f = { 1, one, 0 };
    const double c = maxt_critical(&f, 0.05, 3);
    golden_close(maxt_power_difference(p.mde, r.row->se, 3, c), 0.8, 1e-6, "power at the mde");
    assert_true(p.needed > 4 && p.needed < 40);
    assert_int_equal(p.towards, CONTRAST_WORSE);
    contrast_close(&r);
}

/* The table of procedures: each is complete, and for every case one applies. */
static void table(void **state)
{
    (void)state;
    for (int i = 0; procedures[i]; i++) {
        const procedure *p = procedures[i];
        assert_true(*p->name && p->assumes && p->describe && p->compute);
        assert_true(p->applies && p->forecast);
        assert_int_equal(p->paired && !p->staged, p->combine != NULL);
        assert_false(p->paired && p->independent);
        for (int k = 0; k < i; k++) assert_string_not_equal(p->name, procedures[k]->name);
    }
    static const struct {
        int seeds;
        bool repeated;
        double alpha;
        const char *name;
    } CASE[] = {
        { 6, true, 0.05, "sign-flips" },   { 6, true, 0.01, "paired t" },
        { 8, true, 0.01, "sign-flips" },   { 5, true, 0.05, "paired t" },
        { 2, true, 0.05, "paired t" },     { 1, true, 0.05, "Welch" },
        { 0, true, 0.05, "Welch" },        { 1, false, 0.05, "differences" },
        { 0, false, 0.05, "differences" },
    };
    for (size_t i = 0; i < sizeof CASE / sizeof *CASE; i++) {
        procedure_case k = { .seeds = CASE[i].seeds,
                             .repeated = CASE[i].repeated,
                             .alpha = CASE[i].alpha };
        assert_string_equal(procedure_choose(&k)->name, CASE[i].name);
        k.planned = true; /* whatever the seeds */
        assert_string_equal(procedure_choose(&k)->name, "group-sequential t");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_arms), cmocka_unit_test(few_seeds),  cmocka_unit_test(flips),
        cmocka_unit_test(unpaired), cmocka_unit_test(consistent), cmocka_unit_test(identical),
        cmocka_unit_test(one_seed), cmocka_unit_test(missing),    cmocka_unit_test(plans),
        cmocka_unit_test(table),    cmocka_unit_test(no_error),   cmocka_unit_test(extremes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
