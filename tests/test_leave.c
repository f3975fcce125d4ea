/* test_leave.c - compare says when a study was stopped inside the spread of the plateau, and only
 * then; noise shows its parts. */
#include "tests/fixture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ARMS = 2, SEEDS = 8, STEPS = 400 };

/* Steps at which the runs leave, and a number that has nothing to do with them. */
static const double LEAVES[ARMS][SEEDS] = { { 100, 130, 170, 90, 150, 120, 180, 110 },
                                            { 140, 95, 125, 160, 115, 175, 105, 135 } },
                    OTHER[ARMS][SEEDS] = { { 0.01, -0.02, 0, 0.02, 0.01, -0.01, -0.02, 0.015 },
                                           { 0.02, 0, -0.01, 0.01, -0.02, 0.015, -0.015, 0.005 } };

static double loss_at(int step, double leaves)
{
    const double left = 1 / (1 + exp(-6 * log(step / leaves))),
                 later = step > leaves ? 0.35 * log(step / leaves) : 0;
    return 5 + 1.2 * exp(-step / 8.0) - left - later + 0.02 * sin(7.0 * step);
}

/* A study whose final losses follow the moments (by `slope` per e-fold), with other noise, and
 * whose curves have a plateau or not. */
static void make(fixture *f, double slope, double noise, bool plateau)
{
    double y[ARMS][SEEDS];
    error e;
    for (int a = 0; a < ARMS; a++)
        for (int s = 0; s < SEEDS; s++)
            y[a][s] = 3.5 + 0.01 * a + slope * log(LEAVES[a][s] / 130) + noise * OTHER[a][s];
    const fixture_arm arm[ARMS] = { { "mha", "mha", 8, 512, -1, y[0], NULL },
                                    { "mqa", "mqa", 1, 512, 0, y[1], NULL } };
    fixture_open(f);
    fixture_study(f, "stopped", arm, ARMS, SEEDS, 0.02);
    fixture_run(f, "DELETE FROM train_step");
    fixture_run(f, "UPDATE eval SET step = 400 WHERE step = 40");
    fixture_run(f, "UPDATE run SET last_step = 400, target_step = 400");
    assert_true(db_begin(&f->d, &e));
    for (int a = 0; a < ARMS; a++)
        for (int s = 0; s < SEEDS; s++)
            for (int step = 1; step <= STEPS; step++) {
                const double x =
                    plateau ? loss_at(step, LEAVES[a][s]) : 2 + 5 * pow(step + 3, -0.3);
                if (!db_run(&f->d, &e,
                            "INSERT INTO train_step SELECT run_id, ?, 1, ? * 1000, 100, ?, 1, 1e-3,"
                            " 0 FROM arm JOIN arm_run USING(arm_id) WHERE ord = ? AND pair_key = ?",
                            "nndnn", step, step, x, a, s + 1))
                    fail_msg("%s", e.msg);
            }
    assert_true(db_commit(&f->d, &e));
}

/* What `attnlab NAME stopped` says, both streams; the caller frees it. */
static char *ask(const fixture *f, const char *name)
{
    char *out, *err;
    const char *argv[] = { "attnlab", "--db", f->path, "stopped", NULL };
    assert_int_equal(fixture_command(name, &out, &err, argv), 0);
    char *all = malloc(strlen(out) + strlen(err) + 1);
    assert_non_null(all);
    strcat(strcpy(all, out), err);
    free(out), free(err);
    return all;
}

static bool warned(const char *text)
{
    return strstr(text, "left the first plateau of the training loss between steps") != NULL;
}

/* The moment explains the spread: both say so, with the steps. */
static void stopped(void **state)
{
    (void)state;
    fixture f;
    make(&f, 0.2, 0.5, true);
    char *text = ask(&f, "compare");
    assert_true(warned(text));
    fixture_expect(text, "of 400, and that moment explains");
    free(text);
    text = ask(&f, "noise");
    assert_true(warned(text));
    fixture_expect(text, "Runs stay at a training loss of about ");
    fixture_expect(text, "What pairing by seed buys:");
    free(text);
    fixture_close(&f);
}

/* There is a plateau, but the spread has other causes. */
static void long_after(void **state)
{
    (void)state;
    fixture f;
    make(&f, 0, 1, true);
    char *text = ask(&f, "compare");
    assert_false(warned(text));
    free(text);
    text = ask(&f, "noise");
    fixture_expect(text, "Runs stay at a training loss of about ");
    free(text);
    fixture_close(&f);
}

/* Runs that leave early and end higher are no reason to train longer. */
static void opposite(void **state)
{
    (void)state;
    fixture f;
    make(&f, -0.2, 0.5, true);
    char *text = ask(&f, "compare");
    assert_false(warned(text));
    free(text);
    fixture_close(&f);
}

static void no_plateau(void **state)
{
    (void)state;
    fixture f;
    make(&f, 0.2, 0.5, false);
    char *text = ask(&f, "compare");
    assert_false(warned(text));
    free(text);
    text = ask(&f, "noise");
    fixture_expect(text, "No plateau of the training loss was found.");
    free(text);
    fixture_close(&f);
}

/* Runs outside the study make its first arm a crossed design of 3 x 3: y = 0.01 i + 0.02 j.  Their
 * build differs only in a variant that no run used. */
static void crossed(void **state)
{
    (void)state;
    static const double A[] = { 3.03, 3.06, 3.09 }, B[] = { 3.5, 3.52, 3.51 };
    const fixture_arm arm[] = { { "mha", "mha", 8, 512, -1, A, NULL },
                                { "mqa", "mqa", 1, 512, 0, B, NULL } };
    fixture f;
    error e;
    char *out, *err;
    fixture_open(&f);
    fixture_study(&f, "stopped", arm, 2, 3, 0.02);
    fixture_run(&f, "INSERT INTO code_file SELECT code_id, 'variants/delta.c', 'old' FROM code");
    fixture_run(&f, "INSERT INTO code(code_id, binary_sha256, version) VALUES(9, 'b1', '1')");
    fixture_run(&f,
                "INSERT INTO code_file VALUES(9, 'core', 'c0de'), (9, 'variants/delta.c', 'new')");
    for (int i = 1; i <= 3; i++)
        for (int j = 1; j <= 3; j++) {
            if (i == j) continue;
            const double y = 3 + 0.01 * i + 0.02 * j;
            if (!db_run(&f.d, &e,
                        "INSERT INTO run(run_uid, config_id, seed_init, seed_data, code_id, status,"
                        " last_step, target_step) SELECT 'x' || ?1 || ?2, config_id, ?1, ?2,"
                        " 9, 'done', 40, 40 FROM arm WHERE ord = 0",
                        "nn", i, j) ||
                !db_run(&f.d, &e,
                        "INSERT INTO eval(run_id, step, context, stride, n_tok, n_bytes, nll_sum)"
                        " VALUES(?, 40, 512, 512, 100, 400, ?)",
                        "id", db_last_id(&f.d), 100 * y))
                fail_msg("%s", e.msg);
        }
    const char *argv[] = { "attnlab", "--db", f.path, "stopped", "-ojson", NULL };
    assert_int_equal(fixture_command("noise", &out, &err, argv), 0);
    json_t *rows = fixture_rows(out);
    size_t i;
    json_t *row;
    int seen = 0;
    json_array_foreach(rows, i, row)
    {
        const char *what = json_string_value(json_object_get(row, "quantity")),
                   *label = json_string_value(json_object_get(row, "arm"));
        if (!what || !label || strcmp(label, "mha") != 0) continue;
        const double v = fixture_number(row, "value");
        if (strcmp(what, "initial weights") == 0) seen++, assert_true(fabs(v - 1e-4) < 1e-9);
        if (strcmp(what, "order of the text") == 0) seen++, assert_true(fabs(v - 4e-4) < 1e-9);
        if (strcmp(what, "interaction") == 0) seen++, assert_true(fabs(v) < 1e-9);
    }
    assert_int_equal(seen, 3);
    fixture_expect(out, "6 runs of these configurations outside the study counted.");
    json_decref(rows);
    free(out), free(err);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(stopped), cmocka_unit_test(long_after),
                                        cmocka_unit_test(opposite), cmocka_unit_test(no_plateau),
                                        cmocka_unit_test(crossed) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
