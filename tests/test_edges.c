/* test_edges.c - commands at the ends of the ranges of alpha and margin, and data at the edges:
 * arms that are identical, spreads that are unlike. */
#include "tests/heads.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare(const fixture *f, char **out, char **err, const char *study, const char *option)
{
    return fixture_command("compare", out, err,
                           (const char *[]){ "attnlab", "--db", f->path, study, option, NULL });
}

/* Every alpha and margin in the printed ranges, ends included, at every number of seeds. */
static void ranges(void **state)
{
    (void)state;
    static const char *const GOOD[] = { "--alpha=1e-9", "--alpha=1e-5",    "--alpha=0.5",
                                        "--margin=0",   "--margin=1e-300", "--margin=1e6" },
                             *const BAD[] = { "--alpha=0",   "--alpha=1e-300", "--alpha=0.51",
                                              "--alpha=nan", "--margin=-1",    "--margin=1e7" };
    fixture f;
    char *out, *err;
    fixture_open(&f);
    for (int seeds = 1; seeds <= 6; seeds++) {
        char name[8];
        snprintf(name, sizeof name, "s%d", seeds);
        fixture_study(&f, name, HEADS, 3, seeds, 0.02);
        for (size_t i = 0; i < sizeof GOOD / sizeof *GOOD; i++) {
            if (compare(&f, &out, &err, name, GOOD[i]) != STATUS_DONE)
                fail_msg("%s, %d seeds: %s", GOOD[i], seeds, err);
            if (i == 0 && seeds > 1) fixture_expect(out, "99.9999999 % interval");
            free(out), free(err);
        }
    }
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        if (compare(&f, &out, &err, "s3", BAD[i]) != STATUS_USAGE)
            fail_msg("%s is accepted", BAD[i]);
        free(out), free(err);
    }
    fixture_close(&f);
}

/* Other commands that take an alpha answer or refuse, but never abort. */
static void ranges_elsewhere(void **state)
{
    (void)state;
    static const char *const COMMAND[] = { "power", "curves", "spikes", "frontier" },
                             *const ALPHA[] = { "--alpha=1e-9", "--alpha=0.5" };
    fixture f;
    char *out, *err;
    fixture_open(&f);
    for (int seeds = 1; seeds <= 6; seeds += seeds == 3 ? 3 : 1) {
        char name[8];
        snprintf(name, sizeof name, "s%d", seeds);
        fixture_study(&f, name, HEADS, 3, seeds, 0);
        for (int k = 0; k < 8; k++) {
            const char *argv[] = { "attnlab", "--db", f.path, name, ALPHA[k % 2], NULL };
            const int status = fixture_command(COMMAND[k / 2], &out, &err, argv);
            if (status != STATUS_DONE && status != STATUS_FAILED)
                fail_msg("%s %s, %d seeds: %s", COMMAND[k / 2], ALPHA[k % 2], seeds, err);
            free(out), free(err);
        }
    }
    fixture_close(&f);
}

/* Arms that agree to the last digit: no interval of no width, no sign of zero. */
static void identical_arms(void **state)
{
    (void)state;
    const fixture_arm arm[] = { HEADS[0], { "twin", "gqa:n_kv_heads=8", 8, 512, 0, MHA, NULL } };
    fixture f;
    char *out, *err;
    fixture_open(&f);
    fixture_study(&f, "three", arm, 2, 3, 0.02);
    fixture_study(&f, "six", arm, 2, 6, NAN);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(compare(&f, &out, &err, i ? "six" : "three", NULL), 0);
        fixture_expect(out, i ? "no difference, their values agree to the last digit (6 seeds)"
                              : "no difference, their values agree to the last digit (3 seeds)");
        assert_null(strstr(out, "-0.0"));
        assert_null(strstr(out, "would not settle it"));
        free(out), free(err);
    }
    fixture_close(&f);
}

/* Spreads that differ much are named, and do not decide about other arms. */
static void unlike_spreads(void **state)
{
    (void)state;
    static const double WILD[] = { 3.4, 3.9, 3.2, 3.7 };
    fixture f;
    char *out, *err;
    fixture_open(&f);
    const fixture_arm arm[] = { HEADS[0], HEADS[2], { "wild", "window", 8, 512, 0, WILD, NULL } };
    fixture_study(&f, "alike", arm, 2, 4, 0.02);
    fixture_study(&f, "unlike", arm, 3, 4, 0.02);
    assert_int_equal(compare(&f, &out, &err, "alike", NULL), 0);
    assert_null(strstr(out, "differ by a factor"));
    free(out), free(err);
    assert_int_equal(compare(&f, &out, &err, "unlike", NULL), 0);
    fixture_expect(out, "The standard deviations of the arms differ by a factor of 3");
    fixture_expect(out, "is worse than MHA"); /* although "wild" scatters */
    free(out), free(err);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges),
        cmocka_unit_test(ranges_elsewhere),
        cmocka_unit_test(identical_arms),
        cmocka_unit_test(unlike_spreads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
