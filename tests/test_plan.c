/* test_plan.c - a study in the database, and what happens when its file changes. */
#include "experiments/plan.h"
#include "experiments/study_stored.h"

#include "tests/workspace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THREE "  axes: {model.attention: [mha, gqa, mqa]}\n  baseline: {model.attention: mha}\n"
#define TWO   "  axes: {model.attention: [mqa, mha]}\n  baseline: {model.attention: mha}\n"

/* Plan a study into p.db; `train` and `section` are what `train` and `sweep` say besides the rest.
 */
static bool write_plan(const char *train, const char *section, bool again, bool accept, error *e)
{
    char text[2048];
    study_file s;
    arms a;
    plan p;
    db d;
    snprintf(text, sizeof text,
             "model: {dim: 64, n_heads: 4, n_layers: 2, context: 64, ffn_dim: 1024}\n"
             "data: {corpus: corpus}\n"
             "train: {batch_tokens: 512, %s}\nsweep:\n  name: s\n%s%s",
             train, strstr(section, "seeds:") ? "" : "  seeds: 3\n", section);
    workspace_write("study.yaml", text);
    if (!study_file_read(&s, "study.yaml", NULL, 0, e)) return false;
    bool ok = arms_open(&a, &s, e);
    if (ok) {
        assert_true(db_open(&d, "p.db", DB_WRITE, e));
        ok = plan_write(&p, &d, &a, &s, again, accept, e);
        for (int i = 0; ok && i < p.n; i++) assert_true(p.cell[i].run.run_id > 0);
        if (ok) plan_close(&p);
        db_close(&d);
        arms_close(&a);
    }
    study_file_close(&s);
    return ok;
}

static void planned(const char *train, const char *section)
{
    error e;
    if (!write_plan(train, section, false, false, &e)) fail_msg("%s", e.msg);
}

/* The rows of a statement, columns by '|' and rows by ' '. */
static void check(const char *sql, const char *wanted)
{
    char got[2048] = "";
    size_t n = 0;
    db d;
    error e;
    sqlite3_stmt *q;
    bool row;
    assert_true(db_open(&d, "p.db", DB_READ, &e));
    if (!db_query(&d, &q, &e, sql, NULL)) fail_msg("%s", e.msg);
    for (int rows = 0; db_next(&d, q, &row, &e) && row; rows++)
        for (int i = 0; i < sqlite3_column_count(q); i++) {
            const char *text = (const char *)sqlite3_column_text(q, i);
            n += (size_t)snprintf(got + n, sizeof got - n, "%s%s",
                                  i      ? "|"
                                  : rows ? " "
                                         : "",
                                  text ? text : "-");
        }
    sqlite3_finalize(q);
    db_close(&d);
    assert_string_equal(got, wanted);
}

static void run_sql(const char *sql)
{
    db d;
    error e;
    assert_true(db_open(&d, "p.db", DB_WRITE, &e));
    if (!db_run(&d, &e, sql, NULL)) fail_msg("%s", e.msg);
    db_close(&d);
}

static const char ARMS[] = "SELECT a.ord, a.label, b.label, a.dropped FROM arm a LEFT JOIN arm b ON"
                           " b.arm_id = a.base_arm_id ORDER BY a.ord";

static void test_first(void **state)
{
    (void)state;
    remove("p.db");
    planned("tokens: 20k", THREE "  seeds: 2\n  margin: 0.02\n  question: why?\n"
                                 "  match: {params: model.ffn_dim}\n  alpha: 0.1\n");
    check(ARMS, "0|mha|-|0 1|gqa:n_kv_heads=2|mha|0 2|mqa|mha|0");
    check("SELECT name, design, axes_json, match_json, baseline_json FROM sweep",
          "s|grid|{\"model.attention\":[\"mha\",\"gqa\",\"mqa\"]}|{\"params\":\"model.ffn_dim\"}|"
          "{\"model.attention\":\"mha\"}");
    check("SELECT version, question, hypothesis, metric, direction, margin, alpha, seeds,"
          " runs_done, looks FROM sweep_version",
          "1|why?||val_loss@64|min|0.02|0.1|2|0|0");
    check("SELECT count(*), min(status), max(status), min(target_step), max(generation) FROM run",
          "6|planned|planned|40|0");
    check("SELECT count(*) FROM arm_run JOIN run USING(run_id) WHERE pair_key = seed_init AND"
          " pair_key = seed_data",
          "6");
    check("SELECT count(*) FROM config", "3");
    check("SELECT count(*) FROM v_confound", "0"); /* ffn_dim is matched */
    check("SELECT count(*) FROM v_missing", "6");
    check("SELECT DISTINCT json_extract(axis_json, '$.\"model.attention\"') FROM arm ORDER BY ord",
          "mha gqa mqa");
}

/* Planning twice changes nothing. */
static void test_again(void **state)
{
    (void)state;
    remove("p.db");
    planned("tokens: 20k", THREE);
    planned("tokens: 20k", THREE);
    check("SELECT (SELECT count(*) FROM run), (SELECT count(*) FROM arm), (SELECT count(*) FROM"
          " arm_run), (SELECT count(*) FROM sweep_version), (SELECT count(*) FROM sweep)",
          "9|3|9|1|1");
}

static void test_arms_change(void **state)
{
    (void)state;
    remove("p.db");
    planned("tokens: 20k", TWO);
    check(ARMS, "0|mqa|mha|0 1|mha|-|0");
    planned("tokens: 20k", THREE);
    check(ARMS, "0|mha|-|0 1|gqa:n_kv_heads=2|mha|0 2|mqa|mha|0");
    check("SELECT count(*) FROM run", "9");
    planned("tokens: 20k", TWO);
    check("SELECT label, dropped FROM arm ORDER BY ord", "mqa|0 mha|0 gqa:n_kv_heads=2|1");
    check("SELECT count(*), (SELECT count(*) FROM arm_run) FROM run", "9|9");
    check("SELECT max(version) FROM sweep_version", "3");
    planned("tokens: 20k", TWO);
    check("SELECT max(version) FROM sweep_version", "3");
}

/* More seeds add runs, and a new version that notes what had been seen. */
static void test_seeds_change(void **state)
{
    (void)state;
    remove("p.db");
    planned("tokens: 20k", TWO "  seeds: 2\n");
    run_sql("UPDATE run SET status='done' WHERE seed_init = 1");
    planned("tokens: 20k", TWO "  seeds: 3\n");
    check("SELECT version, seeds, runs_done FROM sweep_version", "1|2|0 2|3|2");
    check("SELECT status, count(*) FROM run GROUP BY 1", "done|2 planned|4");
    planned("tokens: 20k", TWO "  seeds: 3\n  margin: 0.5\n");
    check("SELECT version, margin, runs_done FROM sweep_version", "1|-|0 2|-|2 3|0.5|2");
    planned("tokens: 20k", TWO "  seeds: 1\n  margin: 0.5\n");
    check("SELECT count(*), (SELECT count(*) FROM run) FROM arm_run", "2|6");
}

/* A list of seeds: their numbers pair the arms, and those that are no longer listed have no cells.
 */
static void test_seed_list(void **state)
{
    (void)state;
    static const char CELLS[] = "SELECT DISTINCT pair_key, seed_init, seed_data FROM arm_run JOIN"
                                " run USING(run_id) ORDER BY 1";
    remove("p.db");
    planned("tokens: 20k", TWO "  seeds: [1, 2, 5]\n");
    check(CELLS, "1|1|1 2|2|2 5|5|5");
    check("SELECT seeds, json_extract(plan_json, '$.seeds') FROM sweep_version", "3|[1,2,5]");
    run_sql("UPDATE run SET status='done' WHERE seed_init = 5");
    planned("tokens: 20k", TWO "  seeds: [1, 3]\n");
    check(CELLS, "1|1|1 3|3|3");
    check("SELECT version, seeds, runs_done FROM sweep_version", "1|3|0 2|2|2");
    planned("tokens: 20k", TWO "  seeds: 2\n");
    check(CELLS, "1|1|1 2|2|2");
    check("SELECT count(*) FROM run", "8"); /* none is lost */
}

/* Whatever changes in the text or in the settings makes a version, and a name means the newest:
 * exclude, baseline, match, a key that changes no result, a comment. */
static void test_versions(void **state)
{
    (void)state;
    static const char *const SECTION[] = {
        THREE "  exclude: [{model.attention: mqa}]\n",
        THREE,
        THREE "  match: {params: model.ffn_dim}\n",
        "  axes: {model.attention: [mha, gqa, mqa]}\n  baseline: {model.attention: mqa}\n",
        THREE "  hypothesis: none\n",
        THREE "  exclude: [{model.attention: mqa}]\n",
        THREE "# a comment\n",
        THREE "  exclude: []\n",
    };
    static const int ARM[] = { 2, 3, 3, 3, 3, 2, 3, 3 };
    char version[32];
    remove("p.db");
    for (int i = 0; i < (int)(sizeof ARM / sizeof *ARM); i++) {
        study_file s;
        arms a;
        error e;
        planned("tokens: 20k", SECTION[i]);
        snprintf(version, sizeof version, "%d", i + 1);
        check("SELECT max(version) FROM sweep_version", version);
        assert_int_equal(remove("study.yaml"), 0);
        if (!study_stored_open(&s, "s", "p.db", NULL, 0, &e)) fail_msg("%s", e.msg);
        if (!strstr(s.text, SECTION[i])) fail_msg("an old text: %s", s.text);
        assert_true(arms_open(&a, &s, &e));
        assert_int_equal(a.n, ARM[i]);
        arms_close(&a);
        study_file_close(&s);
    }
    planned("tokens: 20k, threads: 1", SECTION[7]); /* changes no result */
    check("SELECT max(version) FROM sweep_version", "9");
    planned("tokens: 20k, threads: 1", SECTION[7]);
    check("SELECT max(version) FROM sweep_version", "9");
    check("SELECT json_extract(plan_json, '$.exclude', '$.baseline', '$.match') FROM sweep_version"
          " WHERE version IN (1, 3, 4) ORDER BY version",
          "[[{\"model.attention\":\"mqa\"}],{\"model.attention\":\"mha\"},{}] "
          "[[],{\"model.attention\":\"mha\"},{\"params\":\"model.ffn_dim\"}] "
          "[[],{\"model.attention\":\"mqa\"},{}]");
}

/* Runs that finished in another study were known when this one was written. */
static void test_known_before(void **state)
{
    (void)state;
    remove("p.db");
    planned("tokens: 20k", TWO "  seeds: 2\n");
    run_sql("UPDATE run SET status='done' WHERE seed_init = 1");
    run_sql("UPDATE sweep SET name='older'");
    planned("tokens: 20k", TWO "  seeds: 2\n  margin: 0.5\n");
    check("SELECT name, version, runs_done FROM sweep_version JOIN sweep USING(sweep_id)",
          "older|1|0 s|1|2");
}

static void refused(const char *train, const char *section, const char *words)
{
    error e = { 0 };
    if (write_plan(train, section, false, false, &e)) fail_msg("planned: %s %s", train, section);
    assert_int_equal(e.status, STATUS_USAGE);
    if (!strstr(e.msg, words)) fail_msg("'%s' is not in '%s'", words, e.msg);
}

static void test_fixed_keys(void **state)
{
    (void)state;
    remove("p.db");
    planned("tokens: 20k", TWO);
    check("SELECT count(*) FROM config", "2");
    refused("tokens: 30k", TWO, "train.tokens = 20000, this one 30000");
    refused("tokens: 20k, lr: 2e-3", TWO, "train.lr");
    refused("tokens: 20k",
            "  axes: {model.context: [64, 128]}\n  baseline: {model.context: 64}\n"
            "  metric: val_loss@64\neval: {context: [64, 128]}\n",
            "data.span = 64");
    check("SELECT count(*), (SELECT count(*) FROM run) FROM config", "2|6"); /* rolled back */
    planned("tokens: 20k, threads: 2, keep: all", TWO);                      /* changes no result */
    check("SELECT count(*) FROM run", "6");
    /* what was fixed may become an axis */
    planned("tokens: 20k", "  axes: {model.attention: [mqa, mha], train.lr: [1e-3, 2e-3]}\n"
                           "  baseline: {model.attention: mha}\n");
    check("SELECT count(*), sum(dropped) FROM arm", "4|0");
    check("SELECT a.label, b.label FROM arm a JOIN arm b ON b.arm_id = a.base_arm_id ORDER BY 1",
          "mqa lr=0.001|mha lr=0.001 mqa lr=0.002|mha lr=0.002");
}

/* Results of other code stop the plan, are planned again, or are accepted. */
static void test_outdated(void **state)
{
    (void)state;
    error e = { 0 };
    remove("p.db");
    planned("tokens: 20k", TWO "  seeds: 2\n");
    run_sql("INSERT INTO code(code_id, binary_sha256, version) VALUES(1, 'x', '0')");
    run_sql("UPDATE run SET status='done', code_id=1 WHERE seed_init = 1");
    assert_false(write_plan("tokens: 20k", TWO "  seeds: 2\n", false, false, &e));
    assert_int_equal(e.status, STATUS_FAILED);
    assert_non_null(strstr(e.msg, "2 of 4 runs are outdated"));
    assert_true(write_plan("tokens: 20k", TWO "  seeds: 2\n", false, true, &e));
    check("SELECT count(*), max(generation) FROM run", "4|0");
    assert_true(write_plan("tokens: 20k", TWO "  seeds: 2\n", true, false, &e));
    check("SELECT count(*), max(generation) FROM run", "6|1");
    check("SELECT pair_key, generation, status FROM arm_run JOIN run USING(run_id) ORDER BY 1, 2",
          "1|1|planned 1|1|planned 2|0|planned 2|0|planned");
}

/* Looking writes nothing. */
static void test_look(void **state)
{
    (void)state;
    study_file s;
    arms a;
    plan p;
    db d;
    error e;
    remove("p.db");
    planned("tokens: 20k", TWO "  seeds: 1\n");
    run_sql("UPDATE run SET status='done', last_step=40");
    assert_true(study_file_read(&s, "study.yaml", (char *[]){ (char *)"sweep.seeds=2" }, 1, &e));
    assert_true(arms_open(&a, &s, &e));
    assert_true(db_open(&d, "p.db", DB_READ, &e));
    assert_true(plan_look(&p, &d, &a, &s, &e));
    assert_int_equal(p.n, 4);
    assert_int_equal(p.cell[0].run.status, RUN_DONE);
    assert_true(run_status_final(p.cell[1].run.status));
    assert_int_equal(p.cell[2].run.status, RUN_NEW);
    assert_int_equal(strlen(p.cell[2].run.uid), 12);
    assert_int_equal(p.cell[3].seed, 2);
    plan_close(&p);
    assert_true(plan_look(&p, NULL, &a, &s, &e));
    assert_int_equal(p.cell[0].run.status, RUN_NEW);
    plan_close(&p);
    db_close(&d);
    arms_close(&a);
    study_file_close(&s);
}

/* The words of run_status are those that the database allows, and are read back as what they were.
 */
static void test_statuses(void **state)
{
    (void)state;
    remove("p.db");
    planned("tokens: 20k", TWO "  seeds: 1\n");
    for (run_status status = RUN_PLANNED; status < RUN_STATUSES; status++) {
        char sql[64];
        snprintf(sql, sizeof sql, "UPDATE run SET status='%s'", run_status_word(status));
        run_sql(sql);
        assert_int_equal(run_status_of(run_status_word(status)), status);
        assert_int_equal(run_status_final(status), status == RUN_DONE || status == RUN_DIVERGED);
    }
}

/* A study by its file, its folder, or its name in the database. */
static void test_open(void **state)
{
    (void)state;
    study_file s;
    error e = { 0 };
    remove("p.db");
    planned("tokens: 20k", TWO "  seeds: 7\n");
    char *set[] = { (char *)"sweep.margin=0.5" };
    assert_true(study_stored_open(&s, "study.yaml", "p.db", set, 1, &e));
    assert_true(s.margin == 0.5);
    study_file_close(&s);
    assert_true(study_stored_open(&s, ".", "nowhere.db", NULL, 0, &e));
    assert_int_equal(s.seeds, 7);
    study_file_close(&s);
    assert_int_equal(remove("study.yaml"), 0);
    assert_true(study_stored_open(&s, "s", "p.db", NULL, 0, &e));
    assert_int_equal(s.seeds, 7);
    study_file_close(&s);
    run_sql("UPDATE sweep_version SET settings_json='[\"sweep.seeds=3\",\"train.lr=2e-3\"]'");
    set[0] = (char *)"sweep.margin=0.25"; /* beside those that are stored */
    assert_true(study_stored_open(&s, "s", "p.db", set, 1, &e));
    assert_true(s.seeds == 3 && s.margin == 0.25 && s.base.train.lr == 2e-3);
    assert_string_equal(s.settings_json,
                        "[\"sweep.seeds=3\",\"train.lr=2e-3\",\"sweep.margin=0.25\"]");
    study_file_close(&s);
    char *axes[] = { (char *)"sweep.axes={train.lr: [1e-3, 2e-3]}",
                     (char *)"sweep.baseline={train.lr: 1e-3}" };
    assert_true(study_stored_open(&s, "s", "p.db", axes, 2, &e)); /* what was set becomes an axis */
    study_file_close(&s);
    set[0] = (char *)"model.attention=mha";
    assert_false(study_stored_open(&s, "s", "p.db", set, 1, &e));
    assert_int_equal(e.status, STATUS_USAGE);
    assert_non_null(strstr(e.msg, "model.attention is an axis of the study"));
    assert_false(study_stored_open(&s, "t", "p.db", NULL, 0, &e));
    assert_int_equal(e.status, STATUS_FAILED);
    assert_non_null(strstr(e.msg, "no study of this name"));
    assert_false(study_stored_open(&s, "s", "nowhere.db", NULL, 0, &e));
    assert_non_null(strstr(e.msg, "s: no such file"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first),       cmocka_unit_test(test_again),
        cmocka_unit_test(test_arms_change), cmocka_unit_test(test_seeds_change),
        cmocka_unit_test(test_fixed_keys),  cmocka_unit_test(test_outdated),
        cmocka_unit_test(test_look),        cmocka_unit_test(test_statuses),
        cmocka_unit_test(test_open),        cmocka_unit_test(test_seed_list),
        cmocka_unit_test(test_versions),    cmocka_unit_test(test_known_before),
    };
    return cmocka_run_group_tests(tests, workspace_open_corpus, workspace_close);
}
