/* test_sample.c - crossed variance components: the algebra, how often the interval covers, and the
 * table that compare prints. */
#include "analysis/sample.h"

#include "analysis/analysis.h"
#include "tests/fixture.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Seeds alone differ: the text adds nothing, and the error is that of the seeds' means. */
static void seeds_alone(void **state)
{
    (void)state;
    double d[3 * 4];
    for (int s = 0; s < 3; s++)
        for (int q = 0; q < 4; q++) d[4 * s + q] = s + 1; /* 1, 2, 3 */
    sample m;
    sample_fit(&m, d, 3, 4, 0.05);
    assert_true(fabs(m.diff - 2) < 1e-12 && fabs(m.seed - 1) < 1e-12 && m.piece == 0);
    assert_true(fabs(m.se - sqrt(1.0 / 3)) < 1e-12 && fabs(m.df - 2) < 1e-9);
    assert_true(fabs(m.hi - m.diff - 4.302652729911275 * sqrt(1.0 / 3)) < 1e-9); /* t, 2 df */
    for (int i = 0; i < 12; i++) d[i] = i % 4;                                   /* pieces alone */
    sample_fit(&m, d, 3, 4, 0.05);
    assert_true(m.seed == 0 && fabs(m.piece - 5.0 / 3) < 1e-12 && fabs(m.df - 3) < 1e-9);
    assert_true(fabs(m.se_text - sqrt(5.0 / 12)) < 1e-12 && m.se_seeds == 0);
}

/* Seeds and text both at random: a 95 % interval covers as often as 99.9 % of binomials would. */
static void covers(void **state)
{
    (void)state;
    enum { STUDIES = 2000, LEAST = 1869 };
    static const struct {
        int seeds, pieces;
        double seed, piece, error;
    } CASE[] = { { 6, 50, 1, 1, 1 }, { 3, 50, 1, 3, 5 }, { 4, 20, 0.1, 2, 1 }, { 6, 50, 2, 0, 1 } };
    gsl_rng *r = gsl_rng_alloc(gsl_rng_mt19937);
    for (size_t i = 0; i < sizeof CASE / sizeof *CASE; i++) {
        const int S = CASE[i].seeds, Q = CASE[i].pieces;
        gsl_rng_set(r, 7 + i);
        double *d = calloc((size_t)(S * Q), sizeof *d), v = 0;
        int covered = 0;
        for (int n = 0; n < STUDIES; n++) {
            for (int s = 0; s < S; s++) {
                const double shift = gsl_ran_gaussian(r, CASE[i].seed);
                for (int q = 0; q < Q; q++)
                    d[s * Q + q] = shift + gsl_ran_gaussian(r, CASE[i].error);
            }
            for (int q = 0; q < Q; q++) {
                const double shift = gsl_ran_gaussian(r, CASE[i].piece);
                for (int s = 0; s < S; s++) d[s * Q + q] += shift;
            }
            sample m;
            sample_fit(&m, d, S, Q, 0.05);
            covered += m.lo <= 0 && 0 <= m.hi;
            v += m.piece / STUDIES;
        }
        if (covered < LEAST) fail_msg("case %zu: %d of %d", i, covered, STUDIES);
        const double truth = CASE[i].piece * CASE[i].piece;
        if (truth > 0 && fabs(v - truth) > 0.05 * truth) fail_msg("case %zu: %g", i, v);
        free(d);
    }
    gsl_rng_free(r);
}

static void printed(void **state)
{
    (void)state;
    static const double A[] = { 3.50, 3.52, 3.51 }, B[] = { 3.51, 3.528, 3.523 };
    const fixture_arm arm[] = { { "mha", "mha", 8, 512, -1, A, NULL },
                                { "mqa", "mqa", 1, 512, 0, B, NULL } };
    fixture f;
    fixture_open(&f);
    fixture_study(&f, "heads", arm, 2, 3, 0.02);
    const char *argv[] = { "attnlab", "--db", f.path, "heads", NULL };
    char *out, *err;
    assert_int_equal(fixture_verb(compare_verb, &out, &err, argv), 0);
    assert_null(strstr(out, "sample too")); /* no sums by sequence */
    free(out), free(err);
    fixture_run(&f, "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 39)"
                    " INSERT INTO eval_seq SELECT eval_id, i, 512, 512 * nll_sum / n_tok"
                    " + (i % 2) * 100 - 50 FROM eval, n");
    assert_int_equal(fixture_verb(compare_verb, &out, &err, argv), 0);
    assert_non_null(strstr(out, "The text is a sample too (40 pieces of it, beside 3 seeds)"));
    free(out), free(err);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(seeds_alone), cmocka_unit_test(covers),
                                        cmocka_unit_test(printed) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
