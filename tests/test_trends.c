/* test_trends.c - gaps that grow, close, change sign or stay along an axis are named so, and the
 * slopes are those of the interactions, which are found in another way.
 */
#include "analysis/answers/interaction.h"
#include "analysis/answers/trends.h"

#include "tests/fixture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SEEDS = 6, LEVELS = 4, KINDS = 5, ARMS = (KINDS + 1) * LEVELS };

static const char *const ATTENTION[] = { "mha", "gqa:n_kv_heads=2", "mqa",
                                         "gqa", "window:size=8",    "window:size=4" };
static const char *const GAP[] = { "stays", "grows", "closes", "changes sign", "undecided" };

/* The true difference of a kind at a level. */
static double truth(int kind, int level)
{
    switch (kind) {
    case 1:
        return 0.005;
    case 2:
        return 0.01 + 0.02 * level;
    case 3:
        return -0.1 + 0.02 * level;
    case 4:
        return 0.03 - 0.02 * level;
    default:
        return 0.02;
    }
}

/* The baseline and five kinds at four lengths; noise of 0.001, and of 0.05 in the last kind. */
static void make(fixture *f)
{
    static double value[ARMS][SEEDS];
    static char label[ARMS][64], axis[ARMS][128];
    fixture_arm arm[ARMS];
    for (int a = 0; a < ARMS; a++) {
        const int kind = a / LEVELS, l = a % LEVELS, context = 64 << l;
        snprintf(label[a], sizeof label[a], "%s @%d", ATTENTION[kind], context);
        snprintf(axis[a], sizeof axis[a], "{\"model.attention\":\"%s\",\"model.context\":%d}",
                 ATTENTION[kind], context);
        for (int s = 0; s < SEEDS; s++)
            value[a][s] = 3.5 - 0.1 * l + 0.03 * s + (kind ? truth(kind, l) : 0) +
                          (kind == 5 ? 0.05 : 0.001) * sin(7.0 * a * a + 5.3 * s * a + 3.0 * s);
        arm[a] = (fixture_arm){ label[a],      ATTENTION[kind], 8,      context,
                                kind ? l : -1, value[a],        axis[a] };
    }
    fixture_study(f, "study", arm, ARMS, SEEDS, 0.02);
}

static void test_gaps(void **state)
{
    (void)state;
    fixture f;
    study s;
    comparison c;
    trends t;
    interactions k;
    error e;
    fixture_open(&f);
    make(&f);
    if (!study_open(&s, &f.d, "study", NULL, -1, &e) || !comparison_open(&c, &s, &f.d, false, &e) ||
        !trends_open(&t, &c, "context", TRENDS_AXIS, &e))
        fail_msg("%s", e.msg);
    interaction_find(&k, &c);
    assert_int_equal(t.n, KINDS);
    assert_int_equal(k.n, KINDS);
    for (int i = 0; i < KINDS; i++) {
        const trends_row *r = &t.row[i];
        assert_string_equal(r->name, ATTENTION[i + 1]);
        assert_string_equal(r->against, "mha");
        assert_string_equal(trends_verdict(&t, r), GAP[i]);
        assert_int_equal(r->levels, LEVELS);
        assert_true(fabs(r->line.slope - k.row[i].slope) < 1e-12);
        assert_true(fabs(r->lo - k.row[i].lo) < 1e-12 && fabs(r->hi - k.row[i].hi) < 1e-12);
        if (i == 4) continue;
        const trend_point p = trend_predict(&r->line, log2(1024), 0.05);
        assert_true(p.lo < truth(i + 1, 4) && truth(i + 1, 4) < p.hi && p.hi - p.lo < 0.05);
    }
    interaction_close(&k), trends_close(&t);
    assert_false(trends_open(&t, &c, "attention", TRENDS_AXIS, &e));
    assert_non_null(strstr(e.msg, "its levels are no numbers"));
    assert_false(trends_open(&t, &c, "contexts", TRENDS_AXIS, &e));
    assert_non_null(strstr(e.msg, "no such axis"));
    comparison_close(&c), study_free(&s);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_gaps) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
