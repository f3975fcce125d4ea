/* test_ledger.c - `compare --ledger` and `ledger`: a study is entered once, when it has ended, at
 * the level that the entries before it leave; the gate of a search is its exit status. */
#include "analysis/statistics/lord.h"

#include "tests/fixture.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SEEDS = 12 };

/* A study of two arms; the second is better by `gain`, with noise that does not repeat. */
static void put_study(fixture *f, const char *name, double gain)
{
    double base[SEEDS], arm[SEEDS];
    for (int i = 0; i < SEEDS; i++) {
        base[i] = 3 + 0.01 * sin(7.0 * i * i);
        arm[i] = base[i] - gain + 0.01 * cos(5.0 * i * i + 1);
    }
    const fixture_arm pair[] = { { "mha", "mha", 0, 512, -1, base, NULL },
                                 { "mqa", "mqa", 1, 512, 0, arm, NULL } };
    fixture_study(f, name, pair, 2, SEEDS, 0.001);
}

/* `compare NAME --ledger --fail-if undecided` has this status, and says `words`. */
static void gate(const fixture *f, const char *name, int status, const char *words)
{
    char *out, *err;
    const int got = fixture_command("compare", &out, &err,
                                    (const char *[]){ "compare", "--db", f->path, name, "--ledger",
                                                      "--fail-if", "undecided", NULL });
    if (got != status) fail_msg("%s: status %d, not %d: %s", name, got, status, err);
    fixture_expect(err, words);
    if (status == STATUS_FAILED) assert_string_equal(out, ""); /* no verdict is shown */
    free(out), free(err);
}

static double number(const fixture *f, const char *sql)
{
    sqlite3_stmt *q;
    bool row;
    error e;
    db d;
    assert_true(db_open(&d, f->path, DB_READ, &e) && db_query(&d, &q, &e, sql, NULL));
    assert_true(db_next(&d, q, &row, &e) && row);
    const double x = sqlite3_column_double(q, 0);
    sqlite3_finalize(q);
    db_close(&d);
    return x;
}

static void test_gate(void **state)
{
    (void)state;
    fixture f;
    fixture_open(&f);
    put_study(&f, "good", 0.05), put_study(&f, "nothing", 0.0001), put_study(&f, "open", 0.05);
    fixture_run(&f,
                "UPDATE run SET status = 'planned' WHERE run_id = (SELECT max(run_id) FROM run)");
    gate(&f, "open", STATUS_FAILED, "study 'open': 1 run is not finished");
    gate(&f, "good", STATUS_DONE, "Ledger: entry 1");
    gate(&f, "nothing", STATUS_VERDICT, "Ledger: entry 2");
    gate(&f, "good", STATUS_DONE, "a discovery"); /* again: nothing new */
    assert_true(number(&f, "SELECT count(*) FROM ledger") == 2);
    const bool found[] = { true };
    assert_true(fabs(number(&f, "SELECT level FROM ledger WHERE entry = 1") -
                     lord_level(NULL, 0.05, 0)) < 1e-15);
    assert_true(fabs(number(&f, "SELECT level FROM ledger WHERE entry = 2") -
                     lord_level(found, 0.05, 1)) < 1e-15);
    assert_true(number(&f, "SELECT discovery FROM ledger WHERE entry = 1") == 1);
    assert_true(number(&f, "SELECT p <= level FROM ledger WHERE entry = 1") == 1);
    assert_true(number(&f, "SELECT discovery FROM ledger WHERE entry = 2") == 0);
    /* All verdicts of these looks were tested at that level. */
    assert_true(number(&f, "SELECT max(abs(k.alpha - g.level)) FROM comparison k JOIN ledger g"
                           " USING(cmp_id)") == 0);
    fixture_run(&f, "UPDATE eval SET nll_sum = nll_sum * 1.01 WHERE run_id IN (SELECT run_id FROM"
                    " arm_run JOIN arm USING(arm_id) JOIN sweep USING(sweep_id) WHERE name = 'good'"
                    " AND pair_key = 3)");
    gate(&f, "good", STATUS_FAILED, "an entry is final");
    fixture_close(&f);
}

/* A study that adds seeds has ended when its own plan says so. */
static void test_planned(void **state)
{
    (void)state;
    fixture f;
    fixture_open(&f);
    put_study(&f, "looks", 0.0001);
    fixture_run(&f, "UPDATE sweep_version SET plan_json = '{\"until\": {\"start\": 6, \"step\": 3,"
                    " \"max\": 15}}'");
    gate(&f, "looks", STATUS_FAILED, "it still adds seeds (6 runs to the next look, 6 at worst");
    fixture_run(&f, "UPDATE sweep_version SET plan_json = '{\"until\": {\"start\": 6, \"step\": 3,"
                    " \"max\": 12}}'");
    gate(&f, "looks", STATUS_VERDICT, "Ledger: entry 1");
    assert_true(number(&f, "SELECT plan_look FROM comparison_row ORDER BY cmp_id DESC") == 3);
    fixture_close(&f);
}

static void test_list(void **state)
{
    (void)state;
    fixture f;
    char *out, *err;
    fixture_open(&f);
    put_study(&f, "good", 0.05), put_study(&f, "nothing", 0.0001);
    gate(&f, "good", STATUS_DONE, "Ledger: entry 1");
    assert_int_equal(
        fixture_command("compare", &out, &err,
                        (const char *[]){ "compare", "--db", f.path, "nothing", NULL }),
        0);
    free(out), free(err);
    const char *all[] = { "ledger", "--db", f.path, "-ojson", NULL, NULL };
    assert_int_equal(fixture_command("ledger", &out, &err, all), 0);
    json_t *rows = fixture_rows(out);
    assert_int_equal(json_array_size(rows), 2);
    assert_true(fixture_number(json_array_get(rows, 0), "entry") == 1);
    assert_string_equal(json_string_value(json_object_get(json_array_get(rows, 0), "discovery")),
                        "yes");
    assert_true(isnan(fixture_number(json_array_get(rows, 1), "entry")));
    fixture_expect(out, "2 verdicts shown, of 2 studies.");
    fixture_expect(out, "In the ledger: 1 study, 1 discovery.");
    json_decref(rows), free(out), free(err);
    all[4] = "nothing";
    assert_int_equal(fixture_command("ledger", &out, &err, all), 0);
    rows = fixture_rows(out);
    assert_int_equal(json_array_size(rows), 1);
    json_decref(rows), free(out), free(err);
    all[4] = "nowhere";
    assert_int_equal(fixture_command("ledger", &out, &err, all), STATUS_USAGE);
    free(out), free(err);
    fixture_close(&f);
}

/* What the study does not state is refused, and nothing is entered. */
static void test_refused(void **state)
{
    (void)state;
    static const char *const OPTION[][2] = { { "--alpha", "0.1" },       { "--margin", "1" },
                                             { "--metric", "val_bpb" },  { "--at", "tokens=5" },
                                             { "--pairs", "all" },       { "--generation", "0" },
                                             { "--interactions", NULL }, { "nothing", NULL } };
    fixture f;
    fixture_open(&f);
    put_study(&f, "good", 0.05), put_study(&f, "nothing", 0.0001);
    for (size_t i = 0; i < sizeof OPTION / sizeof *OPTION; i++) {
        char *out, *err;
        assert_int_equal(
            fixture_command("compare", &out, &err,
                            (const char *[]){ "compare", "--db", f.path, "good", "--ledger",
                                              OPTION[i][0], OPTION[i][1], NULL }),
            STATUS_USAGE);
        fixture_expect(err, "--ledger tests what the study states");
        free(out), free(err);
    }
    assert_true(number(&f, "SELECT count(*) FROM ledger") == 0);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gate),
        cmocka_unit_test(test_planned),
        cmocka_unit_test(test_list),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
