/* test_frontier.c - an arm is dominated because of a verdict, not by chance. */
#include "analysis/answers/frontier.h"

#include "tests/fixture.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* mqa costs an eighth of mha: what its losses make of the two.  Their means differ in all cases. */
static void check(const double *mqa, frontier_place of_mha, frontier_place of_mqa)
{
    static const double MHA[] = { 3.000, 3.010, 2.995, 3.005, 3.002, 2.991 };
    const fixture_arm arm[] = { { "mha", "mha", 8, 512, -1, MHA, NULL },
                                { "mqa", "mqa", 1, 512, 0, mqa, NULL } };
    fixture fix;
    error e;
    study s;
    comparison c;
    frontier f;
    fixture_open(&fix);
    fixture_study(&fix, "heads", arm, 2, 6, 0.02);
    assert_true(study_open(&s, &fix.d, "heads", NULL, -1, &e));
    assert_true(comparison_open(&c, &s, &fix.d, true, &e));
    frontier_open(&f, &c);
    assert_int_equal(f.arm[0].place[FRONTIER_KV], of_mha);
    assert_int_equal(f.arm[1].place[FRONTIER_KV], of_mqa);
    if (of_mha == FRONTIER_DOMINATED) assert_int_equal(f.arm[0].by[FRONTIER_KV], 1);
    /* Parameters are equal: equivalence dominates nobody there. */
    assert_int_equal(f.arm[0].place[FRONTIER_PARAMS] == FRONTIER_DOMINATED,
                     of_mha == FRONTIER_DOMINATED && f.arm[0].mean > f.arm[1].mean + 0.02);
    assert_true(f.arm[0].cost[FRONTIER_FLOPS] > 0);
    char text[64];
    frontier_describe(text, sizeof text, &f, 1, FRONTIER_KV);
    assert_string_equal(text, "frontier");
    frontier_close(&f);
    comparison_close(&c);
    study_free(&s);
    fixture_close(&fix);
}

static void test_places(void **state)
{
    (void)state;
    static const double BETTER[] = { 2.900, 2.912, 2.893, 2.905, 2.904, 2.889 };
    static const double SAME[] = { 3.001, 3.012, 2.994, 3.006, 3.001, 2.993 };
    static const double WORSE[] = { 3.100, 3.112, 3.093, 3.105, 3.104, 3.089 };
    static const double WILD[] = { 3.200, 2.812, 3.093, 2.905, 3.004, 3.039 };
    check(BETTER, FRONTIER_DOMINATED, FRONTIER_BEST);
    check(SAME, FRONTIER_DOMINATED, FRONTIER_BEST);
    check(WORSE, FRONTIER_BEST, FRONTIER_BEST);
    check(WILD, FRONTIER_OPEN, FRONTIER_BEST);
}

/* The figure marks what the command says, in its legend and on its dashed line. */
static void test_figure(void **state)
{
    (void)state;
    static const double MHA[] = { 3.000, 3.010, 2.995, 3.005, 3.002, 2.991 },
                        GQA[] = { 3.001, 3.012, 2.994, 3.006, 3.001, 2.993 },
                        MQA[] = { 3.100, 3.112, 3.093, 3.105, 3.104, 3.089 },
                        WILD[] = { 3.200, 2.812, 3.093, 2.905, 3.004, 3.039 };
    /* four is equivalent to mha at half its cost, wild is told from nobody, mqa is the cheapest;
     * costs fall from arm to arm but for the first, which is not on the line. */
    const fixture_arm arm[] = { { "wild", "gqa:n_kv_heads=6", 6, 512, 1, WILD, NULL },
                                { "mha", "mha", 8, 512, -1, MHA, NULL },
                                { "four", "gqa:n_kv_heads=4", 4, 512, 1, GQA, NULL },
                                { "mqa", "mqa", 1, 512, 1, MQA, NULL } };
    fixture f;
    char *out, *err, *dat, *gp, folder[128], path[192], line[512];
    fixture_open(&f);
    fixture_study(&f, "heads", arm, 4, 6, 0.02);
    assert_int_equal(fixture_command("frontier", &out, &err,
                                     (const char *[]){ "attnlab frontier", "--db", f.path, "heads",
                                                       "-ojson", NULL }),
                     0);
    json_t *j = fixture_rows(out);
    free(out), free(err);
    snprintf(folder, sizeof folder, "%s/figures", f.folder);
    assert_int_equal(
        fixture_command("plot", &out, &err,
                        (const char *[]){ "attnlab plot", "--db", f.path, "heads", "--out", folder,
                                          "--kind", "frontier", "--format", "tex", NULL }),
        0);
    free(out), free(err);
    snprintf(path, sizeof path, "%s/frontier.gp", folder);
    gp = fixture_file(path);
    snprintf(path, sizeof path, "%s/frontier.dat", folder);
    dat = fixture_file(path);
    /* The first block of the data is the line: an arm a row, by ascending cost. */
    static const char HEAD[] = "# frontier\n# bytes mean\n";
    if (strncmp(dat, HEAD, strlen(HEAD)) != 0) fail_msg("no line in:\n%s", dat);
    const char *end = strstr(dat, "\n\n"), *at = dat + strlen(HEAD);
    static const char *const MARK[] = { "", " (dominated)", " (undecided)" };
    int seen[3] = { 0 };
    for (size_t i = json_array_size(j); i-- > 0;) {
        const json_t *r = json_array_get(j, i);
        const char *said = json_string_value(json_object_get(r, "against_kv"));
        const int place = strcmp(said, "frontier") == 0             ? 0
                          : strncmp(said, "dominated by ", 13) == 0 ? 1
                                                                    : 2;
        seen[place]++;
        snprintf(line, sizeof line, "'%s%s' at screen",
                 json_string_value(json_object_get(r, "arm")), MARK[place]);
        if (!strstr(gp, line)) fail_msg("no %s in:\n%s", line, gp);
        if (place) continue;
        double bytes, mean;
        int n;
        assert_int_equal(sscanf(at, "%lf %lf%n", &bytes, &mean, &n), 2);
        at += n;
        assert_true(at <= end);
        assert_true(bytes == json_number_value(json_object_get(r, "kv_bytes_per_token")));
        assert_true(fabs(mean - json_number_value(json_object_get(r, "mean"))) < 1e-8);
    }
    assert_ptr_equal(at, end); /* and no other */
    assert_true(seen[0] == 2 && seen[1] == 1 && seen[2] == 1);
    json_decref(j);
    free(gp), free(dat);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_places),
                                        cmocka_unit_test(test_figure) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
