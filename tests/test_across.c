/* test_across.c - two studies compared with each other: which arms and seeds meet, what is said of
 * it, and what is stored.
 *
 * The arms of `new` lie 0.05 above those of `old` at each seed, give or take 0.001.
 */
#include "tests/heads.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double MHA_NEW[] = { 3.562, 3.549, 3.571, 3.554 },
                    MQA_NEW[] = { 3.595, 3.577, 3.599, 3.591 };

static const fixture_arm OLD[] = { { "mha", "mha", 8, 512, -1, MHA, NULL },
                                   { "mqa", "mqa", 1, 512, 0, MQA, NULL },
                                   { "gqa", "gqa:n_kv_heads=2", 2, 512, 0, MQA, NULL } },
                         NEW[] = { { "mqa", "mqa", 1, 512, 1, MQA_NEW, NULL },
                                   { "mha", "mha", 8, 512, -1, MHA_NEW, NULL },
                                   { "window", "window:size=8", 8, 512, 1, MHA_NEW, NULL } };

static int64_t old_id, new_id;

static void make(fixture *f, int old_seeds, int new_seeds)
{
    fixture_open(f);
    fixture_study(f, "old", OLD, 3, old_seeds, 0.02);
    old_id = f->sweep_id;
    fixture_study(f, "new", NEW, 3, new_seeds, 0.02);
    new_id = f->sweep_id;
}

static int compare(const fixture *f, char **out, char **err, const char *a, const char *b,
                   const char *c, const char *d)
{
    return fixture_command("compare", out, err,
                           (const char *[]){ "compare", "--db", f->path, a, b, c, d, NULL });
}

/* Fails unless the status is 2 and the message has these words. */
static void refused(const fixture *f, const char *a, const char *b, const char *c, const char *d,
                    const char *words)
{
    char *out, *err;
    assert_int_equal(compare(f, &out, &err, a, b, c, d), STATUS_USAGE);
    fixture_expect(err, words);
    free(out), free(err);
}

static int64_t number(fixture *f, const char *sql, int64_t id)
{
    int64_t n;
    error e;
    if (!db_integer(&f->d, &n, -1, &e, sql, "i", id)) fail_msg("%s", e.msg);
    return n;
}

/* By label, whatever the order; by seed; a look at both. */
static void matches(void **state)
{
    (void)state;
    fixture f;
    char *out, *err;
    make(&f, 3, 3);
    assert_int_equal(compare(&f, &out, &err, "new", "old", "-o", "json"), 0);
    json_t *rows = fixture_rows(out);
    assert_int_equal(json_array_size(rows), 2);
    static const char *const ARM[] = { "new/mqa", "new/mha" }, *const BASE[] = { "old/mqa",
                                                                                 "old/mha" };
    static const double DIFF[] = { (0.05 + 0.049 + 0.05) / 3, (0.05 + 0.051 + 0.05) / 3 };
    for (size_t i = 0; i < 2; i++) {
        const json_t *row = json_array_get(rows, i);
        assert_string_equal(json_string_value(json_object_get(row, "arm")), ARM[i]);
        assert_string_equal(json_string_value(json_object_get(row, "base")), BASE[i]);
        assert_string_equal(json_string_value(json_object_get(row, "verdict")), "worse");
        assert_true(fabs(fixture_number(row, "diff") - DIFF[i]) < 1e-9);
        assert_true(fixture_number(row, "pair_correlation") > 0.9); /* paired by seed */
        assert_true(fixture_number(row, "margin") == 0.02);
    }
    json_decref(rows);
    fixture_expect(out, "Across studies: each arm of new against the arm of old with the same "
                        "label. They were not planned as one study");
    fixture_expect(out, "Only new has an arm 'window'.");
    fixture_expect(out, "Only old has an arm 'gqa'.");
    free(out), free(err);
    static const char LOOKS[] = "SELECT count(*) FROM comparison JOIN comparison_row USING(cmp_id)"
                                " WHERE sweep_id = ? AND look = 1";
    assert_int_equal(number(&f, LOOKS, old_id), 2);
    assert_int_equal(number(&f, LOOKS, new_id), 2);
    assert_int_equal(compare(&f, &out, &err, "old", NULL, NULL, NULL), 0);
    fixture_expect(out, "Look 2.");
    free(out), free(err);
    assert_int_equal(compare(&f, &out, &err, "new", "old", NULL, NULL), 0);
    fixture_expect(out, "new against old\n");
    fixture_expect(out, "new/mha is worse than old/mha by 0.050");
    fixture_expect(out, "Look 2.");
    free(out), free(err);
    fixture_close(&f);
}

/* Seeds that only one has are left aside; without a common one the runs are not paired. */
static void seeds(void **state)
{
    (void)state;
    fixture f;
    char *out, *err;
    make(&f, 4, 2);
    assert_int_equal(compare(&f, &out, &err, "new", "old", NULL, NULL), 0);
    fixture_expect(out, "2 seeds that only one of the studies has are left aside.");
    fixture_expect(out, "2 seeds)");
    assert_null(strstr(out, "Not planned"));
    free(out), free(err);
    fixture_run(&f, "UPDATE arm_run SET pair_key = pair_key + 10 WHERE arm_id IN"
                    " (SELECT arm_id FROM arm JOIN sweep USING(sweep_id) WHERE name = 'new')");
    assert_int_equal(compare(&f, &out, &err, "new", "old", "-o", "json"), 0);
    fixture_expect(out, "The studies share no seed, so their runs are not paired.");
    json_t *rows = fixture_rows(out);
    assert_true(isnan(fixture_number(json_array_get(rows, 1), "pair_correlation")));
    assert_true(fabs(fixture_number(json_array_get(rows, 1), "diff") - (3.5555 - 3.509)) < 1e-9);
    json_decref(rows);
    free(out), free(err);
    fixture_close(&f);
}

/* Keys that differ are named even if they are axes or matched in the first study; so are changes of
 * either study; different margins leave none. */
static void notes_of_both(void **state)
{
    (void)state;
    fixture f;
    char *out, *err;
    make(&f, 3, 3);
    fixture_run(&f, "UPDATE config_param SET value = 0.002 WHERE key = 'train.lr' AND config_id IN"
                    " (SELECT config_id FROM arm JOIN sweep USING(sweep_id) WHERE name = 'new')");
    fixture_run(&f, "UPDATE sweep SET axes_json = '{\"train.lr\": [0.002]}'");
    fixture_run(&f, "INSERT INTO sweep_version SELECT sweep_id, 2, 1, '', question, hypothesis,"
                    " metric, direction, 0.03, alpha, seeds, 9, 0, '[]', NULL FROM sweep_version"
                    " JOIN sweep USING(sweep_id) WHERE name = 'old'");
    assert_int_equal(compare(&f, &out, &err, "new", "old", NULL, NULL), 0);
    fixture_expect(out, "new/mha also differs from old/mha in train.lr (0.001 -> 0.002)");
    fixture_expect(out, "! Study old: The margin was changed from 0.02 to 0.03 after 9 runs");
    fixture_expect(out, "The studies state different margins (0.02 and 0.03): --margin chooses");
    fixture_expect(out, "no margin (so nothing can be called equivalent)");
    free(out), free(err);
    assert_int_equal(compare(&f, &out, &err, "new", "old", "--margin", "0.1"), 0);
    fixture_expect(out, "new/mha is equivalent to old/mha within ±0.1 nats");
    fixture_expect(out, "margin 0.1 (stated: none)");
    free(out), free(err);
    fixture_close(&f);
}

static void refuses(void **state)
{
    (void)state;
    fixture f;
    make(&f, 3, 3);
    refused(&f, "new", "new", NULL, NULL, "'new' is given twice");
    refused(&f, "new", "older", NULL, NULL, "no study 'older'; it has new, old");
    refused(&f, "older", "new", NULL, NULL, "no study 'older'");
    refused(&f, "new", "old", "--interactions", NULL, "take one study");
    refused(&f, "new", "old", "--pairs", "all", "take one study");
    refused(&f, "new", "old", "--rows", "attention", "take one study");
    refused(&f, "new", "old", "old", NULL, "unexpected argument 'old'");
    fixture_run(&f, "UPDATE sweep_version SET metric = 'val_bpb@512' WHERE sweep_id ="
                    " (SELECT sweep_id FROM sweep WHERE name = 'old')");
    refused(&f, "new", "old", NULL, NULL,
            "study 'new' is compared by val_loss@512 and study 'old' by val_bpb@512: choose one");
    /* Arms with the same runs: nothing is left. */
    fixture_run(&f, "UPDATE sweep_version SET metric = 'val_loss@512'");
    fixture_run(&f, "UPDATE arm_run SET run_id = (SELECT o.run_id FROM arm_run o JOIN arm b ON"
                    " b.arm_id = o.arm_id JOIN sweep s ON s.sweep_id = b.sweep_id AND"
                    " s.name = 'old' WHERE o.pair_key = arm_run.pair_key AND b.label ="
                    " (SELECT label FROM arm a WHERE a.arm_id = arm_run.arm_id))"
                    " WHERE arm_id IN (SELECT arm_id FROM arm WHERE label IN ('mha', 'mqa'))");
    refused(&f, "new", "old", NULL, NULL, "have no arm with the same label and other runs");
    assert_int_equal(number(&f, "SELECT count(*) FROM comparison WHERE ? > 0", 1), 0);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches),
        cmocka_unit_test(seeds),
        cmocka_unit_test(notes_of_both),
        cmocka_unit_test(refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
