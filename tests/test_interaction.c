/* test_interaction.c - a gap that grows with context is found, and a constant one is not reported.
 */
#include "analysis/answers/interaction.h"

#include "tests/fixture.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SEEDS = 6, ARMS = 9 };

static const int CONTEXT[] = { 128, 256, 512 };
static double value[ARMS][SEEDS];

/* mha, gqa (gap 0.01 everywhere), mqa (gap 0.01 a doubling) at three contexts; noise of 0.001. */
static void make(fixture *f, const char *name, int seeds)
{
    static const char *const ATTENTION[] = { "mha", "gqa:n_kv_heads=2", "mqa" };
    static char label[ARMS][64], axis[ARMS][128];
    fixture_arm arm[ARMS];
    for (int a = 0; a < ARMS; a++) {
        const int kind = a / 3, l = a % 3;
        snprintf(label[a], sizeof label[a], "%s context=%d", ATTENTION[kind], CONTEXT[l]);
        snprintf(axis[a], sizeof axis[a], "{\"model.attention\":\"%s\",\"model.context\":%d}",
                 ATTENTION[kind], CONTEXT[l]);
        for (int s = 0; s < seeds; s++)
            value[a][s] = 3.5 - 0.02 * l + 0.03 * s +
                          (kind == 1   ? 0.01
                           : kind == 2 ? 0.01 * l
                                       : 0) +
                          0.001 * sin(7.0 * a * a + 5.3 * s * a + 3.0 * s);
        arm[a] = (fixture_arm){ label[a],      ATTENTION[kind], 8,      CONTEXT[l],
                                kind ? l : -1, value[a],        axis[a] };
    }
    fixture_study(f, name, arm, ARMS, seeds, 0.02);
}

static void check(const fixture *f, const char *name)
{
    const char *argv[] = { "attnlab", "--db", f->path, name, "--interactions", "-ojson", NULL };
    char *out, *err;
    assert_int_equal(fixture_command("compare", &out, &err, argv), 0);
    json_t *j = fixture_rows(out);
    assert_int_equal(json_array_size(j), 2);
    const json_t *gqa = json_array_get(j, 0), *mqa = json_array_get(j, 1);
    assert_string_equal(json_string_value(json_object_get(gqa, "axis")), "model.context");
    assert_string_equal(json_string_value(json_object_get(gqa, "verdict")), "undecided");
    assert_true(fixture_number(gqa, "ci_lo") < 0 && fixture_number(gqa, "ci_hi") > 0);
    assert_string_equal(json_string_value(json_object_get(mqa, "verdict")), "rises");
    assert_true(fabs(fixture_number(mqa, "a_doubling") - 0.01) < 0.001);
    assert_true(fixture_number(mqa, "ci_lo") < 0.01 && fixture_number(mqa, "ci_hi") > 0.01);
    assert_true(fixture_number(mqa, "p_adjusted") < 0.05);
    json_decref(j);
    free(out), free(err);
}

static void grows(void **state)
{
    (void)state;
    fixture f;
    fixture_open(&f);
    make(&f, "six", 6); /* sign-flips */
    check(&f, "six");
    make(&f, "three", 3); /* paired t */
    check(&f, "three");
    const char *argv[] = { "attnlab", "--db", f.path, "six", NULL };
    char *out, *err;
    assert_int_equal(fixture_command("compare", &out, &err, argv), 0);
    assert_non_null(strstr(out, "Along an axis"));
    free(out), free(err);
    fixture_close(&f);
}

/* With two values the slope is half the difference of differences, and its error that of its values
 * at each seed. */
static void by_hand(void **state)
{
    (void)state;
    fixture f;
    fixture_open(&f);
    static const double Y[4][3] = {
        { 3.0, 3.1, 3.25 }, { 2.9, 3.02, 3.1 }, { 3.05, 3.12, 3.32 }, { 3.0, 3.15, 3.2 }
    };
    fixture_arm arm[4];
    for (int a = 0; a < 4; a++) {
        static char axis[4][96];
        snprintf(axis[a], sizeof axis[a], "{\"model.attention\":\"%s\",\"model.context\":%d}",
                 a < 2 ? "mha" : "mqa", a % 2 ? 512 : 128);
        arm[a] = (fixture_arm){
            axis[a], a < 2 ? "mha" : "mqa", 8, a % 2 ? 512 : 128, a < 2 ? -1 : a - 2, Y[a], axis[a]
        };
    }
    fixture_study(&f, "two", arm, 4, 3, 0.02);
    study s;
    comparison c;
    interactions k;
    error e;
    assert_true(study_open(&s, &f.d, "two", NULL, -1, &e));
    assert_true(comparison_open(&c, &s, &f.d, false, &e));
    interaction_find(&k, &c);
    assert_int_equal(k.n, 1);
    double slope = 0, at[3], square = 0;
    for (int i = 0; i < 3; i++) {
        at[i] = ((Y[3][i] - Y[1][i]) - (Y[2][i] - Y[0][i])) / 2;
        slope += at[i] / 3;
    }
    for (int i = 0; i < 3; i++) square += (at[i] - slope) * (at[i] - slope);
    assert_true(fabs(k.row[0].slope - slope) < 1e-12);
    const double se = sqrt(square / 2 / 3);
    assert_true(fabs(k.row[0].hi - slope - 4.302652729911275 * se) < 1e-9); /* t, 2 df */
    interaction_close(&k);
    comparison_close(&c);
    study_free(&s);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(grows), cmocka_unit_test(by_hand) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
