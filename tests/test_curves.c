/* test_curves.c - tokens to reach a loss, series of runs, and what `curves` reports. */
#include "analysis/answers/reach.h"

#include "tests/fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static curve curve_of(const double *tokens, const double *loss, int n)
{
    curve k = { 0 };
    for (int i = 0; i < n; i++) curve_add(&k, tokens[i], loss[i]);
    return k;
}

static void near(double x, double expected, double slack)
{
    if (!(fabs(x - expected) <= slack)) fail_msg("%.12g, not %.12g", x, expected);
}

/* A straight line in ln tokens is met where it says, by two points or many. */
static void test_crossing(void **state)
{
    (void)state;
    const double tokens[] = { 100, 200, 400, 800 }, loss[] = { 5, 4, 3, 2 };
    for (int n = 2; n <= 4; n++) {
        curve k = curve_of(tokens, loss, n);
        near(reach_tokens(&k, 4.5), 100 * sqrt(2), 1e-6);
        near(reach_tokens(&k, 4), 200, 1e-4);
        near(reach_tokens(&k, 5), 100, 0);
        assert_true(isinf(reach_tokens(&k, 5.1)) && reach_tokens(&k, 5.1) < 0);
        assert_true(isinf(reach_tokens(&k, 1.9)) && reach_tokens(&k, 1.9) > 0);
        curve_close(&k);
    }
    const double bump[] = { 5, 4, 4.5, 2 }; /* the first time counts */
    curve k = curve_of(tokens, bump, 4);
    near(reach_tokens(&k, 4), 200, 1e-4);
    curve_close(&k);
    curve none = { 0 };
    assert_true(isnan(reach_tokens(&none, 1)));
}

static void test_summary(void **state)
{
    (void)state;
    reach r = { 0 };
    double whole[] = { log(1.0), log(2.0), log(4.0) };
    reach_summarise(&r, whole, 3, 0.05); /* sd of ln is ln 2; t(2) is 4.302653 */
    assert_false(r.median);
    near(r.ratio, 2, 1e-12);
    near(r.hi, 2 * exp(4.302652730 * log(2) / sqrt(3)), 1e-6);
    near(r.lo * r.hi, 4, 1e-9);

    double some[] = { INFINITY, 0, 0.1, INFINITY, 0.2, 0.3 }; /* 6: the extremes, 2 / 64 */
    reach_summarise(&r, some, 6, 0.05);
    assert_true(r.median);
    near(r.ratio, exp(0.25), 1e-12);
    near(r.lo, 1, 1e-12);
    assert_true(isinf(r.hi));
    double few[] = { 0, INFINITY, 0.1 };
    reach_summarise(&r, few, 3, 0.05);
    near(r.ratio, exp(0.1), 1e-12);
    assert_true(isnan(r.lo) && isnan(r.hi));
    double never[] = { INFINITY, INFINITY };
    reach_summarise(&r, never, 2, 0.05);
    assert_true(isinf(r.ratio));
}

/* Arms of two attentions at four lengths: L = 2 + 3 (D / 20480)^-0.5, mqa with half the tokens'
 * worth.
 */
static void horizons(fixture *f)
{
    enum { LENGTHS = 4, SEEDS = 3 };
    static double value[2 * LENGTHS][SEEDS];
    static char label[2 * LENGTHS][32], axis[2 * LENGTHS][96];
    fixture_arm arm[2 * LENGTHS];
    for (int a = 0; a < 2 * LENGTHS; a++) {
        const int k = a % LENGTHS;
        const double d = (1 << k) / (a < LENGTHS ? 1.0 : 2.0);
        const char *name = a < LENGTHS ? "mha" : "mqa";
        for (int s = 0; s < SEEDS; s++)
            value[a][s] = 2 + 3 / sqrt(d) + 0.002 * ((a * 5 + s * 7) % 3 - 1);
        snprintf(label[a], sizeof label[a], "%s tokens=%d", name, 20480 << k);
        snprintf(axis[a], sizeof axis[a], "{\"model.attention\":\"%s\",\"train.tokens\":%d}", name,
                 20480 << k);
        arm[a] = (fixture_arm){ label[a], name, 8, 512, a < LENGTHS ? -1 : k, value[a], axis[a] };
    }
    fixture_study(f, "lengths", arm, 2 * LENGTHS, SEEDS, 0.01);
    /* The fixture's runs are of one length: the last step counts as many tokens as it should. */
    fixture_run(f, "UPDATE train_step SET tokens = (SELECT json_extract(axis_json,"
                   " '$.\"train.tokens\"') FROM arm JOIN arm_run USING(arm_id)"
                   " WHERE arm_run.run_id = train_step.run_id) WHERE step = 40");
}

static int curves(fixture *f, char **out, char **err, const char *a, const char *b, const char *c)
{
    return fixture_command("curves", out, err,
                           (const char *const[]){ "curves", "--db", f->path, a, b, c, NULL });
}

static void test_horizons(void **state)
{
    (void)state;
    fixture f;
    fixture_open(&f);
    horizons(&f);
    error e;
    study s;
    series_list l;
    assert_true(study_open(&s, &f.d, "lengths", NULL, -1, &e));
    assert_true(series_open(&l, &s, &f.d, NAN, &e));
    assert_int_equal(l.n, 2);
    assert_string_equal(l.row[0].name, "mha");
    assert_string_equal(l.row[1].name, "mqa");
    assert_int_equal(l.row[0].base, -1);
    assert_int_equal(l.row[1].base, 0);
    for (int k = 0; k < 2; k++) {
        assert_int_equal(l.row[k].basis, SERIES_HORIZONS);
        assert_int_equal(l.row[k].fit.points, 12);
        near(l.row[k].fit.beta.value, 0.5, 0.02);
        near(l.row[k].fit.floor.value, 2, 0.05);
        near(l.row[k].fit.next.value, 2 + 3 / sqrt(k ? 8 : 16), 0.01);
    }
    reach_list r;
    reach_find(&r, &l, NAN);
    assert_int_equal(r.n, 4);
    for (int i = 0; i < 2; i++) {
        near(r.row[i].ratio, 2, 0.05);
        assert_int_equal(r.row[i].reached, 3);
    }
    assert_int_equal(r.row[3].reached, 0); /* the baseline's last is beyond mqa's */
    near(r.row[3].least, 1, 0.02);
    reach_close(&r);
    series_close(&l);
    study_free(&s);

    char *out, *err;
    assert_int_equal(curves(&f, &out, &err, "lengths", NULL, NULL), 0);
    fixture_expect(out, "4 horizons");
    fixture_expect(out, "not converged");
    fixture_expect(out, "over 1");
    fixture_expect(out, "leaving out one seed at a time");
    free(out), free(err);
    assert_int_equal(curves(&f, &out, &err, "lengths", "-ojson", "--reach"), 0);
    fixture_expect(out, "\"censored_at\"");
    free(out), free(err);
    fixture_close(&f);
}

/* One length under the cosine is a description, and says so; a constant rate is more. */
static void test_along_a_run(void **state)
{
    (void)state;
    static const double VALUE[] = { 3.0, 3.01, 3.02 };
    static const fixture_arm ARM[] = { { "mha", "mha", 8, 512, -1, VALUE, NULL } };
    fixture f;
    fixture_open(&f);
    fixture_study(&f, "one", ARM, 1, 3, 0.01);
    char *out, *err;
    assert_int_equal(curves(&f, &out, &err, "one", NULL, NULL), 0);
    fixture_expect(out, "one schedule");
    fixture_expect(out, "no forecast");
    free(out), free(err);
    fixture_run(&f, "INSERT INTO config_param SELECT config_id, 'train.schedule', 'constant' FROM"
                    " config");
    assert_int_equal(curves(&f, &out, &err, "one", NULL, NULL), 0);
    fixture_expect(out, "constant rate");
    free(out), free(err);
    assert_int_equal(curves(&f, &out, &err, "nothing", NULL, NULL), STATUS_USAGE);
    free(out), free(err);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crossing),
        cmocka_unit_test(test_summary),
        cmocka_unit_test(test_horizons),
        cmocka_unit_test(test_along_a_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
