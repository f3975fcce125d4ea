/* test_sample.c - crossed variance components: the algebra, restricted maximum likelihood, how
 * often the interval covers, and what compare reports. */
#include "analysis/answers/sample.h"
#include "analysis/statistics/verdict.h"

#include "tests/fixture.h"
#include "tests/golden.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The two arms' means over the pieces, compared: a pair whose base is 0 throughout. */
static contrast_result compare_means(const double *d, int seeds, int pieces, double alpha)
{
    double y[2 * 16] = { 0 };
    for (int s = 0; s < seeds; s++)
        y[seeds + s] = gsl_stats_mean(d + s * pieces, 1, (size_t)pieces);
    const contrast_pair pair = { 1, 0 };
    const contrast_study asked = { 2, seeds, y, 1, &pair, alpha, NAN, false };
    contrast_result r;
    verdict_compute(&r, &asked);
    return r;
}

/* Seeds alone differ: the text adds nothing, and the error is that of the seeds' means. */
static void seeds_alone(void **state)
{
    (void)state;
    double d[3 * 4];
    for (int s = 0; s < 3; s++)
        for (int q = 0; q < 4; q++) d[4 * s + q] = s + 1; /* 1, 2, 3 */
    sample m;
    contrast_result r = compare_means(d, 3, 4, 0.05);
    sample_fit(&m, d, 3, 4), sample_widen(&m, &r.row[0], 1, 0.05);
    assert_true(fabs(m.seed - 1) < 1e-12 && m.piece == 0 && m.share == 0);
    assert_true(fabs(m.se - sqrt(1.0 / 3)) < 1e-12 && m.lo == r.row[0].lo && m.hi == r.row[0].hi);
    contrast_close(&r);
    for (int i = 0; i < 12; i++) d[i] = i % 4; /* pieces alone: 0, 1, 2, 3 */
    r = compare_means(d, 3, 4, 0.05);
    r.row[0].lo = r.row[0].hi = r.row[0].diff; /* as if it were known that seeds add nothing */
    sample_fit(&m, d, 3, 4), sample_widen(&m, &r.row[0], 1, 0.05);
    assert_true(m.seed == 0 && fabs(m.piece - 5.0 / 3) < 1e-12 && m.share == 1);
    assert_true(fabs(m.se_text - sqrt(5.0 / 12)) < 1e-12 && m.se_seeds == 0);
    assert_true(fabs(m.hi - 1.5 - 3.182446305284263 * m.se_text) < 1e-9); /* t, 3 df */
    contrast_close(&r);
}

/* The components, the error of the mean and the part of it that is the text's, by restricted
 * maximum likelihood. */
static void likelihood(void **state)
{
    (void)state;
    json_t *j = golden_open("sample");
    const json_t *rows = json_object_get(j, "reml");
    assert_true(json_array_size(rows) > 0);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        const int S = (int)golden_number(row, "seeds"), Q = (int)golden_number(row, "pieces");
        double d[16 * 16];
        for (int k = 0; k < S * Q; k++) d[k] = golden_item(row, "d", (size_t)k);
        contrast_result r = compare_means(d, S, Q, 0.05);
        sample m;
        sample_fit(&m, d, S, Q), sample_widen(&m, &r.row[0], 1, 0.05);
        const struct {
            const char *key;
            double x;
        } of[] = { { "seed", m.seed },
                   { "piece", m.piece },
                   { "error", m.error },
                   { "se", m.se },
                   { "share", m.share } };
        for (size_t k = 0; k < sizeof of / sizeof *of; k++) {
            const double x = golden_number(row, of[k].key);
            golden_close(of[k].x, x, 2e-6 * x, of[k].key);
        }
        contrast_close(&r);
    }
    json_decref(j);
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
            contrast_result c = compare_means(d, S, Q, 0.05);
            sample_fit(&m, d, S, Q), sample_widen(&m, &c.row[0], 1, 0.05);
            contrast_close(&c);
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
    const char *argv[6] = { "attnlab", "--db", f.path, "heads" };
    char *out, *err;
    assert_int_equal(fixture_command("compare", &out, &err, argv), 0);
    assert_null(strstr(out, "as a sample")); /* no sums by sequence */
    free(out), free(err);
    /* mqa is 0.1 better on every other of the 40 windows, and 0.1 worse on the rest: of one piece
     * the variance is 40 0.01 / 39, of the mean 0.01 / 39; seeds add 0.0014530. */
    fixture_run(&f, "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 39)"
                    " INSERT INTO eval_seq SELECT eval_id, i, 512, 512 * (eval.nll_sum / n_tok"
                    " + CASE attention WHEN 'mqa' THEN 0.2 * (i % 2) - 0.1 ELSE 0 END)"
                    " FROM n, eval JOIN run USING(run_id) JOIN config USING(config_id)");
    assert_int_equal(fixture_command("compare", &out, &err, argv), 0);
    const char *const table =
        "The held-out text as a sample (40 pieces of text, 3 seeds):\n\n"
        "arm  against  error of seeds  error of text  of both  share of text  "
        "interval on other text\n"
        "mqa  mha             0.00145        0.01601  0.01608  99 %           "
        "-0.0227 to +0.0433\n";
    if (!strstr(out, table)) fail_msg("no '%s' in:\n%s", table, out);
    free(out), free(err);
    argv[4] = "-ojson", argv[5] = NULL;
    assert_int_equal(fixture_command("compare", &out, &err, argv), 0);
    json_t *j = fixture_rows(out);
    const json_t *row = json_array_get(j, 0);
    const double text = 0.01 / 39, seeds = golden_number(row, "se") * golden_number(row, "se");
    golden_close(golden_number(row, "se_text"), sqrt(text), 1e-9, "se_text");
    golden_close(golden_number(row, "text_share"), text / (text + seeds), 1e-9, "text_share");
    golden_close(golden_number(row, "ci_hi_text"),
                 golden_number(row, "diff") + /* t with 2 and with 39 degrees of freedom */
                     hypot(4.302652729911275 * sqrt(seeds), 2.022690920036762 * sqrt(text)),
                 1e-9, "ci_hi_text");
    assert_int_equal(golden_number(row, "text_pieces"), 40);
    json_decref(j);
    free(out), free(err);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(seeds_alone), cmocka_unit_test(likelihood),
                                        cmocka_unit_test(covers), cmocka_unit_test(printed) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
