/* test_powerlaw.c - fits and their errors agree with SciPy's curve_fit, and what the
 * data do not determine is not reported. */
#include "analysis/statistics/powerlaw.h"

#include "tests/golden.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <string.h>

enum { ROOM = 64 };

static int read_points(powerlaw_point *x, const json_t *rows, int seed)
{
    int n = 0;
    for (size_t i = 0; i < json_array_size(rows); i++) {
        double tokens, loss;
        int of;
        assert_int_equal(json_unpack(json_array_get(rows, i), "[F, F, i]", &tokens, &loss, &of), 0);
        assert_true(n < ROOM);
        if (seed < 0 || of == seed) x[n++] = (powerlaw_point){ tokens, loss, of };
    }
    return n;
}

static void near(double x, double expected, const char *name, const char *what)
{
    char text[128];
    snprintf(text, sizeof text, "%s, %s", name, what);
    golden_close(x, expected, 1e-6 * fabs(expected) + 1e-9, text);
}

/* The covariance of (E, a, beta) from that of (loss, fall, beta). */
static double floor_error(const powerlaw *p)
{
    const double fall = p->parameter[1], beta = p->parameter[2];
    const double by[3] = { 1, -1 / beta, fall / beta / beta };
    double square = 0;
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 3; k++) square += by[i] * p->covariance[i][k] * by[k];
    return sqrt(square);
}

static void test_agrees_with_scipy(void **state)
{
    (void)state;
    json_t *golden = golden_open("powerlaw"), *cases = json_object_get(golden, "cases"), *c;
    size_t i;
    assert_true(json_array_size(cases) > 3);
    json_array_foreach(cases, i, c)
    {
        powerlaw_point x[ROOM];
        powerlaw p;
        const char *name = json_string_value(json_object_get(c, "name"));
        const int n = read_points(x, json_object_get(c, "points"), -1);
        powerlaw_fit(&p, x, n, 0.05);
        assert_int_equal(p.shape, POWERLAW_CURVE);
        const double beta = p.parameter[2];
        near(p.parameter[0] - p.parameter[1] / beta, golden_number(c, "E"), name, "E");
        near(floor_error(&p), golden_number(c, "se_E"), name, "error of E");
        near(log(p.parameter[1] / beta) + beta * log(p.most), golden_number(c, "log_a"), name,
             "log A");
        near(sqrt(p.covariance[2][2]), golden_number(c, "se_beta"), name,
             "error of the fit's beta");
        near(sqrt(p.covariance[0][0]), golden_number(c, "se_loss"), name,
             "error of the fit's loss");
        const struct {
            const char *what;
            powerlaw_value v;
        } told[] = { { "loss", p.loss },
                     { "doubling", p.doubling },
                     { "gain", p.gain },
                     { "next", p.next },
                     { "beta", p.beta } };
        for (size_t k = 0; k < sizeof told / sizeof *told; k++) {
            char key[32];
            const powerlaw_value v = told[k].v;
            snprintf(key, sizeof key, "%s_%s", p.seeds > 1 ? "jackknife" : "se", told[k].what);
            near(v.value, golden_number(c, told[k].what), name, told[k].what);
            near(v.se, golden_number(c, key), name, key);
            const double t = gsl_cdf_tdist_Pinv(0.975, p.seeds > 1 ? p.seeds - 1 : n - 3);
            near(v.hi - v.lo, 2 * t * v.se, name, "interval");
        }
        if (isfinite(p.floor.value)) {
            near(p.floor.value, golden_number(c, "E"), name, "floor");
            near(p.log_a, golden_number(c, "log_a"), name, "ln A");
            const double se = golden_number(c, p.seeds > 1 ? "jackknife_height" : "se_height");
            const double t = gsl_cdf_tdist_Pinv(0.975, p.seeds > 1 ? p.seeds - 1 : n - 3);
            near(log((p.loss.value - p.floor.lo) / (p.loss.value - p.floor.value)), t * se, name,
                 "interval of E");
        }
        near(powerlaw_at(&p, 2 * p.most), p.next.value, name, "the curve at twice the tokens");
    }
    json_decref(golden);
}

/* Points without noise give back what made them, whatever the exponent, and whatever the unit. */
static void test_exact(void **state)
{
    (void)state;
    static const double BETA[] = { 1.2, 0.5, 0.3, 0.05 };
    for (size_t b = 0; b < sizeof BETA / sizeof *BETA; b++)
        for (double unit = 1; unit < 1e10; unit *= 1e3) {
            powerlaw_point x[10];
            powerlaw p;
            for (int i = 0; i < 10; i++) {
                const double d = 10 << (i / 2);
                x[i] = (powerlaw_point){ d * unit, 2 + 3 * pow(d, -BETA[b]), i % 2 };
            }
            powerlaw_fit(&p, x, 10, 0.05);
            assert_int_equal(p.shape, POWERLAW_CURVE);
            golden_close(p.beta.value, BETA[b], 1e-6, "beta");
            golden_close(p.floor.value, 2, 1e-4, "E");
            golden_close(p.next.value, 2 + 3 * pow(320, -BETA[b]), 1e-8, "next");
            golden_close(p.gain.se, 0, 1e-6, "error");
        }
}

static int line(powerlaw_point *x, int levels, double bend)
{
    static const double NOISE[] = { 0.01,   -0.02, 0.013, 0.004,  -0.007, 0.02,
                                    -0.015, 0.003, 0.011, -0.004, 0.006,  -0.012 };
    int n = 0;
    for (int k = 0; k < levels; k++)
        for (int s = 0; s < 3; s++) {
            x[n] = (powerlaw_point){ 1000 << k, 5 - 0.3 * k - bend * k * k + NOISE[n], s };
            n++;
        }
    return n;
}

/* A loss that falls in a straight line has no E, but a next value. */
static void test_straight_line_has_no_floor(void **state)
{
    (void)state;
    powerlaw_point x[12];
    powerlaw p;
    powerlaw_fit(&p, x, line(x, 4, 0), 0.05);
    assert_int_equal(p.shape, POWERLAW_CURVE);
    assert_true(p.beta.lo < 0 && p.beta.hi > 0);
    assert_true(isnan(p.floor.value) && isnan(p.floor.lo) && isnan(p.log_a));
    assert_true(p.next.lo < 3.8 && p.next.hi > 3.8);

    powerlaw_fit(&p, x, line(x, 4, 0.1), 0.05); /* and one that falls faster and faster neither */
    assert_true(p.beta.hi < 0 && isnan(p.floor.value));
}

/* Two numbers of tokens are a slope, one is nothing; the slope is that of the seeds' means. */
static void test_few_levels(void **state)
{
    (void)state;
    powerlaw_point x[12];
    powerlaw p;
    powerlaw_fit(&p, x, line(x, 2, 0), 0.05);
    assert_int_equal(p.shape, POWERLAW_LINE);
    golden_close(p.doubling.value, 0.3 + (0.003 - 0.017) / 3, 1e-12, "slope");
    /* Slopes of the seeds: 0.3 + (0.006, -0.013, -0.007), so the error is their sd / sqrt(3). */
    golden_close(p.doubling.se, 0.0056075346, 1e-9, "error of the slope");
    assert_true(isnan(p.next.value) && isnan(p.beta.value) && isnan(p.floor.value));
    powerlaw_fit(&p, x, line(x, 1, 0), 0.05);
    assert_int_equal(p.shape, POWERLAW_NONE);
    assert_true(isnan(p.loss.value) && isnan(p.doubling.value));
}

/* A step is not a power law: nothing is reported. */
static void test_step(void **state)
{
    (void)state;
    powerlaw_point x[8];
    powerlaw p;
    for (int i = 0; i < 8; i++) x[i] = (powerlaw_point){ 1000 << i / 2, i < 2 ? 9 : 4, i % 2 };
    powerlaw_fit(&p, x, 8, 0.05);
    assert_int_equal(p.shape, POWERLAW_NONE);
    assert_true(isnan(p.next.value));
}

/* Without a seed that has the only run of a length, the rest may not be a curve: no intervals. */
static void test_seeds_that_carry_a_level(void **state)
{
    (void)state;
    powerlaw_point x[12];
    powerlaw p;
    int n = line(x, 3, -0.05);
    for (int i = n - 2; i < n; i++) x[i].tokens = x[0].tokens; /* the longest: seed 0 alone */
    powerlaw_fit(&p, x, n, 0.05);
    assert_int_equal(p.shape, POWERLAW_CURVE);
    assert_true(isfinite(p.next.value) && isnan(p.next.se) && isnan(p.next.lo));
    assert_true(isnan(p.floor.value));
}

/* No losses and no alpha abort or hang a fit. */
static void test_extremes(void **state)
{
    (void)state;
    static const double SCALE[] = { 0, 1e-300, 1, 1e150, 1e300 }, ALPHA[] = { 1e-300, 1e-9, 0.5 };
    for (int seeds = 1; seeds <= 3; seeds++)
        for (int scale = 0; scale < 5; scale++)
            for (int bend = 0; bend < 3; bend++) {
                powerlaw_point x[12];
                const int n = 4 * seeds;
                for (int i = 0; i < n; i++)
                    x[i] = (powerlaw_point){ 1e5 * (1 << i % 4),
                                             SCALE[scale] * (1 + bend * (i * i % 5)), i / 4 };
                for (int a = 0; a < 3; a++)
                    for (int few = 1; few <= n; few++) {
                        powerlaw p;
                        powerlaw_fit(&p, x, few, ALPHA[a]);
                        assert_int_equal(p.points, few);
                    }
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_agrees_with_scipy),
        cmocka_unit_test(test_exact),
        cmocka_unit_test(test_straight_line_has_no_floor),
        cmocka_unit_test(test_few_levels),
        cmocka_unit_test(test_step),
        cmocka_unit_test(test_seeds_that_carry_a_level),
        cmocka_unit_test(test_extremes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
