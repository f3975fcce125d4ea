/* test_components.c - variance components: closed forms, and how often the intervals cover the
 * truth in made-up studies. */
#include "analysis/statistics/components.h"
#include "tests/unit.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdlib.h>

static void close_to(double x, double wanted, const char *what)
{
    if (!(fabs(x - wanted) <= 1e-9 * fmax(1, fabs(wanted))))
        fail_msg("%s: %.12g, expected %.12g", what, x, wanted);
}

/* Rows 0 and 3, columns 0, 1 and 2, nothing else: MSw = 13.5, MSo = 2, MSe = 0. */
static void crossed_table(void **state)
{
    (void)state;
    components_run run[6];
    for (int i = 0; i < 6; i++) run[i] = (components_run){ i / 3, i % 3, 3.0 * (i / 3) + i % 3 };
    components c;
    components_fit(&c, run, NULL, 0.05, 6, 0);
    assert_int_equal(c.design, COMPONENTS_CROSSED);
    close_to(c.part[COMPONENTS_WEIGHTS].variance, 4.5, "weights");
    close_to(c.part[COMPONENTS_ORDER].variance, 1, "order");
    close_to(c.part[COMPONENTS_INTERACTION].variance, 0, "interaction");
    close_to(c.part[COMPONENTS_TOTAL].variance, 5.5, "total");
    assert_true(isnan(c.part[COMPONENTS_SEED].variance));
    assert_true(isnan(c.part[COMPONENTS_EVALUATION].variance));
}

/* The largest complete part is used where runs are missing or single runs lie outside. */
static void incomplete(void **state)
{
    (void)state;
    components_run run[8];
    int n = 0;
    for (int i = 0; i < 6; i++) run[n++] = (components_run){ i / 3, i % 3, 3.0 * (i / 3) + i % 3 };
    run[n++] = (components_run){ 2, 3, 100 };
    run[n++] = (components_run){ 3, 4, -100 };
    components c;
    components_fit(&c, run, NULL, 0.05, n, 0);
    assert_int_equal(c.design, COMPONENTS_CROSSED);
    assert_true(c.weights == 2 && c.orders == 3 && c.runs == 6);
    close_to(c.part[COMPONENTS_WEIGHTS].variance, 4.5, "weights");
}

/* Groups {0, 2}, {4, 6}: between means 8, within 2, so 8 - 2 / 2 and 2.  A third group of one value
 * changes the harmonic mean of the sizes. */
static void nested(void **state)
{
    (void)state;
    components_run run[5] = { { 0, 0, 0 }, { 1, 0, 2 }, { 2, 1, 4 }, { 3, 1, 6 }, { 4, 2, 3 } };
    components c;
    components_fit(&c, run, NULL, 0.05, 4, 0);
    assert_int_equal(c.design, COMPONENTS_WEIGHTS_IN_ORDER);
    close_to(c.part[COMPONENTS_ORDER].variance, 7, "order");
    close_to(c.part[COMPONENTS_WEIGHTS].variance, 2, "weights");
    components_fit(&c, run, NULL, 0.05, 5, 0);
    close_to(c.part[COMPONENTS_ORDER].variance, 4 - 2 * (0.5 + 0.5 + 1) / 3, "order, unequal");
    for (int i = 0; i < 5; i++) {
        const int swap = run[i].weights;
        run[i].weights = run[i].order, run[i].order = swap;
    }
    components_fit(&c, run, NULL, 0.05, 4, 0);
    assert_int_equal(c.design, COMPONENTS_ORDER_IN_WEIGHTS);
    close_to(c.part[COMPONENTS_WEIGHTS].variance, 7, "weights outside");
}

/* Only the sum is known.  The interval is chi-squared with 2 degrees of freedom, whose quantiles
 * are -2 ln(1 - q). */
static void paired(void **state)
{
    (void)state;
    const components_run run[3] = { { 0, 0, 1 }, { 1, 1, 2 }, { 2, 2, 3 } };
    components c;
    components_fit(&c, run, NULL, 0.05, 3, 0);
    assert_int_equal(c.design, COMPONENTS_PAIRED);
    assert_true(isnan(c.part[COMPONENTS_WEIGHTS].variance));
    close_to(c.part[COMPONENTS_SEED].variance, 1, "seed");
    close_to(c.part[COMPONENTS_SEED].lo, 2 / (-2 * log(0.025)), "lo");
    close_to(c.part[COMPONENTS_SEED].hi, 2 / (-2 * log(0.975)), "hi");
    const components_run star[3] = { { 0, 0, 1 }, { 0, 1, 2 }, { 1, 0, 3 } };
    components_fit(&c, star, NULL, 0.05, 3, 0);
    assert_int_equal(c.design, COMPONENTS_NONE);
    components_fit(&c, run, NULL, 0.05, 1, 0);
    assert_int_equal(c.design, COMPONENTS_NONE);
}

/* --- simulation ------------------------------------------------------------------------------- */

typedef struct truth {
    components_design design;
    int weights, orders;                           /* nested: weights for each order */
    double weight, order, interaction, evaluation; /* standard deviations */
} truth;

enum { PIECES = 20, MOST = 256 };

/* A study: values, and the loss on each piece, whose mean is the value. */
static int make_study(components_run *run, double *piece, const truth *k, gsl_rng *g)
{
    double weight[MOST], order[MOST], text[PIECES];
    const bool nest = k->design == COMPONENTS_WEIGHTS_IN_ORDER,
               pair = k->design == COMPONENTS_PAIRED;
    for (int i = 0; i < MOST; i++)
        weight[i] = gsl_ran_gaussian(g, k->weight), order[i] = gsl_ran_gaussian(g, k->order);
    for (int q = 0; q < PIECES; q++) text[q] = gsl_ran_gaussian(g, 5);
    const int n = pair ? k->weights : k->weights * k->orders;
    for (int i = 0; i < n; i++) {
        const int w = pair || nest ? i : i / k->orders, o = pair ? i : i % k->orders;
        const double mean = weight[w] + order[o] + gsl_ran_gaussian(g, k->interaction);
        run[i] = (components_run){ w, o, 0 };
        for (int q = 0; q < PIECES; q++) {
            double *x = &piece[i * PIECES + q];
            *x = mean + text[q] + gsl_ran_gaussian(g, k->evaluation * sqrt(PIECES));
            run[i].value += *x / PIECES;
        }
    }
    return n;
}

/* The true variance of a part, NaN where the design doesn't show it. */
static double true_part(const truth *k, int part)
{
    const double w = k->weight * k->weight, o = k->order * k->order,
                 i = k->interaction * k->interaction, t = k->evaluation * k->evaluation;
    const bool nest = k->design == COMPONENTS_WEIGHTS_IN_ORDER,
               pair = k->design == COMPONENTS_PAIRED;
    switch (part) {
    case COMPONENTS_WEIGHTS:
        return pair ? NAN : nest ? w + i : w;
    case COMPONENTS_ORDER:
        return pair ? NAN : o;
    case COMPONENTS_INTERACTION:
        return pair || nest ? NAN : i;
    case COMPONENTS_SEED:
        return pair ? w + o + i : NAN;
    case COMPONENTS_EVALUATION:
        return t;
    default:
        return w + o + i + t;
    }
}

/* Estimates that are cut at 0 lie a little high, so only those far from 0 are held against the
 * truth.  95 % intervals: of 2,000, at least the 99.9 % binomial bound; the limits of differences
 * are approximate, and may cover one point less. */
static void covers(void **state)
{
    (void)state;
    enum { STUDIES = 2000, LEAST = 1848 };
    static const truth CASE[] = {
        { COMPONENTS_CROSSED, 4, 4, 1, 1.4, 0.7, 0.2 },
        { COMPONENTS_CROSSED, 3, 6, 0.5, 1, 1, 0.5 },
        { COMPONENTS_CROSSED, 6, 6, 0, 1, 0.5, 0.3 },
        { COMPONENTS_WEIGHTS_IN_ORDER, 8, 6, 1, 0.6, 0.3, 0.3 },
        { COMPONENTS_WEIGHTS_IN_ORDER, 2, 12, 0.5, 1, 0.5, 0.3 },
        { COMPONENTS_PAIRED, 6, 6, 1, 1, 1, 0.5 },
    };
    components_run *run = calloc(MOST, sizeof *run);
    double *piece = calloc(MOST * PIECES, sizeof *piece);
    gsl_rng *g = gsl_rng_alloc(gsl_rng_mt19937);
    assert_true(run && piece && g);
    for (size_t i = 0; i < sizeof CASE / sizeof *CASE; i++) {
        int covered[COMPONENTS_PARTS] = { 0 };
        double mean[COMPONENTS_PARTS] = { 0 };
        gsl_rng_set(g, 11 + i);
        for (int s = 0; s < STUDIES; s++) {
            components c;
            const int n = make_study(run, piece, &CASE[i], g);
            components_fit(&c, run, piece, 0.05, n, PIECES);
            assert_int_equal(c.design, CASE[i].design);
            for (int p = 0; p < COMPONENTS_PARTS; p++) {
                const double is = true_part(&CASE[i], p);
                assert_int_equal(isnan(is), isnan(c.part[p].variance));
                covered[p] += c.part[p].lo <= is && is <= c.part[p].hi;
                mean[p] += c.part[p].variance / STUDIES;
            }
        }
        for (int p = 0; p < COMPONENTS_PARTS; p++) {
            const double is = true_part(&CASE[i], p);
            if (isnan(is)) continue;
            if (covered[p] < LEAST)
                fail_msg("case %zu, %s: %d of %d", i, components_name(p), covered[p], STUDIES);
            const bool far = is > 0.3 * true_part(&CASE[i], COMPONENTS_TOTAL);
            if (far && fabs(mean[p] - is) > 0.1 * is)
                fail_msg("case %zu, %s: mean %g, expected %g", i, components_name(p), mean[p], is);
        }
    }
    gsl_rng_free(g);
    free(run), free(piece);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crossed_table), cmocka_unit_test(incomplete), cmocka_unit_test(nested),
        cmocka_unit_test(paired),        cmocka_unit_test(covers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
