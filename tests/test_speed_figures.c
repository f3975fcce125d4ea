/* test_speed_figures.c - figures of decoding speed show the medians, intervals and bytes that bench
 * has stored.
 */
#include "tests/figure_files.h"

/* What was measured is what is drawn: medians, their intervals, and bytes. */
static void speeds(void **state)
{
    (void)state;
    static const double LOSS[] = { 3.51, 3.5, 3.52 };
    static const fixture_arm TWO[] = { { "mha", "mha", 8, 512, -1, LOSS, NULL },
                                       { "mqa", "mqa", 1, 512, 0, LOSS, NULL } };
    fixture f;
    char folder[128], *err, *text;
    double v[64];
    fixture_open(&f);
    fixture_study(&f, "study", TWO, 2, 3, 0.02);
    snprintf(folder, sizeof folder, "%s/out", f.folder);
    assert_int_equal(plot(&f, "study", folder, &err,
                          (const char *[]){ "--kind", "throughput", "--format", "tex", NULL }),
                     1);
    assert_non_null(strstr(err, "attnlab bench decode --study study"));
    free(err);
    put_speeds(&f);
    text = drawn(&f, "throughput", "dat", NULL);
    assert_int_equal(block(v, 64, text, "mqa", 2), 2); /* context 100: batches 1 and 4 */
    near(v[0], 2, 1e-9), near(v[1], 500, 1e-6), near(v[2], 8, 1e-9), near(v[3], 500, 1e-6);
    free(text);
    text = drawn(&f, "groups", "dat", NULL);
    assert_int_equal(block(v, 64, text, "batch 4", 4), 2);
    near(v[0], 1, 0), near(v[1], 8, 1e-9), near(v[2], 4, 1e-9), near(v[3], 12, 1e-9);
    near(v[4], 8, 0), near(v[5], 64, 1e-9), near(v[6], 32, 1e-9), near(v[7], 96, 1e-9);
    free(text);
    text =
        drawn(&f, "memory", "dat", NULL); /* batch 4: 1 MiB of weights, 4 or 32 times the context */
    assert_int_equal(block(v, 64, text, "mqa", 2), 2);
    near(v[1], 5, 1e-9), near(v[2], 800, 0), near(v[3], 33, 1e-9);
    free(text);
    text = drawn(&f, "speed", "dat", NULL); /* context 800, batch 1 */
    assert_int_equal(block(v, 64, text, "mqa", 4), 1);
    near(v[0], 16, 1e-9), near(v[2], 8, 1e-9), near(v[3], 24, 1e-9);
    free(text);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(speeds) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
