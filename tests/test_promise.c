/* test_promise.c - the line through pilots, times, the choice of a design, and promises against the
 * intervals of studies that are made up afterwards. */
#include "analysis/statistics/budget.h"
#include "analysis/statistics/verdict.h"
#include "tests/unit.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>

static const procedure_plan ONE = { { 1, (const int[]){ 1 }, 0 }, 0.05 };

static void close_to(double x, double wanted, double precision, const char *what)
{
    if (!(fabs(x - wanted) <= precision * fabs(wanted)))
        fail_msg("%s: %.9g, expected %.9g", what, x, wanted);
}

/* A single pilot is its own prediction, with its degrees of freedom.  Away from it there is the
 * prior alone. */
static void one_pilot(void **state)
{
    (void)state;
    const promise_pilot p = { 0, 1e5, 0.02, 5 };
    promise_spread s = promise_predict(&p, 0, 1e5, 1);
    close_to(s.sd, 0.02, 1e-12, "sd"), close_to(s.df, 5, 1e-12, "df");
    assert_true(s.away == 0);
    s = promise_predict(&p, 0, 4e5, 1);
    close_to(s.sd, 0.02, 1e-12, "sd, longer"), close_to(s.away, 1.5 * log(4), 1e-12, "away");
    s = promise_predict(&p, 1, 1e5, 1);
    assert_true(isnan(s.sd) && s.df == 0);
}

/* With many degrees of freedom the line is the truth between pilots; each size has its own
 * slope.  Beyond the longest pilot nothing falls or rises, and the uncertainty is the prior's. */
static void line(void **state)
{
    (void)state;
    const promise_pilot p[] = {
        { 0, 1e5, 0.04, 1e6 }, { 0, 4e5, 0.02, 1e6 }, { 1, 1e5, 0.1, 1e6 }, { 1, 4e5, 0.4, 1e6 }
    };
    close_to(promise_predict(p, 0, 2e5, 4).sd, 0.04 / sqrt(2), 1e-4, "size 0");
    close_to(promise_predict(p, 1, 2e5, 4).sd, 0.2, 1e-4, "size 1");
    close_to(promise_predict(p, 1, 16e5, 4).sd, 0.4, 1e-4, "beyond");
    close_to(promise_predict(p, 1, 16e5, 4).away, 1.5 * log(4), 1e-4, "its uncertainty");
}

static void times(void **state)
{
    (void)state;
    const budget_time t[] = {
        { 0, 100, 7 }, { 0, 300, 17 }, { 1, 100, 50 }, { 2, 10, 1 }, { 2, 20, 4 }
    };
    close_to(budget_seconds(t, 0, 1000, 5), 52, 1e-12, "a line");
    close_to(budget_seconds(t, 1, 1000, 5), 500, 1e-12, "one length");
    close_to(budget_seconds(t, 2, 100, 5), 100 * (10 + 80) / 500.0, 1e-12, "no time below 0");
    assert_true(isnan(budget_seconds(t, 3, 1000, 5)));
}

/* With each free worker taking the next run, a study takes at most what the bound says, and the
 * bound is less than one run too high. */
static void bound(void **state)
{
    (void)state;
    for (int jobs = 1; jobs <= 5; jobs++)
        for (int arms = 2; arms <= 4; arms++)
            for (int seeds = 6; seeds < 20; seeds++) {
                const budget_question q = { .arms = arms, .jobs = jobs };
                const double took = ceil((double)arms * seeds / jobs),
                             said = budget_total(&q, 1, seeds);
                assert_true(took <= said + 1e-9 && said < took + 1);
            }
}

static void choice(void **state)
{
    (void)state;
    budget_row r[4] = { { .run_seconds = 10, .seeds = 6, .promise.chance = 0.95 },
                        { .run_seconds = 20, .seeds = 6, .promise.chance = 0.85 },
                        { .run_seconds = 15, .seeds = 6, .promise.chance = 0.9 },
                        { .run_seconds = 40, .seeds = 0, .promise.chance = 0.99 } };
    assert_int_equal(budget_choose(r, 0.8, 4), 1);  /* what trains longest and is good enough */
    assert_int_equal(budget_choose(r, 0.87, 4), 2); /* the next one                           */
    assert_int_equal(budget_choose(r, 0.97, 4), 0); /* none: the best chance that fits        */
    for (int i = 0; i < 4; i++) r[i].seeds = 0;
    assert_int_equal(budget_choose(r, 0.8, 4), -1);
}

/* The fewest seeds that reach the power, and the most that fit where none do. */
static void fewest(void **state)
{
    (void)state;
    const promise_pilot p = { 0, 1e5, 0.02, 1000 };
    const budget_time t = { 0, 1e5, 10 };
    budget_question q = { 10000, 2, 2, 0.03, NAN, 0.8 };
    forecast f;
    forecast_open(&f, &ONE, true);
    budget_row r = { .tokens = 1e5 };
    budget_fit(&r, &f, &p, 1, &t, 1, &q);
    assert_true(r.seeds >= PROMISE_SEEDS && r.promise.chance >= 0.8);
    if (r.seeds > PROMISE_SEEDS)
        assert_true(promise_make(&f, r.spread, 0.03, NAN, r.seeds - 1).chance < 0.8);
    assert_true(r.seconds <= q.seconds);
    q.effect = 0.001;
    budget_fit(&r, &f, &p, 1, &t, 1, &q);
    assert_int_equal(r.seeds, PROMISE_MOST);
    q.seconds = 100;
    budget_fit(&r, &f, &p, 1, &t, 1, &q);
    assert_int_equal(r.seeds, 9); /* 9 seeds: 10 (9 2 / 2 + 1/2) = 95 */
    q.seconds = 60;
    budget_fit(&r, &f, &p, 1, &t, 1, &q);
    assert_int_equal(r.seeds, 0);
    forecast_close(&f);
}

/* --- promises against outcomes ------------------------------------------------------------------
 */

/* A standard deviation as so many degrees of freedom estimate it. */
static double estimate(double sd, double df, gsl_rng *g)
{
    return sd * sqrt(gsl_ran_chisq(g, df) / df);
}

/* Half the width of the interval of a study with n seeds. */
static double outcome(double sd, int n, gsl_rng *g)
{
    double y[2 * 32] = { 0 };
    for (int s = 0; s < n; s++) y[n + s] = gsl_ran_gaussian(g, sd);
    const contrast_pair pair = { 1, 0 };
    const contrast_study asked = { 2, n, y, 1, &pair, 0.05, NAN, false };
    contrast_result r;
    verdict_compute(&r, &asked);
    const double half = (r.row[0].hi - r.row[0].lo) / 2;
    contrast_close(&r);
    return half;
}

/* Pilots of two lengths at two sizes, then a study `times` as long as the longer one.  The range of
 * 80 % must hold the outcome about as often, and the middle must not be off: slopes as the prior
 * has them, or one that is given. */
static void kept(void **state)
{
    (void)state;
    enum { STUDIES = 400 };
    static const struct {
        double slope, times, df; /* slope NaN: drawn */
        int seeds;
    } CASE[] = { { NAN, 1, 5, 6 },      { NAN, 4, 5, 8 },  { -0.5, 1, 5, 6 },
                 { -0.5, 0.5, 10, 12 }, { 0.5, 1, 10, 8 }, { 0, 1, 22, 12 } };
    gsl_rng *g = gsl_rng_alloc(gsl_rng_mt19937);
    forecast f;
    forecast_open(&f, &ONE, true);
    for (size_t i = 0; i < sizeof CASE / sizeof *CASE; i++) {
        double *ratio = calloc(STUDIES, sizeof *ratio);
        int inside = 0;
        assert_non_null(ratio);
        for (int k = 0; k < STUDIES; k++) {
            const double slope =
                isnan(CASE[i].slope) ? gsl_ran_gaussian(g, PROMISE_SLOPE) : CASE[i].slope;
            promise_pilot p[4];
            for (int j = 0; j < 4; j++) {
                const double tokens = j % 2 ? 4e5 : 1e5, true_sd = 0.02 * pow(tokens / 4e5, slope);
                p[j] =
                    (promise_pilot){ j / 2, tokens, estimate(true_sd, CASE[i].df, g), CASE[i].df };
            }
            const promise_spread s = promise_predict(p, 1, 4e5 * CASE[i].times, 4);
            const promise said = promise_make(&f, s, 0.02, NAN, CASE[i].seeds);
            const double came = outcome(0.02 * pow(CASE[i].times, slope), CASE[i].seeds, g);
            inside += said.lo <= came && came <= said.hi;
            ratio[k] = said.half / came;
        }
        gsl_sort(ratio, 1, STUDIES);
        const double middle = gsl_stats_median_from_sorted_data(ratio, 1, STUDIES);
        const double share = (double)inside / STUDIES;
        if (share < 0.73 || share > 0.93) fail_msg("case %zu: %.0f %% inside", i, 100 * share);
        if (middle < 0.8 || middle > 1.25) fail_msg("case %zu: promised / came = %.2f", i, middle);
        free(ratio);
    }
    forecast_close(&f);
    gsl_rng_free(g);
}

/* Chances are kept, too: with a spread that is known, promised power is the share of studies that
 * find the difference. */
static void chances(void **state)
{
    (void)state;
    enum { STUDIES = 2000, SEEDS = 8 };
    gsl_rng *g = gsl_rng_alloc(gsl_rng_mt19937);
    forecast f;
    forecast_open(&f, &ONE, true);
    const promise said = promise_make(&f, (promise_spread){ 0.02, 1e6, 0 }, 0.02, 0.02, SEEDS);
    int found = 0;
    for (int k = 0; k < STUDIES; k++) {
        double y[2 * SEEDS] = { 0 };
        for (int s = 0; s < SEEDS; s++) y[SEEDS + s] = 0.02 + gsl_ran_gaussian(g, 0.02);
        const contrast_pair pair = { 1, 0 };
        const contrast_study asked = { 2, SEEDS, y, 1, &pair, 0.05, NAN, false };
        contrast_result r;
        verdict_compute(&r, &asked);
        found += r.row[0].verdict == CONTRAST_WORSE;
        contrast_close(&r);
    }
    if (fabs((double)found / STUDIES - said.difference) > 0.04)
        fail_msg("promised %.3f, found %.3f", said.difference, (double)found / STUDIES);
    assert_true(said.chance <= said.difference && said.chance <= said.equivalence);
    forecast_close(&f);
    gsl_rng_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_pilot), cmocka_unit_test(line),    cmocka_unit_test(times),
        cmocka_unit_test(bound),     cmocka_unit_test(choice),  cmocka_unit_test(fewest),
        cmocka_unit_test(kept),      cmocka_unit_test(chances),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
