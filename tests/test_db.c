/* test_db.c - only attnlab's own databases are opened, and concurrent writers never lose a row. */
#define _DEFAULT_SOURCE
#include "core/db/db.h"
#include "tests/scratch.h"
#include "tests/unit.h"

#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char path[96];

static int make_folder(void **state)
{
    scratch_setup(state);
    snprintf(path, sizeof path, "%s/a.db", dir.folder);
    return 0;
}

static void makes_and_reopens(void **state)
{
    (void)state;
    db d;
    error e;
    int64_t n;
    assert_false(db_open(&d, path, DB_READ, &e));
    assert_non_null(strstr(e.msg, "no such database"));
    assert_true(db_open(&d, path, DB_WRITE, &e));
    assert_true(db_run(&d, &e, "INSERT INTO event(at_ms, level, message) VALUES(?, 'info', ?)",
                       "it", (int64_t)1 << 40, "hello"));
    db_close(&d);
    assert_true(db_open(&d, path, DB_READ, &e));
    assert_true(
        db_integer(&d, &n, -1, &e, "SELECT at_ms FROM event WHERE message = ?", "t", "hello"));
    assert_true(n == (int64_t)1 << 40);
    assert_false(db_run(&d, &e, "DELETE FROM event", NULL));
    db_close(&d);
}

static void binds(void **state)
{
    (void)state;
    db d;
    error e;
    sqlite3_stmt *s;
    bool row;
    assert_true(db_open(&d, path, DB_WRITE, &e));
    assert_true(db_query(&d, &s, &e, "SELECT ?, ?, ?, ?, ?, ?", "inddtb", (int64_t)-5, 7, 0.5, NAN,
                         NULL, "\0x", (size_t)2));
    assert_true(db_next(&d, s, &row, &e) && row);
    assert_int_equal(sqlite3_column_int64(s, 0), -5);
    assert_int_equal(sqlite3_column_int(s, 1), 7);
    assert_true(sqlite3_column_double(s, 2) == 0.5);
    assert_int_equal(sqlite3_column_type(s, 3), SQLITE_NULL); /* NaN */
    assert_int_equal(sqlite3_column_type(s, 4), SQLITE_NULL);
    assert_int_equal(sqlite3_column_bytes(s, 5), 2);
    assert_true(db_next(&d, s, &row, &e) && !row);
    sqlite3_finalize(s);
    char *text;
    assert_true(db_text(&d, &text, &e, "SELECT 'a' WHERE 0", NULL));
    assert_null(text);
    assert_false(db_query(&d, &s, &e, "SELECT * FROM nowhere", NULL));
    assert_null(s);
    assert_non_null(strstr(e.msg, "no such table: nowhere"));
    db_close(&d);
}

static void rolls_back(void **state)
{
    (void)state;
    db d;
    error e;
    int64_t before, after;
    static const char COUNT[] = "SELECT count(*) FROM event";
    assert_true(db_open(&d, path, DB_WRITE, &e));
    assert_true(db_integer(&d, &before, 0, &e, COUNT, NULL));
    assert_true(db_begin(&d, &e));
    assert_true(
        db_run(&d, &e, "INSERT INTO event(at_ms, level, message) VALUES(0, 'info', 'x')", NULL));
    assert_int_equal(db_changes(&d), 1);
    db_rollback(&d);
    db_rollback(&d); /* harmless */
    assert_true(db_integer(&d, &after, 0, &e, COUNT, NULL));
    assert_int_equal(before, after);
    /* Foreign keys and checks hold. */
    assert_false(db_run(&d, &e,
                        "INSERT INTO eval(run_id, step, context, stride, n_tok)"
                        " VALUES(77, 1, 1, 1, 1)",
                        NULL));
    assert_false(
        db_run(&d, &e, "INSERT INTO event(at_ms, level, message) VALUES(0, 'odd', '')", NULL));
    db_close(&d);
}

static void write_file(const char *name, const char *bytes)
{
    FILE *f = fopen(name, "w");
    assert_non_null(f);
    fputs(bytes, f);
    fclose(f);
}

static void refuse(const char *name, db_mode mode, const char *why)
{
    db d;
    error e;
    assert_false(db_open(&d, name, mode, &e));
    if (!strstr(e.msg, why)) fail_msg("no '%s' in: %s", why, e.msg);
    assert_null(strchr(e.msg, '\n'));
    assert_int_equal(e.status, STATUS_FAILED);
}

static void refuses_strangers(void **state)
{
    (void)state;
    char name[128];
    snprintf(name, sizeof name, "%s/text.db", dir.folder);
    write_file(name, "this is no database, but it is longer than a hundred bytes, which is what "
                     "SQLite looks at before it says so, and so it has to go on for a while\n");
    refuse(name, DB_READ, "not a database");
    refuse(name, DB_WRITE, "not a database");
    snprintf(name, sizeof name, "%s/empty.db", dir.folder);
    write_file(name, "");
    refuse(name, DB_READ, "is empty");

    sqlite3 *other;
    snprintf(name, sizeof name, "%s/other.db", dir.folder);
    assert_int_equal(sqlite3_open(name, &other), SQLITE_OK);
    sqlite3_exec(other, "CREATE TABLE t(x)", NULL, NULL, NULL);
    sqlite3_close(other);
    refuse(name, DB_WRITE, "not one of attnlab's");

    db d;
    error e;
    snprintf(name, sizeof name, "%s/newer.db", dir.folder);
    assert_true(db_open(&d, name, DB_WRITE, &e));
    assert_true(db_run(&d, &e, "PRAGMA user_version = 99", NULL));
    db_close(&d);
    refuse(name, DB_READ, "schema version 99");
    refuse(name, DB_WRITE, "schema version 99");
    snprintf(name, sizeof name, "%s/no/such/folder.db", dir.folder);
    refuse(name, DB_WRITE, "");
}

/* Eight processes create the database and write to it at once; nothing is lost or refused. */
static void many_writers(void **state)
{
    (void)state;
    enum { PROCESSES = 8, ROWS = 40 };
    char name[128];
    snprintf(name, sizeof name, "%s/many.db", dir.folder);
    pid_t child[PROCESSES];
    for (int i = 0; i < PROCESSES; i++)
        if ((child[i] = fork()) == 0) {
            db d;
            error e;
            bool ok = db_open(&d, name, DB_WRITE, &e);
            for (int r = 0; ok && r < ROWS; r++) {
                int64_t n;
                ok =
                    db_begin(&d, &e) &&
                    db_integer(&d, &n, 0, &e, "SELECT count(*) FROM event", NULL) &&
                    db_run(&d, &e, "INSERT INTO event(at_ms, level, message) VALUES(?, 'info', '')",
                           "i", n) &&
                    db_commit(&d, &e);
                if (ok && r % 10 == 0) db_tidy(&d);
            }
            if (!ok) fprintf(stderr, "%s\n", e.msg);
            _exit(ok ? 0 : 1);
        }
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        assert_int_equal(waitpid(child[i], &status, 0), child[i]);
        assert_int_equal(status, 0);
    }
    db d;
    error e;
    int64_t rows, different;
    char *check;
    assert_true(db_open(&d, name, DB_READ, &e));
    assert_true(db_integer(&d, &rows, 0, &e, "SELECT count(*) FROM event", NULL));
    assert_true(db_integer(&d, &different, 0, &e, "SELECT count(DISTINCT at_ms) FROM event", NULL));
    assert_true(db_text(&d, &check, &e, "PRAGMA integrity_check", NULL));
    assert_int_equal(rows, PROCESSES * ROWS);
    assert_int_equal(different, rows); /* each saw what all others had committed */
    assert_string_equal(check, "ok");
    free(check);
    db_close(&d);
}

/* A process that has just written stands behind those that wait.  One process makes transaction
 * after transaction; whenever another wants to write, few of them go first. */
static void in_turn(void **state)
{
    (void)state;
    enum { TIMES = 20 };
    char name[128];
    db d;
    error e;
    snprintf(name, sizeof name, "%s/turn.db", dir.folder);
    _Atomic int *done =
        mmap(NULL, sizeof *done, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(done != MAP_FAILED && db_open(&d, name, DB_WRITE, &e));
    const pid_t greedy = fork();
    if (greedy == 0) {
        db mine;
        if (!db_open(&mine, name, DB_WRITE, &e)) _exit(1);
        while (db_begin(&mine, &e)) {
            usleep(5000);
            if (!db_commit(&mine, &e)) break;
            ++*done;
        }
        _exit(1);
    }
    int passed = 0;
    for (int i = 0; i < TIMES; i++) {
        usleep(12000);
        const int before = *done;
        assert_true(db_begin(&d, &e));
        passed += *done - before;
        assert_true(db_commit(&d, &e));
    }
    kill(greedy, SIGKILL);
    waitpid(greedy, NULL, 0);
    munmap(done, sizeof *done);
    db_close(&d);
    print_message("%d transactions passed those that waited, %d times\n", passed, TIMES);
    assert_true(passed < 5 * TIMES);
}

/* Links lead to one file with one lock; a second hard link is refused, but for that of a draft,
 * which a database has for a moment while it is created. */
static void one_name(void **state)
{
    (void)state;
    db d, by_link;
    error e;
    char name[128], link_name[128], draft[160], mine[128];
    snprintf(name, sizeof name, "%s/name.db", dir.folder);
    snprintf(link_name, sizeof link_name, "%s/link.db", dir.folder);
    snprintf(draft, sizeof draft, "%s.new-1-2", name);
    snprintf(mine, sizeof mine, "%s.lock", link_name);
    assert_true(db_open(&d, name, DB_WRITE, &e));
    assert_int_equal(symlink("name.db", link_name), 0);
    if (!db_open(&by_link, link_name, DB_WRITE, &e)) fail_msg("%s", e.msg);
    assert_string_equal(by_link.file, d.file);
    assert_string_equal(by_link.path, link_name);
    assert_int_not_equal(access(mine, F_OK), 0);
    db_close(&by_link), db_close(&d);
    assert_int_equal(link(name, draft), 0);
    if (!db_open(&d, name, DB_READ, &e)) fail_msg("%s", e.msg);
    db_close(&d);
    unlink(link_name);
    assert_int_equal(link(name, link_name), 0);
    refuse(name, DB_READ, "a second name (a hard link)");
    refuse(name, DB_WRITE, "a second name (a hard link)");
    refuse(link_name, DB_WRITE, "a second name (a hard link)");
}

/* A process that holds SQLite's write lock is waited for only as long as asked, and named. */
static void names_the_holder(void **state)
{
    (void)state;
    db d, other;
    error e;
    char name[128], who[32], byte;
    int ready[2];
    bool begun;
    snprintf(name, sizeof name, "%s/held.db", dir.folder);
    assert_true(db_open(&d, name, DB_WRITE, &e));
    assert_int_equal(pipe(ready), 0);
    const pid_t holder = fork();
    if (holder == 0) {
        sqlite3 *foreign; /* which knows nothing of FILE.lock */
        if (sqlite3_open(name, &foreign) == SQLITE_OK &&
            sqlite3_exec(foreign, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK &&
            write(ready[1], "y", 1) == 1)
            pause();
        _exit(1);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    const int64_t began = db_now_ms();
    assert_true(db_begin_soon(&d, &begun, &e));
    assert_false(begun);
    assert_true(db_now_ms() - began < 2000);
    d.patience_ms = 200;
    assert_false(db_begin(&d, &e));
    snprintf(who, sizeof who, "process %ld (", (long)holder);
    if (!strstr(e.msg, who)) fail_msg("no '%s' in: %s", who, e.msg);
    if (!db_open(&other, name, DB_READ, &e)) fail_msg("%s", e.msg); /* readers don't wait */
    db_close(&other);
    kill(holder, SIGKILL);
    waitpid(holder, NULL, 0);
    if (!db_begin_soon(&d, &begun, &e) || !begun) fail_msg("%s", e.msg);
    db_rollback(&d);
    db_close(&d), close(ready[0]), close(ready[1]);
}

/* Where nothing can be written, a database without a log is read without locks; so what changes
 * meanwhile is noticed. */
static void frozen(void **state)
{
    (void)state;
    enum { NOBODY = 65534 };
    db d;
    error e;
    int64_t n;
    char place[96], name[128], file[160];
    snprintf(place, sizeof place, "%s/frozen", dir.folder);
    snprintf(name, sizeof name, "%s/a b%%?.db", place);
    assert_int_equal(mkdir(place, 0755), 0);
    assert_true(db_open(&d, name, DB_WRITE, &e));
    db_close(&d);
    snprintf(file, sizeof file, "%s-wal", name), unlink(file);
    snprintf(file, sizeof file, "%s-shm", name), unlink(file);
    chmod(dir.folder, 0755), chmod(place, 0555);
    const bool root = geteuid() == 0; /* whom no permission stops */
    assert_true(!root || seteuid(NOBODY) == 0);
    const bool opened = db_open(&d, name, DB_READ, &e);
    const bool before = opened && db_integer(&d, &n, -1, &e, "SELECT count(*) FROM run", NULL);
    assert_true(!root || seteuid(0) == 0);
    chmod(place, 0755);
    if (!before) fail_msg("%s", e.msg);
    assert_true(d.frozen && n == 0);
    assert_int_equal(utimensat(AT_FDCWD, name, (struct timespec[2]){ { 1, 0 }, { 1, 0 } }, 0), 0);
    assert_false(db_integer(&d, &n, -1, &e, "SELECT count(*) FROM run", NULL));
    assert_non_null(strstr(e.msg, "was changed while it was read"));
    db_close(&d);
    assert_true(db_open(&d, name, DB_READ, &e) && !d.frozen);
    db_close(&d);
}

/* Every view of the schema can be read. */
static void views(void **state)
{
    (void)state;
    db d;
    error e;
    sqlite3_stmt *s;
    bool row;
    int n = 0;
    assert_true(db_open(&d, path, DB_WRITE, &e));
    assert_true(db_query(&d, &s, &e, "SELECT name FROM sqlite_schema WHERE type = 'view'", NULL));
    while (db_next(&d, s, &row, &e) && row) {
        char sql[128];
        snprintf(sql, sizeof sql, "SELECT * FROM %s", (const char *)sqlite3_column_text(s, 0));
        if (!db_run(&d, &e, sql, NULL)) fail_msg("%s", e.msg);
        n++;
    }
    sqlite3_finalize(s);
    assert_true(n >= 6);
    db_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_and_reopens),
        cmocka_unit_test(binds),
        cmocka_unit_test(rolls_back),
        cmocka_unit_test(refuses_strangers),
        cmocka_unit_test(many_writers),
        cmocka_unit_test(in_turn),
        cmocka_unit_test(one_name),
        cmocka_unit_test(names_the_holder),
        cmocka_unit_test(frozen),
        cmocka_unit_test(views),
    };
    return cmocka_run_group_tests(tests, make_folder, scratch_teardown);
}
