/* test_spike.c - spikes are found where they were put and nowhere else; p agrees with closed forms.
 */
#include "analysis/statistics/spike.h"

#include "tests/fixture.h"

#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = 2000 };

/* A loss that falls, with the noise of batches. */
static void falling(double *loss, unsigned seed)
{
    gsl_rng *g = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(g, seed);
    for (int i = 0; i < STEPS; i++)
        loss[i] = 2 + 3 / sqrt(1 + i / 50.0) + 0.05 * gsl_ran_ugaussian(g);
    gsl_rng_free(g);
}

static int count(const double *loss, int n, spike *first)
{
    const spike_rule rule = SPIKE_RULE;
    spike *k;
    int watched;
    const int spikes = spike_find(&k, &watched, loss, n, &rule);
    assert_int_equal(watched, n > rule.window / 2 ? n - rule.window / 2 : 0);
    if (spikes && first) *first = k[0];
    free(k);
    return spikes;
}

static void test_none_in_noise(void **state)
{
    (void)state;
    double loss[STEPS];
    int found = 0;
    for (unsigned seed = 1; seed <= 20; seed++)
        falling(loss, seed), found += count(loss, STEPS, NULL);
    assert_true(found <= 1); /* of 39,000 steps */
}

static void test_found_where_put(void **state)
{
    (void)state;
    double loss[STEPS];
    falling(loss, 1);
    spike k = { 0 };
    loss[1000] += 1, loss[1001] += 2, loss[1005] += 1; /* one: three high steps */
    assert_int_equal(count(loss, STEPS, &k), 1);
    assert_int_equal(k.first, 1000);
    assert_int_equal(k.at, 1001);
    assert_int_equal(k.steps, 6);
    assert_true(k.height > 25 && k.height < 70); /* about 2 / 0.05 */
    loss[1500] += 1, loss[1511] += 1;            /* two more, 10 steps in between */
    assert_int_equal(count(loss, STEPS, NULL), 3);
    loss[20] += 9; /* not watched yet */
    assert_int_equal(count(loss, STEPS, NULL), 3);

    falling(loss, 2);
    for (int i = 1200; i < STEPS; i++) loss[i] += 2; /* a loss that stays up is one spike */
    assert_int_equal(count(loss, STEPS, NULL), 1);
    for (int i = 0; i < STEPS; i++) loss[i] = 1; /* without noise there is no measure */
    loss[700] = 2;
    assert_int_equal(count(loss, STEPS, NULL), 0);
    assert_int_equal(count(loss, 40, NULL), 0);
    assert_int_equal(count(loss, 0, NULL), 0);
}

/* One arm whose runs have spikes, and one whose have none, with six seeds. */
static void test_verb(void **state)
{
    (void)state;
    static const double VALUE[] = { 3.0, 3.01, 3.02, 3.0, 3.01, 3.02 };
    static const fixture_arm ARM[] = { { "mha", "mha", 8, 512, -1, VALUE, NULL },
                                       { "mqa", "mqa", 1, 512, 0, VALUE, NULL } };
    fixture f;
    fixture_open(&f);
    fixture_study(&f, "heads", ARM, 2, 6, 0.01);
    fixture_run(&f, "UPDATE train_step SET loss = 9 WHERE step = 30 AND run_id IN (SELECT run_id"
                    " FROM arm_run JOIN arm USING(arm_id) WHERE label = 'mqa')");
    char *out, *err;
    assert_int_equal(fixture_command("spikes", &out, &err,
                                     (const char *const[]){ "spikes", "--db", f.path, "heads",
                                                            "--window=20", "-ojson", NULL }),
                     0);
    if (!strstr(out, "\"spikes\": 6") && !strstr(out, "\"spikes\":6")) fail_msg("%s", out);
    if (!strstr(out, "more") || !strstr(out, "0.03125")) fail_msg("%s", out);
    free(out), free(err);
    fixture_close(&f);
}

/* Runs are the units: six spikes in one of three runs are no evidence, and one in each of three
 * runs has p = 2/8. */
static void test_burst(void **state)
{
    (void)state;
    static const double VALUE[] = { 3.0, 3.01, 3.02 };
    static const fixture_arm ARM[] = { { "mha", "mha", 8, 512, -1, VALUE, NULL },
                                       { "mqa", "mqa", 1, 512, 0, VALUE, NULL } };
    static const char *const WHERE[] = { " AND step IN (20, 23, 26, 29, 32, 35) AND run_id =",
                                         " AND step = 30 AND run_id IN" };
    static const double P[] = { 1, 0.25 };
    static const int SPIKES[] = { 6, 3 };
    for (int i = 0; i < 2; i++) {
        fixture f;
        char sql[256], *out, *err;
        fixture_open(&f);
        fixture_study(&f, "heads", ARM, 2, 3, 0.01);
        snprintf(
            sql, sizeof sql,
            "UPDATE train_step SET loss = 900 WHERE true%s (SELECT run_id FROM arm_run JOIN arm"
            " USING(arm_id) WHERE label = 'mqa' ORDER BY pair_key)",
            WHERE[i]);
        fixture_run(&f, sql);
        const char *argv[] = { "spikes",      "--db",    f.path,   "heads",
                               "--window=20", "--gap=1", "-ojson", NULL };
        assert_int_equal(fixture_command("spikes", &out, &err, argv), 0);
        json_t *rows = fixture_rows(out);
        const json_t *mqa = json_array_get(rows, 1);
        assert_int_equal(fixture_number(mqa, "spikes"), SPIKES[i]);
        assert_true(fixture_number(mqa, "p_adjusted") == P[i]);
        assert_string_equal(json_string_value(json_object_get(mqa, "verdict")), "undecided");
        fixture_expect(out, "With 3 seeds no arm can be called different: that takes 6 seeds");
        json_decref(rows);
        free(out), free(err);
        fixture_close(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_none_in_noise),
        cmocka_unit_test(test_found_where_put),
        cmocka_unit_test(test_verb),
        cmocka_unit_test(test_burst),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
