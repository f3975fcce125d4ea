/* test_noise.c - the noise floor of made-up runs, and the differences that n seeds can then find.
 */
#include "analysis/statistics/noise.h"
#include "analysis/statistics/power.h"
#include "analysis/statistics/verdict.h"
#include "tests/fixture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const procedure_plan ONE = { { 1, (const int[]){ 1 }, 0 }, 0.05 };

/* Two arms, one contrast, few seeds: a paired t-test, whose power is SciPy's nct. */
static void as_scipy(void **state)
{
    (void)state;
    static const struct {
        int n;
        double effect;
    } ROW[] = { { 3, 3.26404355 }, { 5, 1.681996966 } };
    forecast f;
    forecast_open(&f, &ONE, true);
    for (size_t i = 0; i < sizeof ROW / sizeof *ROW; i++) {
        const procedure_forecast at = forecast_at(&f, NULL, ROW[i].n);
        const double x = forecast_effect(&at, 0.01 / sqrt(ROW[i].n));
        if (fabs(x - 0.01 * ROW[i].effect) > 1e-5 * x)
            fail_msg("%d seeds: %.9g, expected %.9g", ROW[i].n, x, 0.01 * ROW[i].effect);
    }
    forecast_close(&f);
}

/* Six seeds, one contrast: sign-flips find a difference if, and only if, it has one sign at every
 * seed, so that with the normal distribution's P power is P(d / sd)^6, and 80 % is at the quantile
 * of 0.8^(1/6) = 0.96349. */
static void six_seeds(void **state)
{
    (void)state;
    forecast f;
    forecast_open(&f, &ONE, true);
    const procedure_forecast at = forecast_at(&f, NULL, 6);
    const double x = forecast_effect(&at, 1 / sqrt(6));
    if (fabs(pow(0.5 * erfc(-x / sqrt(2)), 6) - 0.8) > 0.02) fail_msg("found at %g", x);
    forecast_close(&f);
}

/* This many seeds are enough, and one fewer is not. */
static void fewest(void **state)
{
    (void)state;
    const procedure_plan p = { { 1, (const int[]){ 3 }, 0 }, 0.05 };
    for (int paired = 0; paired < 2; paired++) {
        forecast f;
        forecast_open(&f, &p, paired);
        for (double effect = 0.05; effect < 10; effect *= 1.7) {
            const int n = noise_seeds(&f, 1, effect);
            if (!n) continue;
            procedure_forecast at = forecast_at(&f, NULL, n);
            assert_true(forecast_effect(&at, 1 / sqrt(n)) <= effect * (1 + 1e-5));
            if (n == 2) continue;
            at = forecast_at(&f, NULL, n - 1);
            assert_true(forecast_effect(&at, 1 / sqrt(n - 1)) > effect * (1 - 1e-5));
        }
        assert_int_equal(noise_seeds(&f, 1, 1e-6), 0);
        assert_int_equal(noise_seeds(&f, 0, 0.1), 2); /* runs agree bit for bit */
        forecast_close(&f);
    }
}

/* The widest and the narrowest arm, by name. */
static void spreads(void **state)
{
    (void)state;
    const double y[] = { 1.0, 1.1, 1.2, 2.0, 2.0, 2.0, 1.0, 2.5, 4.0 };
    const contrast_study s = { .arms = 3,
                               .seeds = 3,
                               .y = y,
                               .pairs = 2,
                               .pair = (const contrast_pair[]){ { 1, 0 }, { 2, 0 } },
                               .alpha = 0.05,
                               .margin = NAN };
    contrast_result r;
    noise_spread n;
    verdict_compute(&r, &s);
    assert_true(noise_spread_find(&n, &r, &s));
    assert_true(n.narrow == 0 && n.wide == 2);
    assert_true(fabs(n.most / n.least - 15) < 1e-9);
    contrast_close(&r);
}

/* What seeds do to all arms alike is not noise; without shared seeds it is. */
static void shared_part(void **state)
{
    (void)state;
    const double y[] = { 1.0, 2.0, 3.0, 4.0, 1.1, 1.9, 3.1, 3.9 };
    contrast_study s = { .arms = 2,
                         .seeds = 4,
                         .y = y,
                         .pairs = 1,
                         .pair = (const contrast_pair[]){ { 1, 0 } },
                         .alpha = 0.05,
                         .margin = NAN };
    contrast_result r;
    noise n;
    verdict_compute(&r, &s);
    noise_estimate(&n, &r, &s);
    assert_true(n.paired && n.df == 3 && n.shared > 0.98);
    assert_true(fabs(n.difference - 0.1 * sqrt(4.0 / 3)) < 1e-12); /* differences +-0.1 */
    assert_true(n.lo < n.difference && n.difference < n.hi);
    contrast_close(&r);
    const double apart[] = { 1.0, 2.0, NAN, NAN, NAN, NAN, 3.1, 3.9 };
    s.y = apart;
    verdict_compute(&r, &s);
    noise_estimate(&n, &r, &s);
    assert_true(!n.paired && n.df == 2);
    assert_true(fabs(n.arm - sqrt((0.5 + 0.32) / 2)) < 1e-12);
    contrast_close(&r);
}

static void says(void **state)
{
    (void)state;
    static const double A[] = { 3.50, 3.52, 3.51 }, B[] = { 3.51, 3.528, 3.523 };
    const fixture_arm arm[] = { { "mha", "mha", 8, 512, -1, A, NULL },
                                { "mqa", "mqa", 1, 512, 0, B, NULL } };
    fixture f;
    fixture_open(&f);
    fixture_study(&f, "heads", arm, 2, 3, 0.02);
    fixture_study(&f, "one", arm, 2, 1, 0.02);
    char *out, *err;
    const char *args[] = { "attnlab power", "--db", f.path, "heads", NULL, NULL };
    assert_int_equal(fixture_command("power", &out, &err, args), 0);
    assert_non_null(strstr(out, "smallest_difference"));
    assert_non_null(strstr(out, "x the seeds"));
    free(out), free(err);
    args[3] = "one";
    assert_int_equal(fixture_command("power", &out, &err, args), STATUS_FAILED);
    assert_non_null(strstr(err, "no arm has two finished runs"));
    free(out), free(err);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(as_scipy),    cmocka_unit_test(six_seeds),
                                        cmocka_unit_test(fewest),      cmocka_unit_test(spreads),
                                        cmocka_unit_test(shared_part), cmocka_unit_test(says) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
