/* test_scores.c - attnlab compare --metric SUITE: means of tasks and groups, which items and runs
 * count, what is stored, and what is refused. */
#include "analysis/data/scores.h"
#include "analysis/data/study.h"
#include "tests/heads.h"
#include "tests/score_fixture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SEEDS = 6 };

static const score_task TASK[] = { { "mqar", "recall", "acc", 40 },
                                   { "copy", "recall", "acc", 20 },
                                   { "next", "language", "acc", 30 },
                                   { "text", "language", "bpb", 10 } };
static const double LOSS[] = { 3.5, 3.51, 3.52, 3.5, 3.49, 3.51 };

/* The second arm forgets: 0.9 of its items of recall against 0.95; the third nearly all. */
static double forgets(int t, int a, int s, int i)
{
    static const double LOST[] = { 0.05, 0.3, 0.9 };
    if (t == 3) return 20 + score_random(t, 0, 0, i) + 0.1 * score_random(t, a, s, i);
    return score_random(t, a, s, i) >= (t < 2 ? LOST[a] : 0.4);
}

static void open_heads(fixture *f)
{
    fixture_arm arm[3];
    memcpy(arm, HEADS, sizeof HEADS);
    for (int a = 0; a < 3; a++) arm[a].value = LOSS;
    fixture_open(f);
    fixture_study(f, "heads", arm, 3, SEEDS, 0.02);
}

static int compare(const fixture *f, char **out, char **err, const char *by,
                   const char *const *more)
{
    const char *argv[16] = { "attnlab compare", "heads", "--db", f->path, "--metric", by };
    for (int n = 6; more && *more; n++) argv[n] = *more++;
    return fixture_command("compare", out, err, argv);
}

static json_t *rows_of(const fixture *f, const char *by, const char *const *more)
{
    const char *argv[12] = { "-o", "json" };
    char *out, *err;
    for (int n = 2; more && *more; n++) argv[n] = *more++;
    if (compare(f, &out, &err, by, argv) != 0) fail_msg("%s: %s", by, err);
    json_t *rows = fixture_rows(out);
    free(out), free(err);
    return rows;
}

static const json_t *row_of(const json_t *rows, const char *arm, const char *name)
{
    size_t i;
    const json_t *row;
    json_array_foreach(rows, i, row)
    {
        if (strcmp(json_string_value(json_object_get(row, "arm")), arm) == 0 &&
            strcmp(json_string_value(json_object_get(row, "name")), name) == 0)
            return row;
    }
    fail_msg("no row of %s and %s", arm, name);
    return NULL;
}

static const char *text_of(const json_t *row, const char *key)
{
    return json_string_value(json_object_get(row, key));
}

/* The mean of an arm on a task over its items and all seeds, counted here. */
static double mean_of(int t, int a)
{
    double sum = 0;
    for (int s = 0; s < SEEDS; s++)
        for (int i = 0; i < TASK[t].items; i++) sum += forgets(t, a, s, i);
    return sum / SEEDS / TASK[t].items;
}

static void close_to(double x, double wanted, const char *what)
{
    if (!(fabs(x - wanted) < 1e-9)) fail_msg("%s: %.12g, expected %.12g", what, x, wanted);
}

/* Groups are means of tasks, the suite the mean of groups; bits a byte stay by themselves. */
static void means(void **state)
{
    (void)state;
    fixture f;
    open_heads(&f);
    score_runs(&f, score_suite(&f, "bench", TASK, 4), forgets, 512);
    json_t *rows = rows_of(&f, "bench", NULL);
    /* suite, recall, mqar, copy, next, text: the mean of language is that of its one accuracy */
    assert_int_equal(json_array_size(rows), 2 * 6);
    const char *arm[] = { "gqa:n_kv_heads=2", "mqa" };
    for (int a = 1; a < 3; a++) {
        const double recall = (mean_of(0, a) + mean_of(1, a)) / 2,
                     base = (mean_of(0, 0) + mean_of(1, 0)) / 2;
        const json_t *group = row_of(rows, arm[a - 1], "recall"),
                     *suite = row_of(rows, arm[a - 1], "bench"),
                     *text = row_of(rows, arm[a - 1], "text");
        close_to(fixture_number(group, "mean"), recall, "recall");
        close_to(fixture_number(group, "base_mean"), base, "recall of the base");
        close_to(fixture_number(group, "diff"), recall - base, "difference");
        close_to(fixture_number(suite, "mean"), (recall + mean_of(2, a)) / 2, "suite");
        close_to(fixture_number(row_of(rows, arm[a - 1], "copy"), "mean"), mean_of(1, a), "copy");
        close_to(fixture_number(text, "mean"), mean_of(3, a) / 12 / log(2), "bits a byte");
        assert_int_equal(fixture_number(group, "items"), 60);
        assert_int_equal(fixture_number(suite, "items"), 90);
        assert_string_equal(text_of(text, "score"), "bpb");
    }
    assert_string_equal(text_of(row_of(rows, "mqa", "recall"), "verdict"), "worse");
    assert_string_equal(text_of(row_of(rows, "mqa", "next"), "verdict"), "undecided");
    json_decref(rows);
    fixture_close(&f);
}

/* What is printed is what is stored, under one look. */
static void stores(void **state)
{
    (void)state;
    fixture f;
    error e;
    open_heads(&f);
    score_runs(&f, score_suite(&f, "bench", TASK, 4), forgets, 512);
    const char *const margin[] = { "--margin", "0.1", NULL };
    json_t *rows = rows_of(&f, "bench/recall", margin);
    int64_t looks = 0, stored = 0, heads = 0;
    assert_true(db_integer(&f.d, &looks, 0, &e, "SELECT count(*) FROM comparison", NULL));
    assert_true(db_integer(&f.d, &stored, 0, &e,
                           "SELECT count(*) FROM comparison_score JOIN comparison USING(cmp_id)"
                           " WHERE metric = 'bench/recall' AND margin = 0.1",
                           NULL));
    assert_true(db_integer(&f.d, &heads, 0, &e,
                           "SELECT count(*) FROM comparison_row r JOIN comparison_score s"
                           " USING(cmp_id, arm_id, base_arm_id) WHERE s.name = 'recall'"
                           " AND r.ci_lo = s.ci_lo AND r.verdict = s.verdict AND r.mde = s.mde",
                           NULL));
    assert_int_equal(looks, 1);
    assert_int_equal(stored, json_array_size(rows));
    assert_int_equal(heads, 2); /* the head of each contrast is its row of `comparison_row` */
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        char *verdict;
        assert_true(db_text(&f.d, &verdict, &e,
                            "SELECT s.verdict FROM comparison_score s JOIN arm a USING(arm_id)"
                            " WHERE s.name = ? AND a.label = ?",
                            "tt", text_of(row, "name"), text_of(row, "arm")));
        assert_string_equal(verdict, text_of(row, "verdict"));
        free(verdict);
    }
    json_decref(rows);
    fixture_close(&f);
}

/* A smaller family has narrower intervals, and other scores are other numbers. */
static void parts(void **state)
{
    (void)state;
    fixture f;
    open_heads(&f);
    score_runs(&f, score_suite(&f, "bench", TASK, 4), forgets, 512);
    json_t *all = rows_of(&f, "bench", NULL), *task = rows_of(&f, "bench/mqar", NULL),
           *norm = rows_of(&f, "bench/recall:acc_norm", NULL),
           *nats = rows_of(&f, "bench/text:nll@512", NULL);
    const json_t *wide = row_of(all, "mqa", "mqar"), *narrow = row_of(task, "mqa", "mqar");
    assert_int_equal(json_array_size(task), 2);
    assert_true(fixture_number(wide, "diff") == fixture_number(narrow, "diff"));
    assert_true(fixture_number(wide, "ci_hi") > fixture_number(narrow, "ci_hi"));
    close_to(fixture_number(row_of(norm, "mqa", "mqar"), "mean"), 1 - mean_of(0, 2), "acc_norm");
    close_to(fixture_number(row_of(nats, "mqa", "text"), "mean"), mean_of(3, 2) / 4, "nats");
    json_decref(all), json_decref(task), json_decref(norm), json_decref(nats);
    fixture_close(&f);
}

static double skips(int t, int a, int s, int i)
{
    return a == 1 && t == 0 && i % 4 == 3 ? NAN : forgets(t, a, s, i);
}

/* Runs are compared on the items that all of them scored, and it is said. */
static void common_items(void **state)
{
    (void)state;
    fixture f;
    char *out, *err;
    open_heads(&f);
    score_runs(&f, score_suite(&f, "bench", TASK, 4), skips, 512);
    assert_int_equal(compare(&f, &out, &err, "bench/mqar", NULL), 0);
    fixture_expect(out, "Of task mqar 30 of 40 items are compared");
    free(out), free(err);
    json_t *rows = rows_of(&f, "bench/mqar", NULL);
    double sum = 0;
    for (int s = 0; s < SEEDS; s++)
        for (int i = 0; i < 40; i++) sum += i % 4 == 3 ? 0 : forgets(0, 2, s, i);
    close_to(fixture_number(row_of(rows, "mqa", "mqar"), "mean"), sum / SEEDS / 30, "mean");
    assert_int_equal(fixture_number(row_of(rows, "mqa", "mqar"), "items"), 30);
    json_decref(rows);
    fixture_close(&f);
}

/* A run that lacks a task counts for no row. */
static void incomplete(void **state)
{
    (void)state;
    fixture f;
    char *out, *err;
    open_heads(&f);
    score_runs(&f, score_suite(&f, "bench", TASK, 4), forgets, 512);
    fixture_run(&f, "DELETE FROM task_eval WHERE task_eval_id = (SELECT task_eval_id FROM task_eval"
                    " JOIN arm_run USING(run_id) JOIN arm USING(arm_id) WHERE ord = 1 AND"
                    " pair_key = 2 LIMIT 1)");
    assert_int_equal(compare(&f, &out, &err, "bench", NULL), 0);
    fixture_expect(out, "Finished, but without a finite value of the metric: gqa:n_kv_heads=2 seed "
                        "2.");
    fixture_expect(out, "left aside: seed 2");
    free(out), free(err);
    json_t *rows = rows_of(&f, "bench", NULL);
    assert_int_equal(fixture_number(json_array_get(rows, 0), "n"), SEEDS - 1);
    json_decref(rows);
    fixture_close(&f);
}

/* The sentence and --fail-if. */
static void says(void **state)
{
    (void)state;
    fixture f;
    char *out, *err;
    open_heads(&f);
    score_runs(&f, score_suite(&f, "bench", TASK, 4), forgets, 512);
    const char *const worse[] = { "--fail-if", "worse", NULL };
    assert_int_equal(compare(&f, &out, &err, "bench", worse), STATUS_VERDICT);
    fixture_expect(out, "recall, mqa against mha: worse, by 0.8");
    fixture_expect(out, "6 seeds, 60 items)");
    fixture_expect(out, "paired by seed (n = 6) and by item, 12 rows tested at once");
    fixture_expect(out, "metric bench (stated: val_loss@512)");
    free(out), free(err);
    const char *const latex[] = { "-o", "latex", NULL };
    assert_int_equal(compare(&f, &out, &err, "bench", latex), 0);
    fixture_expect(out, "recall (mean of tasks)");
    free(out), free(err);
    fixture_close(&f);
}

static void refuses(void **state)
{
    (void)state;
    fixture f;
    open_heads(&f);
    const int64_t suite = score_suite(&f, "bench", TASK, 4);
    const struct {
        const char *metric, *message;
    } BAD[] = { { "bench", "no finished run was evaluated by all of 'bench'" },
                { "bench/nothing", "suite 'bench' has no group or task 'nothing'" },
                { "bench/", "suite 'bench' has no group or task ''" },
                { "bench:nothing", "suite 'bench' has no group or task ':nothing'" },
                { "bench@x", "'x' is not a length in tokens" },
                { "bench@-4", "'-4' is not a length in tokens" },
                { "benches", "no metric 'benches'" } };
    char *out, *err;
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        assert_int_equal(compare(&f, &out, &err, BAD[i].metric, NULL), STATUS_USAGE);
        fixture_expect(err, BAD[i].message);
        assert_string_equal(out, "");
        free(out), free(err);
    }
    score_runs(&f, suite, forgets, 512), score_runs(&f, suite, forgets, 256);
    assert_int_equal(compare(&f, &out, &err, "bench", NULL), STATUS_USAGE);
    fixture_expect(err, "add @ and one of");
    free(out), free(err);
    assert_int_equal(compare(&f, &out, &err, "bench@256", NULL), 0);
    free(out), free(err);
    fixture_run(&f, "UPDATE task_score SET margin = NULL");
    assert_int_equal(compare(&f, &out, &err, "bench:margin@256", NULL), STATUS_USAGE);
    fixture_expect(err, "no item of task 'mqar' has the score 'margin' in every run");
    free(out), free(err);
    fixture_close(&f);
}

/* Two suites of one name are not mixed. */
static void changed_suite(void **state)
{
    (void)state;
    fixture f;
    char *out, *err;
    open_heads(&f);
    score_runs(&f, score_suite(&f, "bench", TASK, 2), forgets, 512);
    score_runs(&f, score_suite(&f, "bench", TASK, 4), forgets, 512);
    assert_int_equal(compare(&f, &out, &err, "bench", NULL), 0);
    fixture_expect(out, "36 evaluations of these runs are by another suite that is called bench");
    free(out), free(err);
    fixture_close(&f);
}

/* Other commands take the suite as a metric: the first row is what they see. */
static void other_commands(void **state)
{
    (void)state;
    fixture f;
    error e;
    study s;
    char *out, *err;
    open_heads(&f);
    score_runs(&f, score_suite(&f, "bench", TASK, 4), forgets, 512);
    assert_true(study_open(&s, &f.d, "heads", "bench", -1, &e));
    close_to(study_at(&s, 1, 0)->value, scores_value(s.scores, 0, 1, 0), "value of a cell");
    assert_true(s.metric.larger_is_better && isnan(s.margin));
    study_free(&s);
    static const char *const NAME[] = { "frontier", "power", "noise", "report" };
    for (size_t i = 0; i < sizeof NAME / sizeof *NAME; i++) {
        char page[160], words[64];
        snprintf(page, sizeof page, "%s/page.html", f.folder);
        snprintf(words, sizeof words, "attnlab %s", NAME[i]);
        const char *argv[] = {
            words, "heads", "--db", f.path, "--metric", "bench", NULL, NULL, NULL
        };
        if (strcmp(NAME[i], "report") == 0) argv[6] = "--out", argv[7] = page;
        if (fixture_command(NAME[i], &out, &err, argv) != 0) fail_msg("%s: %s", NAME[i], err);
        free(out), free(err);
        if (!argv[6]) continue;
        char *text = fixture_file(page);
        fixture_expect(text, "Each task and group in numbers");
        fixture_expect(text, "recall / mqar");
        free(text);
    }
    fixture_close(&f);
}

/* A study whose metric is the suite: its margin counts, and nothing departs from what it states. */
static void stated(void **state)
{
    (void)state;
    fixture f;
    char *out, *err;
    open_heads(&f);
    fixture_run(&f,
                "UPDATE sweep_version SET metric = 'tasks:bench', direction = 'max', margin = 0.3");
    const char *argv[] = { "attnlab compare", "heads", "--db", f.path, "-o", "json", NULL };
    assert_int_equal(fixture_command("compare", &out, &err, argv), STATUS_USAGE);
    fixture_expect(err, "no run was evaluated by the suite 'bench'");
    free(out), free(err);
    score_runs(&f, score_suite(&f, "bench", TASK, 4), forgets, 512);
    assert_int_equal(fixture_command("compare", &out, &err, argv), 0);
    assert_null(strstr(out, "is not the one that the study states"));
    json_t *rows = fixture_rows(out);
    assert_true(fixture_number(row_of(rows, "mqa", "next"), "margin") == 0.3);
    assert_true(isnan(fixture_number(row_of(rows, "mqa", "text"), "margin"))); /* another unit */
    assert_string_equal(text_of(row_of(rows, "mqa", "next"), "verdict"), "equivalent");
    json_decref(rows);
    free(out), free(err);
    assert_int_equal(compare(&f, &out, &err, "bench", NULL), 0);
    assert_null(strstr(out, "is not the one that the study states"));
    free(out), free(err);
    fixture_close(&f);
}

static double never(int t, int a, int s, int i)
{
    return t == 0 ? i % 40 == a + s : t == 1 ? 1 : forgets(t, a, s, i);
}

/* A task that nobody solves, and one that all do, are named. */
static void extremes(void **state)
{
    (void)state;
    fixture f;
    char *out, *err;
    open_heads(&f);
    score_runs(&f, score_suite(&f, "bench", TASK, 4), never, 512);
    assert_int_equal(compare(&f, &out, &err, "bench", NULL), 0);
    fixture_expect(out, "Task mqar: no arm is above guessing (at best 0.025, guessing gives 0.25)");
    fixture_expect(out, "Task copy: every arm is right on 100.0 % or more");
    assert_null(strstr(out, "Task next"));
    free(out), free(err);
    fixture_close(&f);
}

/* Two studies by their scores, seed by seed. */
static void across(void **state)
{
    (void)state;
    fixture f;
    char *out, *err;
    open_heads(&f);
    const int64_t suite = score_suite(&f, "bench", TASK, 4);
    score_runs(&f, suite, forgets, 512);
    fixture_arm arm[1];
    memcpy(arm, HEADS + 2, sizeof arm);
    arm[0].value = LOSS, arm[0].base = -1;
    fixture_study(&f, "later", arm, 1, SEEDS, 0.02);
    score_runs(&f, suite, forgets, 512); /* its only arm scores as mha does */
    const char *argv[] = { "attnlab compare", "heads", "later", "--db", f.path,
                           "--metric",        "bench", "-o",    "json", NULL };
    if (fixture_command("compare", &out, &err, argv) != 0) fail_msg("%s", err);
    json_t *rows = fixture_rows(out);
    const json_t *row = row_of(rows, "heads/mqa", "mqar");
    close_to(fixture_number(row, "diff"), mean_of(0, 2) - mean_of(0, 0), "difference");
    assert_int_equal(fixture_number(row, "n"), SEEDS);
    json_decref(rows);
    free(out), free(err);
    fixture_close(&f);
}

/* At a point on the way, the last evaluation up to it counts. */
static void on_the_way(void **state)
{
    (void)state;
    fixture f;
    open_heads(&f);
    const int64_t suite = score_suite(&f, "bench", TASK, 4);
    score_runs(&f, suite, forgets, 512);
    fixture_run(&f, "UPDATE task_eval SET step = 20");
    char *out, *err;
    assert_int_equal(compare(&f, &out, &err, "bench", NULL), STATUS_USAGE); /* none at the end */
    free(out), free(err);
    const char *const at[] = { "--at", "tokens=100k", NULL }; /* step 20 has 81,920 tokens */
    json_t *rows = rows_of(&f, "bench", at);
    close_to(fixture_number(row_of(rows, "mqa", "mqar"), "mean"), mean_of(0, 2), "mean");
    json_decref(rows);
    const char *const early[] = { "--at", "tokens=50k", NULL };
    assert_int_equal(compare(&f, &out, &err, "bench", early), STATUS_USAGE);
    free(out), free(err);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(means),          cmocka_unit_test(stores),
        cmocka_unit_test(parts),          cmocka_unit_test(common_items),
        cmocka_unit_test(incomplete),     cmocka_unit_test(says),
        cmocka_unit_test(refuses),        cmocka_unit_test(changed_suite),
        cmocka_unit_test(other_commands), cmocka_unit_test(stated),
        cmocka_unit_test(across),         cmocka_unit_test(extremes),
        cmocka_unit_test(on_the_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
