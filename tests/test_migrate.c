/* test_migrate.c - an invented version 0, killed at the beginning and at the end of every statement
 * on its way to version 2: what is left is version 0 as it was, or version 2, and nothing between.
 * And the real older versions (tests/databases): every number survives, and what comes out has the
 * tables and views of a new database.
 */
#define _GNU_SOURCE
#include "core/base/file.h"
#include "core/db/db.h"
#include "core/db/migrate.h"
#include "tests/scratch.h"
#include "tests/unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char path[96];

static const char OLD[] =
    "PRAGMA application_id = 0x41544C42; PRAGMA journal_mode = WAL;"
    "CREATE TABLE run(run_id INTEGER PRIMARY KEY, state TEXT) STRICT;"
    "CREATE TABLE step(run_id INTEGER REFERENCES run, step INTEGER, loss REAL) STRICT;"
    "INSERT INTO run VALUES(1, 'ok'), (2, 'bad');"
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)"
    " INSERT INTO step SELECT 1 + i % 2, i, i * 0.5 FROM n;";

static const migration STEPS[] = {
    { 1, "ALTER TABLE step ADD COLUMN flags INTEGER NOT NULL DEFAULT 0;"
         "UPDATE step SET flags = 4 WHERE loss > 100;"
         "CREATE VIEW v_loss AS SELECT run_id, avg(loss) AS mean FROM step GROUP BY 1;" },
    { 0, "CREATE TABLE new_run(run_id INTEGER PRIMARY KEY,"
         " status TEXT NOT NULL CHECK(status IN ('done', 'failed'))) STRICT;"
         "INSERT INTO new_run SELECT run_id, iif(state = 'ok', 'done', 'failed') FROM run;"
         "DROP TABLE run; ALTER TABLE new_run RENAME TO run;" },
};

static int open_folder(void **state)
{
    scratch_setup(state);
    snprintf(path, sizeof path, "%s/old.db", dir.folder);
    sqlite3 *h;
    assert_int_equal(sqlite3_open(path, &h), SQLITE_OK);
    assert_int_equal(sqlite3_exec(h, OLD, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(h);
    return 0;
}

/* Not db_open, which knows only the versions that there are. */
static void open_raw(db *d)
{
    *d = (db){ .path = path, .mode = DB_WRITE };
    assert_int_equal(sqlite3_open(path, &d->handle), SQLITE_OK);
    sqlite3_busy_timeout(d->handle, 10000);
}

static int countdown;

static int strike(unsigned type, void *context, void *p, void *x)
{
    (void)type, (void)context, (void)p, (void)x;
    if (--countdown == 0) kill(getpid(), SIGKILL);
    return 0;
}

static int64_t ask(db *d, const char *sql)
{
    int64_t n;
    error e;
    if (!db_integer(d, &n, -1, &e, sql, NULL)) fail_msg("%s: %s", sql, e.msg);
    return n;
}

static void check(int64_t version)
{
    db d;
    char *whole;
    error e;
    open_raw(&d);
    assert_int_equal(ask(&d, "PRAGMA user_version"), version);
    assert_true(db_text(&d, &whole, &e, "PRAGMA integrity_check", NULL));
    assert_string_equal(whole, "ok");
    free(whole);
    assert_int_equal(ask(&d, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
    assert_int_equal(ask(&d, "SELECT count(*) FROM step"), 500);
    assert_int_equal(ask(&d, "SELECT count(*) FROM sqlite_schema"), version ? 3 : 2);
    if (version) {
        assert_int_equal(ask(&d, "SELECT count(*) FROM run WHERE status = 'failed'"), 1);
        assert_int_equal(ask(&d, "SELECT count(*) FROM step WHERE flags = 4"), 300);
    } else
        assert_int_equal(ask(&d, "SELECT count(*) FROM run WHERE state = 'bad'"), 1);
    sqlite3_close(d.handle);
}

static void interrupted_anywhere(void **state)
{
    (void)state;
    int kills = 0, status;
    for (;; kills++) {
        const pid_t child = fork();
        if (child == 0) {
            db d;
            error e;
            open_raw(&d);
            countdown = kills + 1;
            sqlite3_trace_v2(d.handle, SQLITE_TRACE_STMT | SQLITE_TRACE_PROFILE, strike, NULL);
            _exit(!migrate_run(d.handle, path, STEPS, 2, 2, &e));
        }
        waitpid(child, &status, 0);
        if (WIFEXITED(status)) break;
        db d; /* a commit that was being made counts, or does not */
        open_raw(&d);
        const int64_t now = ask(&d, "PRAGMA user_version");
        sqlite3_close(d.handle);
        assert_true(now == 0 || now == 2);
        check(now);
        if (now == 2) {
            assert_int_equal(scratch_teardown(state), 0);
            open_folder(state);
        }
    }
    assert_int_equal(WEXITSTATUS(status), 0);
    check(2);
    print_message("killed %d times\n", kills);
    assert_true(kills > 20);
}

static void refuses(void **state)
{
    (void)state;
    static const migration BAD[] = { { 0, "DELETE FROM run WHERE run_id = 1" } };
    static const migration WRONG[] = { { 0, "UPDATE run SET state = 'x'; SELECT nonsense" } };
    db d;
    error e;
    open_raw(&d);
    assert_false(migrate_run(d.handle, path, BAD, 1, 1, &e));
    assert_non_null(strstr(e.msg, "250 rows would refer to missing rows"));
    assert_false(migrate_run(d.handle, path, WRONG, 1, 1, &e));
    assert_non_null(strstr(e.msg, "schema version 0 to 1"));
    assert_false(migrate_run(d.handle, path, STEPS, 1, 2, &e));
    assert_non_null(strstr(e.msg, "no migration from schema version 0 to 1"));
    assert_int_equal(ask(&d, "PRAGMA foreign_keys"), 1);
    sqlite3_close(d.handle);
    check(0);
}

/* Eight processes at once: one migrates, the others find it done. */
static void at_once(void **state)
{
    (void)state;
    pid_t child[8];
    for (int i = 0; i < 8; i++) {
        child[i] = fork();
        if (child[i] == 0) {
            db d;
            error e;
            open_raw(&d);
            _exit(!migrate_run(d.handle, path, STEPS, 2, 2, &e));
        }
    }
    for (int i = 0; i < 8; i++) {
        int status;
        waitpid(child[i], &status, 0);
        assert_int_equal(status, 0);
    }
    check(2);
}

/* There never was a version 0 of attnlab's schema: refused with a clear line, and left as it was.
 */
static void opens_no_version_0(void **state)
{
    (void)state;
    db d;
    error e;
    assert_false(db_open(&d, path, DB_WRITE, &e));
    assert_non_null(strstr(e.msg, "no migration from schema version 0 to 1"));
    assert_false(db_open(&d, path, DB_READ, &e));
    assert_non_null(strstr(e.msg, "older schema version 0"));
    check(0);
}

/* A database of attnlab 0.1 at `name`, in WAL mode as that version left it. */
static void load_version_1(const char *name)
{
    sqlite3 *h;
    error e;
    char *sql, *why = NULL;
    size_t n;
    if (!file_read(&sql, &n, DATABASES "/version-1.sql", 1 << 20, &e)) fail_msg("%s", e.msg);
    assert_int_equal(sqlite3_open(name, &h), SQLITE_OK);
    if (sqlite3_exec(h, sql, NULL, NULL, &why) != SQLITE_OK) fail_msg("%s", why);
    assert_int_equal(sqlite3_exec(h, "PRAGMA journal_mode=WAL", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(h);
    free(sql);
}

static char *text_of(db *d, const char *sql, const char *argument)
{
    char *text;
    error e;
    if (!db_text(d, &text, &e, sql, "t", argument)) fail_msg("%s: %s", sql, e.msg);
    assert_non_null(text);
    return text;
}

/* How many rows of two SELECTs are in only one of them. */
static int64_t differences(db *d, const char *one, const char *two)
{
    char sql[4096];
    snprintf(sql, sizeof sql,
             "WITH a AS (%s), b AS (%s) SELECT (SELECT count(*) FROM (SELECT * FROM a EXCEPT"
             " SELECT * FROM b)) + (SELECT count(*) FROM (SELECT * FROM b EXCEPT SELECT * FROM a))"
             " + abs((SELECT count(*) FROM a) - (SELECT count(*) FROM b))",
             one, two);
    return ask(d, sql);
}

/* No row of `table` is lost, added or changed, in the columns that both have. */
static void compare_rows(db *d, const char *table)
{
    char *columns =
        text_of(d,
                "SELECT group_concat(name) FROM pragma_table_info(?1, 'main') WHERE name IN"
                " (SELECT name FROM pragma_table_info(?1, 'old'))",
                table);
    char now[1024], was[1024];
    snprintf(now, sizeof now, "SELECT %s FROM main.%s", columns, table);
    snprintf(was, sizeof was, "SELECT %s FROM old.%s", columns, table);
    if (differences(d, now, was) != 0) fail_msg("%s: rows differ", table);
    free(columns);
}

/* The attached database and this one have the same tables, columns, keys, indexes and views. */
static void compare_schema(db *d, const char *other)
{
    static const char *const ASK[] = {
        "SELECT m.name, c.* FROM %s.sqlite_schema m JOIN pragma_table_xinfo(m.name, '%s') c"
        " WHERE m.type = 'table'",
        "SELECT m.name, c.* FROM %s.sqlite_schema m JOIN pragma_foreign_key_list(m.name, '%s') c"
        " WHERE m.type = 'table'",
        "SELECT name, sql FROM %s.sqlite_schema WHERE type IN ('view', 'index') AND '%s' <> ''",
    };
    for (size_t i = 0; i < sizeof ASK / sizeof *ASK; i++) {
        char here[256], there[256], count[300];
        snprintf(here, sizeof here, ASK[i], "main", "main");
        snprintf(there, sizeof there, ASK[i], other, other);
        snprintf(count, sizeof count, "SELECT count(*) FROM (%s)", here);
        assert_true(ask(d, count) > 5);
        assert_int_equal(differences(d, here, there), 0);
    }
}

static void brings_version_1_up_to_date(void **state)
{
    (void)state;
    char now[96], was[96], fresh[96], *text;
    db d;
    error e;
    sqlite3_stmt *s;
    bool row;
    int tables = 0;
    snprintf(now, sizeof now, "%s/now.db", dir.folder);
    snprintf(was, sizeof was, "%s/was.db", dir.folder);
    snprintf(fresh, sizeof fresh, "%s/fresh.db", dir.folder);
    load_version_1(now);
    load_version_1(was);
    assert_false(db_open(&d, now, DB_READ, &e)); /* a reader changes nothing */
    assert_non_null(strstr(e.msg, "older schema version 1: `attnlab doctor --fix` brings it up"));
    assert_true(db_open(&d, fresh, DB_WRITE, &e));
    db_close(&d);
    if (!db_open(&d, now, DB_WRITE, &e)) fail_msg("%s", e.msg);
    assert_true(db_run(&d, &e, "ATTACH ? AS old", "t", was));
    assert_true(db_run(&d, &e, "ATTACH ? AS fresh", "t", fresh));
    assert_int_equal(ask(&d, "SELECT count(*) FROM old.train_step"), 96);
    assert_int_equal(ask(&d, "SELECT count(*) FROM v_final"), 6);
    assert_int_equal(ask(&d, "SELECT sum(v.loss = o.loss) FROM v_final v JOIN old.v_final o"
                             " USING(run_id)"),
                     6);
    assert_true(db_query(&d, &s, &e,
                         "SELECT name FROM main.sqlite_schema WHERE type = 'table'"
                         " AND name IN (SELECT name FROM old.sqlite_schema)",
                         NULL));
    for (; db_next(&d, s, &row, &e) && row; tables++)
        compare_rows(&d, (const char *)sqlite3_column_text(s, 0));
    sqlite3_finalize(s);
    assert_int_equal(tables,
                     ask(&d, "SELECT count(*) FROM old.sqlite_schema WHERE type = 'table'"));
    compare_schema(&d, "fresh");
    assert_int_equal(ask(&d, "PRAGMA user_version"), ask(&d, "PRAGMA fresh.user_version"));
    assert_true(
        db_text(&d, &text, &e, "SELECT settings_json || plan_json FROM sweep_version", NULL));
    assert_string_equal(text,
                        "[]{\"axes\":{\"model.attention\":[\"mha\",\"mqa\"]},"
                        "\"baseline\":{\"model.attention\":\"mha\"},\"match\":{},"
                        "\"seeds\":[1,2,3],\"arms\":["
                        "{\"label\":\"mha\",\"config\":\"5537f56a1740c051\",\"replica\":0},"
                        "{\"label\":\"mqa\",\"config\":\"d12b0596177301ae\",\"replica\":0}]}");
    free(text);
    assert_int_equal(ask(&d, "SELECT count(*) FROM pragma_integrity_check"
                             " WHERE integrity_check = 'ok'"),
                     1);
    db_close(&d);
    if (!db_open(&d, now, DB_READ, &e)) fail_msg("%s", e.msg);
    db_close(&d);
}

/* Lines "# set: " of a text were settings, wherever they stood; they are the same study's settings
 * still, and the text stays as it is.  The plans of older versions are not known. */
static void finds_settings_in_texts(void **state)
{
    (void)state;
    char name[96], *text;
    db d;
    error e;
    sqlite3 *h;
    snprintf(name, sizeof name, "%s/set.db", dir.folder);
    load_version_1(name);
    assert_int_equal(sqlite3_open(name, &h), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(
            h,
            "INSERT INTO sweep_version SELECT sweep_id, 2, at_ms, '# set: train.lr=1e-3'"
            " || char(10) || spec_text || '# set: sweep.question=Is \"it\" so?' || char(10)"
            " || '#set: no' || char(10) || '# set: sweep.seeds=2', question, hypothesis,"
            " metric, direction, margin, alpha, 2, 0, 0 FROM sweep_version",
            NULL, NULL, NULL),
        SQLITE_OK);
    sqlite3_close(h);
    if (!db_open(&d, name, DB_WRITE, &e)) fail_msg("%s", e.msg);
    assert_true(
        db_text(&d, &text, &e, "SELECT settings_json FROM sweep_version WHERE version = 2", NULL));
    assert_string_equal(text, "[\"train.lr=1e-3\",\"sweep.question=Is \\\"it\\\" so?\","
                              "\"sweep.seeds=2\"]");
    free(text);
    assert_int_equal(ask(&d, "SELECT count(*) FROM sweep_version WHERE version = 2 AND"
                             " spec_text LIKE '# set: train%# set: sweep.seeds=2'"),
                     1);
    assert_int_equal(ask(&d, "SELECT sum((plan_json IS NULL) = (version = 1)) FROM sweep_version"),
                     2);
    db_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(interrupted_anywhere, open_folder, scratch_teardown),
        cmocka_unit_test_setup_teardown(refuses, open_folder, scratch_teardown),
        cmocka_unit_test_setup_teardown(at_once, open_folder, scratch_teardown),
        cmocka_unit_test_setup_teardown(opens_no_version_0, open_folder, scratch_teardown),
        cmocka_unit_test_setup_teardown(brings_version_1_up_to_date, open_folder, scratch_teardown),
        cmocka_unit_test_setup_teardown(finds_settings_in_texts, open_folder, scratch_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
