/* test_task_figures.c - figures of scores show the means that can be counted in the database, and
 * say what they need. */
#include "analysis/data/study.h"
#include "tests/heads.h"
#include "tests/score_fixture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SEEDS = 6 };

static const score_task TASK[] = { { "mqar", "recall", "acc", 60 },
                                   { "passkey", "recall", "acc", 60 },
                                   { "text", "loss", "bpb", 12 } };

/* Items far back are lost by arms with few key/value heads. */
static double far_back(int t, int a, int s, int i)
{
    if (t == 2) return 20 + score_random(t, a, s, i);
    return score_random(t, a, s, i) >= 0.1 + 0.15 * a * (i % 6) / 2;
}

static void open_heads(fixture *f)
{
    static const double LOSS[] = { 3.5, 3.51, 3.52, 3.5, 3.49, 3.51 };
    fixture_arm arm[3];
    memcpy(arm, HEADS, sizeof HEADS);
    for (int a = 0; a < 3; a++) arm[a].value = LOSS;
    fixture_open(f);
    fixture_study(f, "heads", arm, 3, SEEDS, 0.02);
}

static char *data_of(const fixture *f, const char *kind)
{
    char folder[128], path[192], *out, *err;
    snprintf(folder, sizeof folder, "%s/out", f->folder);
    const char *argv[] = { "attnlab plot", "heads", "--db", f->path,  "--metric",
                           "bench",        "--out", folder, "--kind", kind,
                           "--format",     "tex",   NULL };
    if (fixture_command("plot", &out, &err, argv) != 0) fail_msg("%s: %s", kind, err);
    free(out), free(err);
    snprintf(path, sizeof path, "%s/%s.dat", folder, kind);
    return fixture_file(path);
}

/* The rows of the n-th block whose comment has `name`; returns how many. */
static int block(double row[][4], int columns, const char *text, const char *name, int nth)
{
    const char *at = text;
    for (int k = 0; k <= nth; k++) {
        at = strstr(at, name);
        if (!at) fail_msg("no block %d of '%s' in:\n%s", nth, name, text);
        at = strchr(at, '\n') + 1;
    }
    int n = 0;
    while (*at == '#') at = strchr(at, '\n') + 1;
    for (; n < 64; n++) {
        char *end = (char *)at;
        for (int c = 0; c < columns; c++) {
            const char *from = end;
            row[n][c] = strtod(from, &end);
            if (end == from) return n;
        }
        at = strchr(at, '\n') + 1;
    }
    return n;
}

static void near(double x, double wanted, const char *what)
{
    if (!(fabs(x - wanted) < 1e-6)) fail_msg("%s: %.9g, expected %.9g", what, x, wanted);
}

/* The mean of an arm over the items of a task with i mod m = k, at all seeds. */
static double mean_of(int t, int a, int m, int k)
{
    double sum = 0;
    int n = 0;
    for (int s = 0; s < SEEDS; s++)
        for (int i = 0; i < TASK[t].items; i++)
            if (i % m == k) sum += far_back(t, a, s, i), n++;
    return sum / n;
}

/* Scores by task and arm, and the verdicts that compare prints. */
static void tasks(void **state)
{
    (void)state;
    fixture f;
    open_heads(&f);
    score_runs(&f, score_suite(&f, "bench", TASK, 3), far_back, 512);
    char *text = data_of(&f, "tasks"), path[192];
    double row[64][4];
    /* recall, mqar, passkey, text from the top, one column an arm: the mean of the suite is that of
     * recall, its one group of accuracies */
    assert_int_equal(block(row, 3, text, "cells", 0), 4 * 3);
    for (int i = 0; i < 12; i++) {
        const int a = (int)row[i][0] - 1, r = 4 - (int)row[i][1];
        const double recall = (mean_of(0, a, 1, 0) + mean_of(1, a, 1, 0)) / 2,
                     wanted = r == 0   ? recall
                              : r == 3 ? mean_of(2, a, 1, 0) / 12 / log(2)
                                       : mean_of(r - 1, a, 1, 0);
        near(row[i][2], wanted, "score");
    }
    free(text);
    snprintf(path, sizeof path, "%s/out/tasks.gp", f.folder);
    text = fixture_file(path);
    fixture_expect(text, " ~"); /* the losses do not differ */
    char *out, *err;
    const char *argv[] = { "attnlab compare", "heads", "--db", f.path, "--metric", "bench", NULL };
    assert_int_equal(fixture_command("compare", &out, &err, argv), 0);
    int marks = 0, undecided = 0;
    for (const char *at = text; (at = strstr(at, " ~'")); at++) marks++;
    for (const char *at = out; (at = strstr(at, "  undecided\n")); at++) undecided++;
    assert_true(marks > 0);
    assert_int_equal(marks, undecided);
    free(out), free(err), free(text);
    fixture_close(&f);
}

static void distance(void **state)
{
    (void)state;
    fixture f;
    open_heads(&f);
    score_runs(&f, score_suite(&f, "bench", TASK, 3), far_back, 512);
    char *text = data_of(&f, "distance");
    double row[64][4];
    for (int a = 0; a < 3; a++) {
        char name[64];
        snprintf(name, sizeof name, "%s", HEADS[a].label);
        /* blocks of an arm: a band and a line for each task */
        assert_int_equal(block(row, 2, text, name, 1), 6);
        for (int k = 0; k < 6; k++) {
            near(row[k][0], 4 << k, "distance");
            near(row[k][1], mean_of(0, a, 6, k), "score");
        }
    }
    free(text);
    fixture_close(&f);
}

static void depth(void **state)
{
    (void)state;
    fixture f;
    open_heads(&f);
    score_runs(&f, score_suite(&f, "bench", TASK, 3), far_back, 512);
    char *text = data_of(&f, "depth");
    double row[64][4];
    assert_int_equal(block(row, 3, text, "mha", 0), 5 * 4);
    for (int i = 0; i < 20; i++) {
        const int length = (int)row[i][0] - 1, deep = 5 - (int)row[i][1];
        double sum = 0;
        int n = 0;
        for (int t = 0; t < 2; t++)
            for (int s = 0; s < SEEDS; s++)
                for (int k = 0; k < 60; k++)
                    if (k % 4 == length && k % 5 == deep) sum += far_back(t, 0, s, k), n++;
        near(row[i][2], sum / n, "score at a depth and a length");
    }
    free(text);
    fixture_close(&f);
}

static void cache(void **state)
{
    (void)state;
    fixture f;
    open_heads(&f);
    score_runs(&f, score_suite(&f, "bench", TASK, 3), far_back, 512);
    char *text = data_of(&f, "state");
    double row[64][4];
    assert_int_equal(block(row, 4, text, "mqar", 1), 3); /* after the line */
    for (int k = 0; k < 3; k++) {
        const int a = 2 - k; /* from the smallest cache to the largest */
        near(row[k][0], HEADS[a].n_kv_heads * 2.0 * 32 * 4 * 6 * 512, "bytes");
        near(row[k][1], mean_of(0, a, 1, 0), "score");
        assert_true(row[k][2] < row[k][1] && row[k][3] > row[k][1]);
    }
    free(text);
    fixture_close(&f);
}

/* Without a suite, or without what the kind needs. */
static void missing(void **state)
{
    (void)state;
    fixture f;
    char folder[128], *out, *err;
    open_heads(&f);
    snprintf(folder, sizeof folder, "%s/out", f.folder);
    const char *argv[] = { "attnlab plot", "heads",  "--db",  f.path, "--out", folder, "--kind",
                           "tasks",        "--kind", "depth", NULL,   NULL,    NULL };
    assert_int_equal(fixture_command("plot", &out, &err, argv), STATUS_FAILED);
    fixture_expect(err, "no figure 'tasks': it needs scores on a suite of tasks, but no run was "
                        "evaluated on a suite of tasks");
    free(out), free(err);
    score_runs(&f, score_suite(&f, "bench", TASK, 3), far_back, 512);
    assert_int_equal(fixture_command("plot", &out, &err, argv), STATUS_FAILED);
    fixture_expect(err, "the metric is val_loss@512: --metric takes a suite (bench)");
    free(out), free(err);
    fixture_run(&f, "UPDATE task_item SET depth = NULL");
    argv[10] = "--metric", argv[11] = "bench";
    assert_int_equal(fixture_command("plot", &out, &err, argv), STATUS_FAILED);
    fixture_expect(err, "no figure 'depth'");
    fixture_expect(err, "no task of bench has them");
    fixture_expect(out, "tasks.svg");
    free(out), free(err);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tasks), cmocka_unit_test(distance), cmocka_unit_test(depth),
        cmocka_unit_test(cache), cmocka_unit_test(missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
