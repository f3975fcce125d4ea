/* test_query.c - a query can read everything and change nothing; ls, show and schema. */
#include "analysis/data/saved_queries.h"
#include "core/base/file.h"
#include "core/base/hash.h"
#include "tests/fixture.h"
#include "tests/score_fixture.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const double BASE[] = { 3.5, 3.6, 3.55 }, OTHER[] = { 3.52, NAN, 3.58 };

static fixture f;

static int open_database(void **state)
{
    (void)state;
    fixture_open(&f);
    const fixture_arm arm[] = { { "mha", "mha", 8, 512, -1, BASE, NULL },
                                { "mqa", "mqa", 1, 512, 0, OTHER, NULL } };
    fixture_study(&f, "heads", arm, 2, 3, 0.02);
    return 0;
}

static int close_database(void **state)
{
    (void)state;
    fixture_close(&f);
    return 0;
}

/* `attnlab VERB ARG... --db`; the output is checked for `expect` on stdout, or stderr when the
 * status is not 0. */
static void check(const char *command, int status, const char *expect, const char *a, const char *b,
                  const char *c)
{
    const char *argv[] = { "attnlab", "--db", f.path, a, b, c, NULL };
    char *out, *err;
    const int got = fixture_command(command, &out, &err, argv);
    if (got != status) fail_msg("%s: status %d: %s", a ? a : "", got, err);
    if (status) {
        assert_int_equal(out[0], '\0');
        if (strchr(err, '\n') != err + strlen(err) - 1) fail_msg("not one line: %s", err);
    }
    if (expect && !strstr(status ? err : out, expect))
        fail_msg("%s: no '%s' in: %s", a ? a : "", expect, status ? err : out);
    free(out), free(err);
}

static int64_t number(const char *sql)
{
    int64_t n;
    error e;
    if (!db_integer(&f.d, &n, -1, &e, sql, NULL)) fail_msg("%s", e.msg);
    return n;
}

/* A study keeps its runs, versions and looks under another name, which its settings have from then
 * on. */
static void renames(void **state)
{
    (void)state;
    const int64_t id = number("SELECT sweep_id FROM sweep WHERE name = 'heads'");
    check("compare", 0, "Look 1.", "heads", NULL, NULL);
    fixture_run(&f, "UPDATE sweep_version SET settings_json = '[\"sweep.seeds=3\"]'");
    check("rename", STATUS_USAGE, "no study 'tails'; it has heads", "tails", "other", NULL);
    check("rename", STATUS_USAGE, "'a/b' is not a name", "heads", "a/b", NULL);
    check("rename", STATUS_USAGE, "has a study 'heads' already", "heads", "heads", NULL);
    check("rename", STATUS_USAGE, "missing argument: NAME", "heads", NULL, NULL);
    assert_int_equal(number("SELECT max(version) FROM sweep_version"), 1);
    check("rename", 0, NULL, "heads", "tails", NULL);
    check("rename", 0, NULL, "tails", "coins", NULL);
    assert_int_equal(number("SELECT sweep_id FROM sweep WHERE name = 'coins'"), id);
    assert_int_equal(number("SELECT count(*) FROM sweep"), 1);
    assert_int_equal(number("SELECT settings_json = '[\"sweep.seeds=3\",\"sweep.name=coins\"]' FROM"
                            " sweep_version WHERE version = 3"),
                     1);
    assert_int_equal(
        number("SELECT runs_done = 6 AND looks = 1 FROM sweep_version WHERE version = 2"), 1);
    check("compare", 0, "Look 2.", "coins", NULL, NULL);
    check("compare", STATUS_USAGE, "no study 'heads'", "heads", NULL, NULL);
    char *out, *err;
    const char *argv[] = { "attnlab", "--db", "/nowhere/x.db", "a", "b", NULL };
    assert_int_equal(fixture_command("rename", &out, &err, argv), STATUS_FAILED);
    free(out), free(err);
}

static void reads(void **state)
{
    (void)state;
    check("query", 0, "5", "SELECT count(*) AS n FROM run WHERE status = 'done'", NULL, NULL);
    check("query", 0, "[{\"x\": 1.5, \"y\": null, \"z\": \"a'b\"}]",
          "SELECT 1.5 AS x, NULL AS y, 'a''b' AS z;  -- and a comment", "-o", "json");
    check("query", 0, "x,y\n1,\"a,b\"\n", "SELECT 1 AS x, 'a,b' AS y", "-o", "csv");
    check("query", 0, "{\"x\": \"00ff\"}\n", "SELECT x'00ff' AS x", "-o", "jsonl");
    check("query", 0, "|        x |\n|---:|\n| 0.001234 |\n", "SELECT 0.001234 AS x", "-o", "md");
    check("query", 0, "done",
          "WITH t AS (SELECT * FROM v_final JOIN run USING(run_id))"
          " SELECT DISTINCT status FROM t",
          NULL, NULL);
    check("query", 0, "run_uid", "SELECT name FROM pragma_table_info('run')", NULL, NULL);
    check("query", 0, "SCAN", "EXPLAIN QUERY PLAN SELECT * FROM run", NULL, NULL);
    check("query", 0, "model.lr", "SELECT key FROM json_each('{\"model.lr\":1}')", NULL, NULL);
}

static void changes_nothing(void **state)
{
    (void)state;
    char before[HASH_HEX], after[HASH_HEX];
    error e;
    assert_true(hash_file(before, f.path, &e));
    static const char *const EVIL[] = {
        "DELETE FROM run",
        "INSERT INTO event(at_ms, level, message) VALUES(0, 'info', '')",
        "UPDATE run SET status = 'done' RETURNING run_uid",
        "DROP TABLE run",
        "CREATE TABLE t(x)",
        "CREATE TEMP TABLE t AS SELECT 1",
        "PRAGMA user_version = 7",
        "PRAGMA journal_mode = DELETE",
        "PRAGMA writable_schema = 1",
        "ATTACH DATABASE '/tmp/attnlab-evil.db' AS evil",
        "VACUUM INTO '/tmp/attnlab-evil.db'",
        "BEGIN IMMEDIATE",
        "SELECT load_extension('evil')",
        "REINDEX",
        "UPDATE sqlite_master SET sql = ''",
        "DELETE FROM sqlite_master",
        "ANALYZE",
    };
    for (size_t i = 0; i < sizeof EVIL / sizeof *EVIL; i++)
        check("query", STATUS_USAGE, NULL, EVIL[i], NULL, NULL);
    assert_true(hash_file(after, f.path, &e));
    assert_string_equal(before, after);
    assert_int_not_equal(hash_file(after, "/tmp/attnlab-evil.db", &e), true);
}

static void refuses(void **state)
{
    (void)state;
    check("query", STATUS_USAGE, "one statement", "SELECT 1; SELECT 2", NULL, NULL);
    check("query", STATUS_USAGE, "one statement", "SELECT 1; DROP TABLE run", NULL, NULL);
    check("query", STATUS_USAGE, "no such table: nowhere", "SELECT * FROM nowhere", NULL, NULL);
    check("query", STATUS_USAGE, "syntax error", "SELEC\n1", NULL, NULL);
    check("query", STATUS_USAGE, "empty", " ; -- nothing", NULL, NULL);
    check("query", STATUS_FAILED, "no such database", "SELECT 1", "--db", "/nowhere/x.db");
}

static void runs_away(void **state)
{
    (void)state;
    struct timespec a, b;
    clock_gettime(CLOCK_MONOTONIC, &a);
    const char *argv[] = { "attnlab",
                           "--db",
                           f.path,
                           "--timeout",
                           "0.3",
                           "WITH RECURSIVE t(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM t)"
                           " SELECT sum(x) FROM t",
                           NULL };
    char *out, *err;
    assert_int_equal(fixture_command("query", &out, &err, argv), STATUS_FAILED);
    clock_gettime(CLOCK_MONOTONIC, &b);
    assert_non_null(strstr(err, "stopped after 0.3 s"));
    assert_true(b.tv_sec - a.tv_sec < 2);
    free(out), free(err);
}

static void lists(void **state)
{
    (void)state;
    const char *argv[] = { "attnlab", "--db", f.path, "-o", "json", NULL };
    char *out, *err;
    assert_int_equal(fixture_command("ls", &out, &err, argv), 0);
    json_t *j = fixture_rows(out);
    assert_int_equal(json_array_size(j), 6);
    const json_t *row = json_array_get(j, 0);
    assert_string_equal(json_string_value(json_object_get(row, "arm")), "mha");
    assert_string_equal(json_string_value(json_object_get(row, "study")), "heads");
    assert_true(fabs(json_number_value(json_object_get(row, "val_loss")) - 3.5) < 1e-9);
    assert_int_equal(json_integer_value(json_object_get(row, "tokens")), 40 * 4096);
    json_decref(j);
    free(out), free(err);
    check("ls", 0, "diverged", "--status", "diverged", NULL);
    check("ls", 0, "Does sharing cost anything?", "--studies", NULL, NULL);
    check("ls", STATUS_USAGE, "no study 'tails'; it has heads", "tails", NULL, NULL);
}

/* A run is dropped where no arm that is still in its study has it. */
static void marks_dropped(void **state)
{
    (void)state;
    char *out, *err;
    fixture_run(&f, "UPDATE arm SET dropped = 1 WHERE label = 'mqa'");
    const char *argv[] = { "attnlab", "--db", f.path, "-ojson", "heads", NULL };
    assert_int_equal(fixture_command("ls", &out, &err, argv), 0);
    json_t *j = fixture_rows(out), *row;
    size_t i;
    json_array_foreach(j, i, row)
    {
        const json_t *mark = json_object_get(row, "dropped");
        if (strcmp(json_string_value(json_object_get(row, "arm")), "mqa") == 0)
            assert_string_equal(json_string_value(mark), "yes");
        else
            assert_true(json_is_null(mark));
    }
    assert_int_equal(i, 6);
    json_decref(j);
    free(out), free(err);
    fixture_run(&f, "UPDATE arm SET dropped = 0");
    check("ls", 0, "[]", "--status", "planned", "-ojson");
}

static void shows(void **state)
{
    (void)state;
    char *uid;
    error e;
    assert_true(db_text(&f.d, &uid, &e, "SELECT run_uid FROM run LIMIT 1", NULL));
    const char *argv[] = { "attnlab", "--db", f.path, "-o", "json", uid, NULL };
    char *out, *err;
    assert_int_equal(fixture_command("show", &out, &err, argv), 0);
    json_t *j = json_loads(out, 0, NULL);
    assert_non_null(j);
    static const char *const PART[] = { "run",      "model",       "configuration", "code",
                                        "attempts", "evaluations", "checkpoints",   "events" };
    for (size_t i = 0; i < sizeof PART / sizeof *PART; i++)
        assert_true(json_is_array(json_object_get(j, PART[i])));
    assert_int_equal(json_array_size(json_object_get(j, "evaluations")), 8);
    json_decref(j);
    free(out), free(err);
    check("show", 0, "Zen", uid, NULL, NULL);
    check("show", 0, "seed", "heads", NULL, NULL);
    check("show", STATUS_USAGE, "6 runs start with", "1", NULL, NULL);
    check("show", STATUS_USAGE, "no run or study 'zzz'", "zzz", NULL, NULL);
    free(uid);
}

/* Every saved query runs, with and without its parameters, and returns rows. */
static void by_name(void **state)
{
    (void)state;
    char run[64], *uid;
    error e;
    assert_true(db_text(&f.d, &uid, &e, "SELECT run_uid FROM run LIMIT 1", NULL));
    snprintf(run, sizeof run, "run=%s", uid);
    free(uid);
    fixture_run(&f, "INSERT OR IGNORE INTO eval_pos SELECT eval_id, 0, 10, 30.0 FROM eval");
    static const score_task TASK[] = { { "mqar", "recall", "acc", 6 } };
    score_runs(&f, score_suite(&f, "bench", TASK, 1), score_random, 512);
    for (const saved_query *k = saved_queries; k->name; k++) {
        const bool of_run = strcmp(k->parameters, "run") == 0;
        check("query", 0, "SELECT", k->name, "--explain", NULL);
        check("query", 0, NULL, k->name, "-ojson", of_run ? run : NULL);
        if (strncmp(k->parameters, "study", 5) != 0) continue;
        check("query", STATUS_USAGE, "no study 'nowhere'; it has heads", k->name, "study=nowhere",
              "-ojson");
        if (strcmp(k->name, "missing") != 0 && strcmp(k->name, "looks") != 0)
            check("query", 0, "heads", k->name, "study=heads", NULL);
    }
    check("query", 0, "leaderboard", "--list", NULL, NULL);
    check("query", STATUS_USAGE, "no query 'leaderbord'; there are leaderboard,", "leaderbord",
          NULL, NULL);
    check("query", STATUS_USAGE, "no parameter 'studie'", "leaderboard", "studie=heads", NULL);
    /* A value that names nothing is refused: an empty table would hide it. */
    check("query", STATUS_USAGE, "missing parameter: `attnlab query steps run=RUN`", "steps", NULL,
          NULL);
    check("query", STATUS_USAGE, "no run 'zzz'", "steps", "run=zzz", NULL);
    check("query", STATUS_USAGE, "context 999; there is 512", "leaderboard", "context=999", NULL);
    check("query", STATUS_USAGE, "context=x: this is not a whole number", "leaderboard",
          "context=x", NULL);
    check("query", STATUS_USAGE, "no suite 'x'; there is bench", "items", "suite=x", NULL);
    check("query", STATUS_USAGE, "no task 'x'; there is mqar", "items", "task=x", NULL);
    check("query", STATUS_USAGE, "most=0: this is not a whole number", "items", "most=0", NULL);
    check("query", STATUS_USAGE, "points=0: this is not a whole number", "training", "points=0",
          NULL);
    check("query", STATUS_USAGE, "no study ''", "leaderboard", "study=", NULL);
    check("query", 0, "heads", "leaderboard", "context=512", "study=heads");
    check("query", 0, "[{\"x\": 42}]", "SELECT :n + 1 AS x", "n=41", "-ojson");
    check("query", 0, "[{\"x\": \"'; DROP\"}]", "SELECT :n AS x", "n='; DROP", "-ojson");
    check("query", 0, "\\begin{tabular}", "leaderboard", "-o", "latex");
}

/* The means over the seeds of an arm are those of its runs' spans. */
static void check_averages(const json_t *training)
{
    const char *argv[] = { "attnlab", "--db", f.path, "averages", "-ojson", "points=4", NULL };
    char *out, *err;
    assert_int_equal(fixture_command("query", &out, &err, argv), 0);
    json_t *j = fixture_rows(out), *row, *piece;
    assert_int_equal(json_array_size(j), 2 * 4);
    size_t i, k;
    json_array_foreach(j, i, row)
    {
        double sum = 0, most = -INFINITY;
        int n = 0;
        json_array_foreach(training, k, piece)
        {
            if (!json_equal(json_object_get(piece, "arm"), json_object_get(row, "arm")) ||
                !json_equal(json_object_get(piece, "step"), json_object_get(row, "step")))
                continue;
            const double loss = json_number_value(json_object_get(piece, "loss"));
            sum += loss, most = fmax(most, loss), n++;
        }
        assert_int_equal(json_integer_value(json_object_get(row, "runs")), n);
        assert_true(fabs(json_number_value(json_object_get(row, "loss")) - sum / n) < 1e-12);
        assert_true(json_number_value(json_object_get(row, "highest_seed")) == most);
    }
    json_decref(j);
    free(out), free(err);
}

/* The leaderboard's numbers, and the spans of the training loss, against sums made here. */
static void saved_query_numbers(void **state)
{
    (void)state;
    const char *argv[] = { "attnlab", "--db", f.path, "leaderboard", "-ojson", NULL, NULL };
    char *out, *err;
    assert_int_equal(fixture_command("query", &out, &err, argv), 0);
    json_t *j = fixture_rows(out);
    assert_int_equal(json_array_size(j), 2);
    int runs = 0; /* one of three mqa diverged */
    for (size_t i = 0; i < 2; i++) {
        const json_t *row = json_array_get(j, i);
        assert_true(fabs(json_number_value(json_object_get(row, "loss")) - 3.55) < 1e-9);
        runs += (int)json_integer_value(json_object_get(row, "n"));
    }
    assert_int_equal(runs, 5);
    json_decref(j);
    free(out), free(err);
    argv[3] = "training", argv[5] = "points=4";
    assert_int_equal(fixture_command("query", &out, &err, argv), 0);
    j = fixture_rows(out);
    assert_int_equal(json_array_size(j), 5 * 4 + 2); /* the one that diverged has half */
    double mean = 0;
    for (int step = 1; step <= 10; step++)
        mean += (3.5 + 5 * exp(-step / 8.0) + 0.05 * sin(step)) / 10;
    assert_true(fabs(json_number_value(json_object_get(json_array_get(j, 0), "loss")) - mean) <
                1e-9);
    check_averages(j);
    json_decref(j);
    free(out), free(err);
}

static void differs(void **state)
{
    (void)state;
    fixture_run(&f, "UPDATE config_param SET value = 0.002 WHERE key = 'train.lr' AND config_id ="
                    " (SELECT config_id FROM arm WHERE label = 'mqa')");
    const char *argv[] = {
        "attnlab", "--db", f.path, "heads/mha/1", "heads/mqa/1", "-ojson", NULL
    };
    char *out, *err;
    assert_int_equal(fixture_command("diff", &out, &err, argv), 0);
    json_t *j = fixture_rows(out), *row;
    size_t i;
    int found = 0;
    json_array_foreach(j, i, row)
    {
        const char *key = json_string_value(json_object_get(row, "key"));
        assert_string_not_equal(key, "model.context"); /* it is the same */
        found += strcmp(key, "train.lr") == 0 || strcmp(key, "model.attention") == 0;
        if (strcmp(key, "val_loss@512") != 0) continue;
        found++;
        assert_true(fabs(json_number_value(json_object_get(row, "b_minus_a")) - 0.02) < 1e-9);
    }
    assert_int_equal(found, 3);
    json_decref(j);
    free(out), free(err);
    check("diff", 0, "Zen", "heads/mha/1", "heads/mha/2", "--all");
    check("diff", STATUS_USAGE, "no run 'heads/mha/9'", "heads/mha/9", "heads/mha/2", NULL);
    check("diff", STATUS_USAGE, "no run 'zzz'", "heads/mha/1", "zzz", NULL);
}

static void schema(void **state)
{
    (void)state;
    const char *argv[] = { "attnlab", NULL };
    char *out, *err;
    assert_int_equal(fixture_command("schema", &out, &err, argv), 0);
    assert_string_equal(out, db_schema());
    free(out), free(err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads),
        cmocka_unit_test(changes_nothing),
        cmocka_unit_test(refuses),
        cmocka_unit_test(runs_away),
        cmocka_unit_test(lists),
        cmocka_unit_test(shows),
        cmocka_unit_test(marks_dropped),
        cmocka_unit_test(by_name),
        cmocka_unit_test(saved_query_numbers),
        cmocka_unit_test(differs),
        cmocka_unit_test(schema),
        cmocka_unit_test(renames), /* last, as the others know the old name */
    };
    return cmocka_run_group_tests(tests, open_database, close_database);
}
