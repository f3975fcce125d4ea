/* test_backup.c - copies made while eight processes write: each is intact, has everything that
 * was committed when it began, and has the rows of every writer without a gap. */
#define _GNU_SOURCE
#include "core/base/file.h"
#include "core/db/backup.h"
#include "tests/scratch.h"
#include "tests/unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WRITERS = 8, COPIES = 6 };

static char path[96], copy[96];

static int open_folder(void **state)
{
    db d;
    error e;
    scratch_setup(state);
    snprintf(path, sizeof path, "%s/a.db", dir.folder);
    snprintf(copy, sizeof copy, "%s/copy.db", dir.folder);
    assert_true(db_open(&d, path, DB_WRITE, &e));
    db_close(&d);
    return 0;
}

/* Two rows per transaction, which belong together. */
static void write_for_ever(int writer)
{
    db d;
    error e;
    char name[16];
    snprintf(name, sizeof name, "w%d", writer);
    if (!db_open(&d, path, DB_WRITE, &e)) _exit(1);
    for (int64_t i = 1;; i++) {
        bool ok = db_begin(&d, &e);
        for (int half = 0; ok && half < 2; half++)
            ok = db_run(&d, &e, "INSERT INTO event(at_ms, level, message) VALUES(?, 'info', ?)",
                        "it", i, name);
        if (!ok || !db_commit(&d, &e)) {
            fprintf(stderr, "%s\n", e.msg);
            _exit(1);
        }
        if (i % 50 == 0) db_tidy(&d);
    }
}

static int64_t ask(db *d, const char *sql)
{
    int64_t n;
    error e;
    if (!db_integer(d, &n, -1, &e, sql, NULL)) fail_msg("%s: %s", sql, e.msg);
    return n;
}

static void while_eight_write(void **state)
{
    (void)state;
    pid_t writer[WRITERS];
    db d;
    error e;
    for (int i = 0; i < WRITERS; i++)
        if ((writer[i] = fork()) == 0) write_for_ever(i);
    assert_true(db_open(&d, path, DB_READ, &e));
    while (ask(&d, "SELECT count(DISTINCT message) FROM event") < WRITERS) usleep(10000);
    for (int i = 0; i < COPIES; i++) {
        db c;
        char *whole;
        const int64_t before = ask(&d, "SELECT count(*) FROM event");
        if (!backup_write(&d, copy, &e)) fail_msg("%s", e.msg);
        assert_true(db_open(&c, copy, DB_READ, &e));
        assert_true(db_text(&c, &whole, &e, "PRAGMA integrity_check", NULL));
        assert_string_equal(whole, "ok");
        free(whole);
        assert_true(ask(&c, "SELECT count(*) FROM event") >= before);
        assert_int_equal(
            ask(&c, "SELECT count(*) FROM (SELECT 1 FROM event WHERE message LIKE 'w%' GROUP"
                    " BY message HAVING"
                    " count(*) <> 2 * max(at_ms) OR min(at_ms) <> 1)"),
            0);
        assert_int_equal(ask(&c, "SELECT count(DISTINCT message) FROM event"), WRITERS + 1);
        assert_int_equal(
            ask(&c, "SELECT count(*) FROM event WHERE message LIKE 'copied from /tmp/%/a.db'"), 1);
        db_close(&c);
        usleep(50000);
    }
    for (int i = 0; i < WRITERS; i++) {
        int status;
        kill(writer[i], SIGKILL);
        waitpid(writer[i], &status, 0);
        assert_true(WIFSIGNALED(status)); /* no writer was ever refused */
    }
    db_close(&d);
}

static void refused(db *d, const char *name, const char *why)
{
    error e;
    char whole[128], *before = NULL, *after = NULL;
    size_t n, m;
    error ignored;
    snprintf(whole, sizeof whole, "%s/%s", dir.folder, name);
    const bool there = file_read(&before, &n, whole, 1 << 28, &ignored);
    assert_false(backup_write(d, whole, &e));
    assert_int_equal(e.status, STATUS_USAGE);
    if (!strstr(e.msg, why) || !strstr(e.msg, whole)) fail_msg("%s", e.msg);
    if (there) {
        assert_true(file_read(&after, &m, whole, 1 << 28, &ignored));
        assert_true(n == m && memcmp(before, after, n) == 0);
    }
    free(before), free(after);
}

static void shell(const char *format)
{
    char command[256];
    snprintf(command, sizeof command, format, dir.folder);
    assert_int_equal(system(command), 0);
}

static void make_database(const char *name)
{
    db d;
    error e;
    char whole[128];
    snprintf(whole, sizeof whole, "%s/%s", dir.folder, name);
    assert_true(db_open(&d, whole, DB_WRITE, &e));
    db_close(&d);
}

static void replaces_only_its_copies(void **state)
{
    (void)state;
    static const char NOT_OURS[] = "exists and was not made by `attnlab backup`";
    db d, other;
    error e;
    char whole[128];
    assert_true(db_open(&d, path, DB_READ, &e));
    refused(&d, "a.db", "the database itself");
    shell("cd %s && ln -s a.db soft.db && ln a.db hard.db && echo precious >thesis.txt");
    refused(&d, "soft.db", "the database itself");
    refused(&d, "hard.db", "the database itself");
    refused(&d, "thesis.txt", NOT_OURS);
    refused(&d, "a.db-journal", "belongs to a database");
    make_database("other.db"); /* attnlab's, but no copy */
    refused(&d, "other.db", NOT_OURS);
    snprintf(whole, sizeof whole, "%s/nowhere/copy.db", dir.folder);
    assert_false(backup_write(&d, whole, &e));

    assert_true(backup_write(&d, copy, &e) && backup_write(&d, copy, &e));
    shell("test -z \"$(ls %s | grep part)\"");
    shell("cd %s && ln -s copy.db to-copy.db");
    snprintf(whole, sizeof whole, "%s/to-copy.db", dir.folder);
    assert_true(backup_write(&d, whole, &e));
    shell("test -L %s/to-copy.db");

    /* A copy of another database may be all that is left of it. */
    snprintf(whole, sizeof whole, "%s/other.db", dir.folder);
    assert_true(db_open(&other, whole, DB_READ, &e));
    refused(&other, "copy.db", NOT_OURS);
    db_close(&other);
    /* Somebody works with the copy now. */
    make_database("copy.db");
    refused(&d, "copy.db", NOT_OURS);
    shell("touch %s/new.db-wal");
    refused(&d, "new.db", "the log of a database that is gone");
    db_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(while_eight_write, open_folder, scratch_teardown),
        cmocka_unit_test_setup_teardown(replaces_only_its_copies, open_folder, scratch_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
