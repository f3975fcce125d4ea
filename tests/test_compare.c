/* test_compare.c - attnlab compare, from rows to sentences, and what it stores. */
#include "analysis/data/study.h"
#include "tests/heads.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const double DEAD[] = { NAN, 3.50, 3.53, 3.51, 3.50, 3.52 };

static int compare(const fixture *f, char **out, char **err, const char *a, const char *b,
                   const char *c, const char *d)
{
    return fixture_command(
        "compare", out, err,
        (const char *[]){ "attnlab compare", "--db", f->path, a, b, c, d, NULL });
}

/* The sentence that is printed, and the row in the database. */
static void says_and_records(void **state)
{
    (void)state;
    fixture f;
    fixture_open(&f);
    fixture_study(&f, "heads", HEADS, 3, 3, 0.02);
    char *out, *err;
    assert_int_equal(compare(&f, &out, &err, "heads", NULL, NULL, NULL), 0);
    fixture_expect(
        out, "GQA with 2 of 8 key/value heads is equivalent to MHA within ±0.02 nats: worse by "
             "0.0042 ± 0.0045 nats (95 % simultaneous, 3 seeds), at a quarter of the KV cache.");
    fixture_expect(out,
                   "MQA (1 key/value head for 8) is worse than MHA by 0.0303 ± 0.0090 nats (95 % "
                   "simultaneous, 3 seeds), at an eighth of the KV cache.");
    fixture_expect(out, "assumes differences that are normal");
    fixture_expect(out, "Look 1.");
    free(out), free(err);

    assert_int_equal(compare(&f, &out, &err, "heads", "-o", "json", NULL), 0);
    assert_string_equal(err, ""); /* the notes are part of the answer */
    fixture_expect(out, "{\"level\": \"info\", \"text\": \"Procedure: ");
    json_t *j = fixture_rows(out);
    assert_int_equal(json_array_size(j), 2);
    const json_t *row = json_array_get(j, 1);
    assert_string_equal(json_string_value(json_object_get(row, "arm")), "mqa");
    assert_string_equal(json_string_value(json_object_get(row, "base")), "mha");
    assert_string_equal(json_string_value(json_object_get(row, "verdict")), "worse");
    assert_true(fabs(fixture_number(row, "diff") - 0.0303333333) < 1e-6);
    assert_int_equal(fixture_number(row, "look"), 2);

    /* The last comparison_row says the same, to the last bit. */
    sqlite3_stmt *s;
    error e;
    bool any;
    assert_true(db_query(&f.d, &s, &e,
                         "SELECT * FROM comparison_row JOIN comparison USING(cmp_id)"
                         " WHERE look = 2 AND arm_id = ?",
                         "i", (int64_t)fixture_number(row, "arm_id")));
    assert_true(db_next(&f.d, s, &any, &e) && any);
    static const char *const KEY[] = { "diff",  "ci_lo",  "ci_hi",           "p",   "p_adjusted",
                                       "mean",  "n",      "p_equivalent",    "mde", "base_mean",
                                       "alpha", "margin", "pair_correlation" };
    for (int i = 0; i < sqlite3_column_count(s); i++)
        for (size_t k = 0; k < sizeof KEY / sizeof *KEY; k++)
            if (strcmp(sqlite3_column_name(s, i), KEY[k]) == 0)
                assert_true(sqlite3_column_double(s, i) == fixture_number(row, KEY[k]));
    sqlite3_finalize(s);
    json_decref(j);
    free(out), free(err);
    fixture_close(&f);
}

/* All pairs; a baseline stays the arm that others are compared with. */
static void every_pair(void **state)
{
    (void)state;
    fixture f;
    fixture_open(&f);
    fixture_arm arm[3];
    memcpy(arm, HEADS, sizeof HEADS);
    arm[0].base = 2, arm[1].base = 2, arm[2].base = -1;
    fixture_study(&f, "heads", arm, 3, 3, 0.02);
    char *out, *err;
    assert_int_equal(compare(&f, &out, &err, "heads", "--pairs", "all", "-ojson"), 0);
    json_t *j = fixture_rows(out);
    assert_int_equal(json_array_size(j), 3);
    static const char *const PAIR[][2] = { { "gqa:n_kv_heads=2", "mha" },
                                           { "mha", "mqa" },
                                           { "gqa:n_kv_heads=2", "mqa" } };
    for (size_t i = 0; i < 3; i++) {
        const json_t *row = json_array_get(j, i);
        assert_string_equal(json_string_value(json_object_get(row, "arm")), PAIR[i][0]);
        assert_string_equal(json_string_value(json_object_get(row, "base")), PAIR[i][1]);
        assert_true(fixture_number(row, "p_adjusted") >= fixture_number(row, "p"));
    }
    json_decref(j);
    free(out), free(err);
    fixture_close(&f);
}

/* On the way: the fixture's curves lie 5 (exp(-step / 8) - exp(-5)) above their ends, for all arms
 * alike, and steps have 4096 tokens, 3e7 FLOPs each, and the same time by the clock. */
static void on_the_way(void **state)
{
    (void)state;
    fixture f;
    fixture_open(&f);
    fixture_study(&f, "heads", HEADS, 3, 3, 0.02);
    static const char *const AT[] = { "tokens=82k", "flops=2.5e12", "seconds=0.1" };
    static const int STEP[] = { 20, 20, 40 };
    for (size_t i = 0; i < 3; i++) {
        char *out, *err;
        assert_int_equal(compare(&f, &out, &err, "heads", "--at", AT[i], "-ojson"), 0);
        json_t *j = fixture_rows(out);
        const json_t *row = json_array_get(j, 1);
        const double above = 5 * (exp(-STEP[i] / 8.0) - exp(-5));
        assert_true(fabs(fixture_number(row, "base_mean") - (3.512 + 3.498 + 3.521) / 3 - above) <
                    1e-9);
        assert_true(fabs(fixture_number(row, "diff") - 0.0303333333) < 1e-6);
        json_decref(j);
        free(out), free(err);
        int64_t n;
        error e;
        char text[64];
        study_point p;
        assert_true(study_point_parse(&p, AT[i], &e));
        study_point_print(text, sizeof text, p);
        assert_true(db_integer(&f.d, &n, 0, &e, "SELECT count(*) FROM comparison WHERE at_x = ?",
                               "t", text) &&
                    n == 1);
    }
    char *out, *err;
    assert_int_equal(compare(&f, &out, &err, "heads", "--at", "tokens=5", NULL), STATUS_USAGE);
    fixture_expect(err, "no finished run was evaluated by tokens=5");
    free(out), free(err);
    error e;
    study_point p;
    static const char *const BAD[] = { "tokens",  "tokens=",    "tokens=k",  "tokens=-1",
                                       "steps=4", "tokens=1kk", "tokens=nan" };
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++)
        assert_false(study_point_parse(&p, BAD[i], &e));
    assert_true(study_point_parse(&p, "tokens=1.5M", &e) && p.value == 1.5e6);
    fixture_close(&f);
}

static void six_seeds(void **state)
{
    (void)state;
    fixture f;
    fixture_open(&f);
    fixture_study(&f, "heads", HEADS, 3, 6, 0.02);
    char *out, *err;
    assert_int_equal(compare(&f, &out, &err, "heads", "--fail-if", "worse", NULL), STATUS_VERDICT);
    fixture_expect(out, "joint sign-flips");
    fixture_expect(out,
                   "p is the larger of two, with the other contrasts flipped about 0 and about "
                   "their means");
    fixture_expect(out, "worse by 0.0044 nats (95 % simultaneous: 0.0030 to 0.0060, 6 seeds)");
    free(out), free(err);
    assert_int_equal(compare(&f, &out, &err, "heads", "--fail-if", "better", NULL), 0);
    free(out), free(err);
    /* Bits a byte are nats a token, over 4 bytes and ln 2. */
    assert_int_equal(compare(&f, &out, &err, "heads", "--metric", "val_bpb@512", "-ojson"), 0);
    json_t *j = fixture_rows(out);
    assert_true(fabs(fixture_number(json_array_get(j, 1), "diff") - 0.0316666667 / 4 / log(2)) <
                1e-8);
    assert_true(isnan(fixture_number(json_array_get(j, 1), "margin"))); /* stated for nats */
    json_decref(j);
    free(out), free(err);
    fixture_close(&f);
}

/* Diverged, failed and missing runs are named, and so are seeds that are left out. */
static void holes(void **state)
{
    (void)state;
    fixture f;
    fixture_open(&f);
    fixture_arm arm[4];
    memcpy(arm, HEADS, sizeof HEADS);
    arm[3] = (fixture_arm){ "window:size=128", "window:size=128", 8, 512, 0, DEAD, NULL };
    fixture_study(&f, "holes", arm, 4, 6, 0.02);
    fixture_run(&f, "UPDATE run SET status='failed', message='disk full' WHERE run_id ="
                    " (SELECT run_id FROM arm_run JOIN arm USING(arm_id)"
                    "  WHERE label='mqa' AND pair_key=6)");
    char *out, *err;
    assert_int_equal(compare(&f, &out, &err, "holes", NULL, NULL, NULL), 0);
    fixture_expect(out, "Diverged: window:size=128 seed 1 (the loss is not finite)");
    fixture_expect(
        out,
        "Of window:size=128 1 of 6 runs diverged, of mha 0 of 6: Fisher's exact p = 1, 1 for 3");
    fixture_expect(out, "Failed: mqa seed 6 (disk full)");
    fixture_expect(out, "left aside: seed 1, 6");
    fixture_expect(out, "4 seeds");
    fixture_expect(out, "seeds finished (6 -> 5)");
    free(out), free(err);
    fixture_close(&f);
}

/* Four are named, of more the first three. */
static void many_holes(void **state)
{
    (void)state;
    static const double FOUR[] = { NAN, NAN, NAN, NAN, 3.5, 3.6 },
                        SIX[] = { NAN, NAN, NAN, NAN, NAN, NAN };
    const fixture_arm arm[] = { HEADS[0],
                                { "hot", "mqa", 1, 512, 0, FOUR, NULL },
                                { "hotter", "gqa:n_kv_heads=2", 2, 512, 0, SIX, NULL } };
    for (int arms = 2; arms <= 3; arms++) {
        fixture f;
        fixture_open(&f);
        fixture_study(&f, "hot", arm, arms, 6, 0.02);
        fixture_run(&f, "UPDATE run SET message = 'at step ' || seed_init");
        char *out, *err;
        assert_int_equal(compare(&f, &out, &err, "hot", NULL, NULL, NULL), 0);
        fixture_expect(
            out, arms == 2 ? "! Diverged: hot seed 1 (at step 1), hot seed 2 (at step 2), "
                             "hot seed 3 (at step 3), hot seed 4 (at step 4).\n"
                           : "! Diverged: 10 runs: hot seed 1 (at step 1), hot seed 2 (at step "
                             "2), hot seed 3 (at step 3) and 7 others.\n");
        free(out), free(err);
        fixture_close(&f);
    }
}

/* A margin changed after the runs, seeds added after a look, and the newest generation. */
static void afterthoughts(void **state)
{
    (void)state;
    fixture f;
    fixture_open(&f);
    fixture_study(&f, "heads", HEADS, 3, 3, 0.01);
    fixture_run(&f, "INSERT INTO sweep_version SELECT sweep_id, 2, 1, '', question, hypothesis,"
                    " metric, direction, 0.02, alpha, 5, 9, 2, '[]', NULL FROM sweep_version");
    fixture_run(&f, "INSERT INTO run(run_uid, config_id, seed_init, seed_data, generation,"
                    " target_step) SELECT 'fff' || run_id, config_id, seed_init, seed_data, 1, 40"
                    " FROM run WHERE seed_init = 1");
    char *out, *err;
    assert_int_equal(compare(&f, &out, &err, "heads", NULL, NULL, NULL), 0);
    fixture_expect(out, "The margin was changed from 0.01 to 0.02 after 9 runs had finished.");
    fixture_expect(out, "Seeds were added after a look (3 to 5, after 2 looks)");
    fixture_expect(out, "3 cells finished in an older generation only");
    fixture_expect(out, "(95 % simultaneous, 2 seeds)");
    free(out), free(err);
    assert_int_equal(compare(&f, &out, &err, "heads", "--generation", "0", NULL), 0);
    fixture_expect(out, "(95 % simultaneous, 3 seeds)");
    free(out), free(err);
    fixture_close(&f);
}

/* Each arm is compared with its own baseline and named by its axes. */
static void two_baselines(void **state)
{
    (void)state;
    fixture f;
    fixture_open(&f);
    static const char *const AXIS[] = {
        "{\"model.attention\":\"mha\",\"model.context\":256}",
        "{\"model.attention\":\"mqa\",\"model.context\":256}",
        "{\"model.attention\":\"mha\",\"model.context\":512}",
        "{\"model.attention\":\"mqa\",\"model.context\":512}",
    };
    const fixture_arm arm[] = { { "mha 256", "mha", 8, 256, -1, MHA, AXIS[0] },
                                { "mqa 256", "mqa", 1, 256, 0, GQA, AXIS[1] },
                                { "mha 512", "mha", 8, 512, -1, MHA, AXIS[2] },
                                { "mqa 512", "mqa", 1, 512, 2, MQA, AXIS[3] } };
    fixture_study(&f, "grid", arm, 4, 4, 0.02);
    char *out, *err;
    assert_int_equal(compare(&f, &out, &err, "grid", NULL, NULL, NULL), 0);
    fixture_expect(
        out, "MQA (1 key/value head for 8) at context 512 is worse than MHA at context 512 by");
    fixture_expect(out, "with 3 degrees of freedom");
    free(out), free(err);
    fixture_close(&f);
}

static void finds_the_study(void **state)
{
    (void)state;
    fixture f;
    fixture_open(&f);
    fixture_study(&f, "heads", HEADS, 3, 3, 0.02);
    static const char *const TEXT[] = {
        "model:\n  name: wrong\nsweep:\n  # a study\n  axes: {a: [1]}\n  name: heads  # ours\n",
        "sweep: {name: \"heads\", seeds: 3}\n",
        "sweep:\n  name: 'heads'\r\n",
    };
    char path[128], *out, *err;
    snprintf(path, sizeof path, "%s/study.yaml", f.folder);
    for (size_t i = 0; i < sizeof TEXT / sizeof *TEXT; i++) {
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        fputs(TEXT[i], file), fclose(file);
        assert_int_equal(compare(&f, &out, &err, path, NULL, NULL, NULL), 0);
        free(out), free(err);
        assert_int_equal(compare(&f, &out, &err, f.folder, NULL, NULL, NULL), 0);
        free(out), free(err);
    }
    assert_int_equal(compare(&f, &out, &err, "tails", NULL, NULL, NULL), STATUS_USAGE);
    fixture_expect(err, "no study 'tails'; it has heads");
    free(out), free(err);
    assert_int_equal(compare(&f, &out, &err, "no/such.yaml", NULL, NULL, NULL), STATUS_FAILED);
    free(out), free(err);
    assert_int_equal(compare(&f, &out, &err, "heads", "--metric", "val_loss@999", NULL),
                     STATUS_USAGE);
    fixture_expect(err, "the database has lm.val_loss@512");
    free(out), free(err);
    assert_int_equal(compare(&f, &out, &err, "heads", "--metric", "beauty", NULL), STATUS_USAGE);
    free(out), free(err);
    fixture_close(&f);
}

/* A read-only database is compared, with a note. */
static void read_only(void **state)
{
    (void)state;
    fixture f;
    fixture_open(&f);
    fixture_study(&f, "heads", HEADS, 3, 3, 0.02);
    fixture_run(&f, "CREATE TRIGGER full BEFORE INSERT ON comparison_row"
                    " BEGIN SELECT raise(ABORT, 'the disk is full'); END");
    char *out, *err;
    assert_int_equal(compare(&f, &out, &err, "heads", NULL, NULL, NULL), 0);
    fixture_expect(err, "! This look is not recorded: ");
    fixture_expect(err, "the disk is full");
    fixture_expect(out, "Look 1 (not recorded).");
    free(out), free(err);
    int64_t n;
    error e;
    assert_true(db_integer(&f.d, &n, 9, &e, "SELECT count(*) FROM comparison", NULL));
    assert_int_equal(n, 0); /* all of it or nothing */
    fixture_close(&f);
}

/* With jsonl the notes are the last line, and with csv they are lines on stderr. */
static void notes_by_format(void **state)
{
    (void)state;
    fixture f;
    char *out, *err;
    fixture_open(&f);
    fixture_study(&f, "heads", HEADS, 3, 3, 0.02);
    assert_int_equal(compare(&f, &out, &err, "heads", "-ojsonl", NULL, NULL), 0);
    assert_string_equal(err, "");
    char *last = strstr(out, "{\"notes\": [");
    assert_non_null(last);
    json_t *line = json_loads(last, 0, NULL);
    assert_true(json_array_size(json_object_get(line, "notes")) >= 2);
    json_decref(line);
    *last = '\0';
    assert_null(strstr(out, "notes"));
    free(out), free(err);
    assert_int_equal(compare(&f, &out, &err, "heads", "-ocsv", NULL, NULL), 0);
    fixture_expect(err, "Procedure: ");
    assert_null(strstr(out, "Procedure: "));
    free(out), free(err);
    fixture_close(&f);
}

/* Arms that agree bit for bit, by either procedure: no minus sign in front of 0, no interval. */
static void identical_arms(void **state)
{
    (void)state;
    static const fixture_arm TWINS[] = { { "mha", "mha", 8, 512, -1, MHA, NULL },
                                         { "gqa:n_kv_heads=8", "gqa:n_kv_heads=8", 8, 512, 0, MHA,
                                           NULL } };
    for (int seeds = 3; seeds <= 6; seeds += 3) {
        fixture f;
        char *out, *err, words[128];
        fixture_open(&f);
        fixture_study(&f, "twins", TWINS, 2, seeds, 0.02);
        assert_int_equal(compare(&f, &out, &err, "twins", NULL, NULL, NULL), 0);
        snprintf(words, sizeof words,
                 "within ±0.02 nats: no difference, their values agree to the last digit (%d "
                 "seeds), with the same KV cache.",
                 seeds);
        fixture_expect(out, words);
        assert_null(strstr(out, "-0.0"));
        free(out), free(err);
        assert_int_equal(compare(&f, &out, &err, "twins", "-ocsv", NULL, NULL), 0);
        assert_null(strstr(out, "-0,"));
        free(out), free(err);
        fixture_close(&f);
    }
}

/* A point at or beyond the end of the runs is no point along longer schedules. */
static void after_the_end(void **state)
{
    (void)state;
    static const struct {
        const char *at, *words;
    } CASE[] = {
        { "tokens=1M", "at tokens=1000000, by which every run had ended: these are the final" },
        { "tokens=163840", "by which every run had ended: these are the final values" },
        { "tokens=82k", "at tokens=82000, along schedules that end later" },
        { "seconds=4", "by which every run had ended" },
    };
    fixture f;
    char *out, *err;
    fixture_open(&f);
    fixture_study(&f, "heads", HEADS, 3, 3, 0.02);
    for (size_t i = 0; i < sizeof CASE / sizeof *CASE; i++) {
        assert_int_equal(compare(&f, &out, &err, "heads", "--at", CASE[i].at, NULL), 0);
        fixture_expect(out, CASE[i].words);
        free(out), free(err);
    }
    fixture_run(&f, "UPDATE train_step SET tokens = 2 * tokens WHERE run_id IN (SELECT run_id FROM"
                    " arm_run JOIN arm USING(arm_id) WHERE label = 'mqa')");
    assert_int_equal(compare(&f, &out, &err, "heads", "--at", "tokens=200k", NULL), 0);
    fixture_expect(out, "by which 6 of 9 runs had ended; the schedules of the others end later");
    free(out), free(err);
    fixture_close(&f);
}

/* The study's metric keeps its margin however it is written. */
static void names_of_metric(void **state)
{
    (void)state;
    static const char *const SAME[] = { "val_loss@512", "lm.val_loss@512", "val_loss",
                                        "lm.val_loss" };
    static const char *const BAD[] = { "val_loss@0512", "val_loss@+512", "val_loss@ 512",
                                       "val_loss@512 ", "val_loss@",     "val_loss@0" };
    fixture f;
    char *out, *err;
    fixture_open(&f);
    fixture_study(&f, "heads", HEADS, 3, 3, 0.02);
    for (size_t i = 0; i < sizeof SAME / sizeof *SAME; i++) {
        assert_int_equal(compare(&f, &out, &err, "heads", "--metric", SAME[i], NULL), 0);
        fixture_expect(out, "Metric: val_loss@512, alpha 0.05, margin 0.02.");
        free(out), free(err);
    }
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        assert_int_equal(compare(&f, &out, &err, "heads", "--metric", BAD[i], NULL), STATUS_USAGE);
        free(out), free(err);
    }
    assert_int_equal(compare(&f, &out, &err, "heads", "--metric", "val_bpb", NULL), 0);
    fixture_expect(out, "no margin");
    free(out), free(err);
    fixture_close(&f);
}

/* Parts of a cache are fractions, however small; one of a thing is singular. */
static void parts_and_plurals(void **state)
{
    (void)state;
    static const fixture_arm SMALL[] = { { "mha", "mha", 128, 512, -1, MHA, NULL },
                                         { "mqa", "mqa", 1, 512, 0, MQA, NULL } };
    fixture f;
    char *out, *err;
    fixture_open(&f);
    fixture_study(&f, "small", SMALL, 2, 3, 0.02);
    assert_int_equal(compare(&f, &out, &err, "small", NULL, NULL, NULL), 0);
    fixture_expect(out, ", at 1/128 of the KV cache.");
    free(out), free(err);
    assert_int_equal(compare(&f, &out, &err, "small", "--rows", "attention", NULL), 0);
    fixture_expect(out, "better, worse; at 95 %)");
    free(out), free(err);
    const char *argv[] = { "attnlab frontier", "--db", f.path, "small", NULL };
    assert_int_equal(fixture_command("frontier", &out, &err, argv), 0);
    fixture_expect(out, "One pair, alpha 0.05: ");
    free(out), free(err);
    fixture_run(&f, "UPDATE arm SET dropped = 1 WHERE label = 'mqa'");
    const char *plan[] = { "attnlab power", "--db", f.path, "small", NULL };
    assert_int_equal(fixture_command("power", &out, &err, plan), 0);
    fixture_expect(out, "over 1 comparison at once");
    free(out), free(err);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(notes_by_format),   cmocka_unit_test(says_and_records),
        cmocka_unit_test(every_pair),        cmocka_unit_test(on_the_way),
        cmocka_unit_test(six_seeds),         cmocka_unit_test(holes),
        cmocka_unit_test(many_holes),        cmocka_unit_test(afterthoughts),
        cmocka_unit_test(two_baselines),     cmocka_unit_test(finds_the_study),
        cmocka_unit_test(read_only),         cmocka_unit_test(identical_arms),
        cmocka_unit_test(after_the_end),     cmocka_unit_test(names_of_metric),
        cmocka_unit_test(parts_and_plurals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
