/* test_plateau.c - the moment at which made-up runs leave a plateau, curves that have none, and how
 * often the interval of r^2 covers the truth. */
#include "analysis/statistics/plateau.h"
#include "tests/unit.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdlib.h>

enum { RUNS = 12, STEPS = 1000 };

static double *make_losses(void)
{
    double *x = calloc(RUNS * STEPS, sizeof *x);
    assert_non_null(x);
    return x;
}

/* From 6.2 to the plateau at 5, which is left around step `leaves`, and then slowly on. */
static void make_run(double *loss, double leaves, double noise, gsl_rng *g)
{
    for (int t = 1; t <= STEPS; t++) {
        const double left = 1 / (1 + exp(-6 * log(t / leaves))),
                     later = t > leaves ? 0.35 * log(t / leaves) : 0;
        loss[t - 1] = 5 + 1.2 * exp(-t / 8.0) - left - later + gsl_ran_gaussian(g, noise);
    }
}

/* Moments come in the order of the truth and in its proportions, whatever the noise of a batch. */
static void moments(void **state)
{
    (void)state;
    double *loss = make_losses(), leaves[RUNS];
    plateau_run run[RUNS];
    gsl_rng *g = gsl_rng_alloc(gsl_rng_mt19937);
    for (int i = 0; i < RUNS; i++) {
        leaves[i] = 100 * exp(gsl_ran_gaussian(g, 0.3));
        make_run(loss + i * STEPS, leaves[i], 0.05, g);
        run[i] = (plateau_run){ STEPS, loss + i * STEPS, 0 };
    }
    plateau p;
    plateau_find(&p, run, RUNS);
    assert_true(p.found);
    if (fabs(p.stay - 5) > 0.1) fail_msg("the plateau is at %g", p.stay);
    if (p.level > 4.9 || p.level < 4) fail_msg("the level is %g", p.level);
    for (int i = 1; i < RUNS; i++) {
        const double ratio = run[i].moment / run[0].moment / (leaves[i] / leaves[0]);
        if (fabs(log(ratio)) > 0.06) fail_msg("run %d: off by a factor of %g", i, ratio);
    }
    gsl_rng_free(g);
    free(loss);
}

/* Some runs end before they leave: they have no moment, the others do.  Runs that are too short are
 * left out. */
static void some_stay(void **state)
{
    (void)state;
    double *loss = make_losses();
    plateau_run run[RUNS];
    gsl_rng *g = gsl_rng_alloc(gsl_rng_mt19937);
    for (int i = 0; i < RUNS; i++) {
        make_run(loss + i * STEPS, i < 3 ? 5000 : 100 + 10 * i, 0.05, g);
        run[i] = (plateau_run){ i == 11 ? 20 : STEPS, loss + i * STEPS, 0 };
    }
    plateau p;
    plateau_find(&p, run, RUNS);
    assert_true(p.found);
    for (int i = 0; i < RUNS; i++) assert_int_equal(isnan(run[i].moment), i < 3 || i == 11);
    plateau_find(&p, run, 0);
    assert_false(p.found);
    gsl_rng_free(g);
    free(loss);
}

/* Smooth power laws have no plateau, however noisy the batches. */
static void none(void **state)
{
    (void)state;
    double *loss = make_losses();
    plateau_run run[RUNS];
    gsl_rng *g = gsl_rng_alloc(gsl_rng_mt19937);
    int found = 0;
    for (int study = 0; study < 100; study++) {
        for (int i = 0; i < RUNS; i++) {
            for (int t = 1; t <= STEPS; t++)
                loss[i * STEPS + t - 1] =
                    2 + 5 * pow(t + 3, -0.3) + gsl_ran_gaussian(g, 0.02 + 0.001 * study);
            run[i] = (plateau_run){ STEPS, loss + i * STEPS, 0 };
        }
        plateau p;
        plateau_find(&p, run, RUNS);
        found += p.found;
    }
    if (found > 5) fail_msg("a plateau in %d of 100 studies that have none", found);
    gsl_rng_free(g);
    free(loss);
}

/* Final losses that the moment explains to a known part; arms have means of their own and share a
 * part of their seeds. */
static void share(void **state)
{
    (void)state;
    enum { STUDIES = 2000, LEAST = 1820, ARMS = 3, SEEDS = 10 };
    static const double TRUE[] = { 0, 0.3, 0.7 };
    gsl_rng *g = gsl_rng_alloc(gsl_rng_mt19937);
    for (size_t k = 0; k < sizeof TRUE / sizeof *TRUE; k++) {
        int covered = 0;
        double moment[ARMS * SEEDS], final[ARMS * SEEDS], mean = 0;
        for (int study = 0; study < STUDIES; study++) {
            for (int s = 0; s < SEEDS; s++) {
                const double x = gsl_ran_gaussian(g, 1), y = gsl_ran_gaussian(g, 1);
                for (int a = 0; a < ARMS; a++) {
                    const double m = sqrt(0.5) * x + sqrt(0.5) * gsl_ran_gaussian(g, 1),
                                 rest = sqrt(0.5) * y + sqrt(0.5) * gsl_ran_gaussian(g, 1);
                    moment[a * SEEDS + s] = exp(5 + a + 0.2 * m);
                    final[a * SEEDS + s] = 3 + a + sqrt(TRUE[k]) * m + sqrt(1 - TRUE[k]) * rest;
                }
            }
            moment[0] = final[2] = NAN;
            plateau_share r;
            plateau_explain(&r, moment, final, ARMS, SEEDS);
            covered += r.lo <= TRUE[k] && TRUE[k] <= r.hi;
            mean += r.r2 / STUDIES;
        }
        if (covered < LEAST) fail_msg("r2 %g: %d of %d", TRUE[k], covered, STUDIES);
        if (fabs(mean - TRUE[k]) > 0.08) fail_msg("r2 %g: mean %g", TRUE[k], mean);
    }
    gsl_rng_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(moments), cmocka_unit_test(some_stay),
                                        cmocka_unit_test(none), cmocka_unit_test(share) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
