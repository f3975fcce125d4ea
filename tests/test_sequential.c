/* test_sequential.c - looks that were planned: the error is spent as stated (by simulation of the
 * sums themselves), intervals, p and verdicts agree, and nothing but the plan and the runs that
 * have ended decides. */
#include "analysis/statistics/procedure.h"
#include "analysis/statistics/sequential.h"
#include "analysis/statistics/student.h"
#include "analysis/statistics/verdict.h"

#include "tests/unit.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <string.h>

enum { MOST = 24 };

static void test_looks(void **state)
{
    (void)state;
    int n[SPENDING_LOOKS];
    assert_int_equal(sequential_looks(n, 6, 3, 24), 7);
    assert_true(n[0] == 6 && n[1] == 9 && n[6] == 24);
    assert_int_equal(sequential_looks(n, 6, 4, 13), 3); /* the last step is shorter */
    assert_true(n[0] == 6 && n[1] == 10 && n[2] == 13);
    assert_int_equal(sequential_looks(n, 8, 1, 8), 1);
    assert_true(n[0] == 8);
    assert_int_equal(sequential_looks(n, 3, 1, 100), 98);
}

/* One look is Student's t; a look without new values takes nothing and leaves its share. */
static void test_closed(void **state)
{
    (void)state;
    const int one[] = { 9 }, same[] = { 1, 6, 6, 6 };
    const double all[] = { 0.05 }, parts[] = { 0.01, 0.02, 0.03, 0.05 };
    double c[4];
    spending_bounds(c, one, all, true, 1);
    assert_true(fabs(c[0] - student_critical(0.025, 8)) < 1e-9);
    spending_bounds(c, one, all, false, 1);
    assert_true(fabs(c[0] - student_critical(0.05, 8)) < 1e-9);
    spending_bounds(c, same, parts, true, 4);
    assert_true(isinf(c[0]) && isinf(c[2]) && isinf(c[3]));
    assert_true(fabs(c[1] - student_critical(0.01, 5)) < 1e-9);
}

/* Paths of sums and squares of normal values: how many have crossed by each look. */
static void crossings(int *count, const double *c, const int *n, bool two_sided, int looks,
                      int paths, gsl_rng *g)
{
    memset(count, 0, (size_t)looks * sizeof *count);
    for (int i = 0; i < paths; i++) {
        double sum = 0, square = 0;
        int values = 0, k = 0;
        for (; k < looks; k++) {
            for (; values < n[k]; values++) {
                const double x = gsl_ran_gaussian_ziggurat(g, 3);
                sum += x, square += x * x;
            }
            const double mean = sum / values,
                         t = mean / sqrt((square - sum * mean) / (values - 1) / values);
            if ((two_sided ? fabs(t) : t) >= c[k]) break;
        }
        for (; k < looks; k++) count[k]++;
    }
}

static void test_spent(void **state)
{
    (void)state;
    enum { PATHS = 100000, LOOKS = 7 };
    static const int N[][LOOKS] = { { 6, 9, 12, 15, 18, 21, 24 },
                                    { 3, 4, 5, 6, 8, 11, 12 },
                                    { 2, 3, 7, 8, 20, 21, 24 } };
    gsl_rng *g = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(g, 5);
    for (size_t i = 0; i < sizeof N / sizeof *N; i++)
        for (int two_sided = 0; two_sided < 2; two_sided++) {
            double c[LOOKS], spent[LOOKS];
            int count[LOOKS];
            for (int k = 0; k < LOOKS; k++)
                spent[k] = spending_share(0.1, N[i][k], N[i][LOOKS - 1]);
            spending_bounds(c, N[i], spent, two_sided, LOOKS);
            crossings(count, c, N[i], two_sided, LOOKS, PATHS, g);
            for (int k = 0; k < LOOKS; k++) {
                const double share = (double)count[k] / PATHS,
                             se = sqrt(spent[k] * (1 - spent[k]) / PATHS);
                if (fabs(share - spent[k]) > 4 * se)
                    fail_msg("plan %zu, look %d: %g spent, %g seen", i, k, spent[k], share);
            }
        }
    gsl_rng_free(g);
}

/* Arms 0 to 2 of a made-up study with the looks 6, 9, 12; arm 1 differs by `effect`. */
static void make(contrast_study *s, double *y, int *ended, double effect, gsl_rng *g)
{
    static const int LOOK[] = { 6, 9, 12 };
    static const contrast_pair PAIR[] = { { 1, 0 }, { 2, 0 } };
    for (int i = 0; i < 3 * 12; i++) y[i] = 3 + gsl_ran_ugaussian(g) + (i / 12 == 1 ? effect : 0);
    for (int a = 0; a < 3; a++) ended[a] = 12;
    *s = (contrast_study){ .arms = 3,
                           .seeds = 12,
                           .y = y,
                           .pairs = 2,
                           .pair = PAIR,
                           .alpha = 0.05,
                           .margin = 1.5,
                           .looks = 3,
                           .look = LOOK,
                           .ended = ended };
}

/* Over random studies: the rows are what sequential_follow says, p is at most alpha exactly where
 * the verdict says so, and values after the look that decided change nothing. */
static void test_agree(void **state)
{
    (void)state;
    double y[36], d[12];
    int ended[3], verdicts[4] = { 0 };
    gsl_rng *g = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(g, 9);
    for (int i = 0; i < 25; i++) {
        contrast_study s;
        contrast_result r, later;
        sequential_rule rule;
        make(&s, y, ended, i % 5, g);
        verdict_compute(&r, &s);
        assert_string_equal(r.procedure->name, "group-sequential t");
        sequential_rule_make(&rule, s.look, s.look, s.alpha / 2, 3);
        for (int k = 0; k < 2; k++) {
            const contrast *c = &r.row[k];
            sequential_state x;
            for (int j = 0; j < 12; j++) d[j] = y[(k + 1) * 12 + j] - y[j];
            sequential_follow(&x, &rule, d, s.margin, 3);
            assert_true(x.look == c->look && x.lo == c->lo && x.inner_hi == c->inner_hi);
            assert_true(fabs(c->diff - (c->mean - c->base_mean)) < 1e-12);
            assert_true(x.decided == (c->verdict != CONTRAST_UNDECIDED));
            assert_true((c->p_adjusted <= s.alpha) == (c->lo > 0 || c->hi < 0));
            assert_true((c->p_equivalent <= s.alpha) == (c->verdict == CONTRAST_EQUIVALENT));
            assert_int_equal(c->n, s.look[c->look - 1]);
            for (int j = c->n; j < 12; j++) y[(k + 1) * 12 + j] = 1e3; /* never looked at */
            verdicts[c->verdict]++;
        }
        verdict_compute(&later, &s);
        for (int k = 0; k < 2; k++)
            if (r.row[k].verdict != CONTRAST_UNDECIDED) {
                assert_true(later.row[k].diff == r.row[k].diff && later.row[k].hi == r.row[k].hi);
                assert_true(later.row[k].p_adjusted == r.row[k].p_adjusted);
            }
        contrast_close(&r), contrast_close(&later);
    }
    assert_true(verdicts[CONTRAST_UNDECIDED] && verdicts[CONTRAST_EQUIVALENT] &&
                verdicts[CONTRAST_WORSE]);
    gsl_rng_free(g);
}

/* A block counts when it is complete; a run that diverged leaves a contrast with a value less, and
 * critical values for that number. */
static void test_blocks(void **state)
{
    (void)state;
    double y[36];
    int ended[3];
    contrast_study s;
    contrast_result r;
    gsl_rng *g = gsl_rng_alloc(gsl_rng_mt19937);
    make(&s, y, ended, 0, g);
    s.margin = NAN;
    ended[1] = 8;
    verdict_compute(&r, &s);
    assert_true(r.row[0].look == 1 && r.row[0].n == 6 && r.row[1].look == 3 && r.row[1].n == 12);
    assert_true(isnan(r.row[0].p_equivalent));
    contrast_close(&r);
    ended[1] = 5;
    verdict_compute(&r, &s);
    assert_true(r.row[0].look == 0 && r.row[0].n == 0 && isnan(r.row[0].diff));
    assert_int_equal(r.row[0].verdict, CONTRAST_UNDECIDED);
    contrast_close(&r);
    ended[1] = 6;
    verdict_compute(&r, &s);
    const double width = (r.row[0].hi - r.row[0].lo) / r.row[0].se / 2;
    contrast_close(&r);
    y[12 + 2] = NAN;
    verdict_compute(&r, &s);
    assert_int_equal(r.row[0].n, 5);
    const double level = s.alpha / 2 * pow(6 / 12.0, 1.5);
    assert_true(fabs(width - student_critical(level / 2, 5)) < 1e-9);
    assert_true(fabs((r.row[0].hi - r.row[0].lo) / r.row[0].se / 2 -
                     student_critical(level / 2, 4)) < 1e-9);
    contrast_close(&r);
    gsl_rng_free(g);
}

/* Equal differences that are not 0 have no error; equal arms are equivalent. */
static void test_equal(void **state)
{
    (void)state;
    double y[36];
    int ended[3];
    contrast_study s;
    contrast_result r;
    gsl_rng *g = gsl_rng_alloc(gsl_rng_mt19937);
    make(&s, y, ended, 0, g);
    for (int i = 0; i < 12; i++) y[12 + i] = y[i] + 1, y[24 + i] = y[i];
    for (int i = 0; i < 12; i++) y[i] = 2, y[12 + i] = 3, y[24 + i] = 2;
    verdict_compute(&r, &s);
    assert_int_equal(r.row[0].verdict, CONTRAST_UNDECIDED);
    assert_true(r.row[0].p_adjusted == 1 && r.row[0].p_equivalent == 1);
    assert_int_equal(r.row[1].verdict, CONTRAST_EQUIVALENT);
    assert_int_equal(r.row[1].look, 1);
    contrast_close(&r);
    gsl_rng_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_looks), cmocka_unit_test(test_closed), cmocka_unit_test(test_spent),
        cmocka_unit_test(test_agree), cmocka_unit_test(test_blocks), cmocka_unit_test(test_equal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
