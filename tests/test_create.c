/* test_create.c - a new database is complete or not there, and replaces nothing that somebody
 * needs.
 *
 * link and renameat2 are wrapped, to play a file system without hard links. */
#define _GNU_SOURCE
#include "core/db/create.h"
#include "core/db/db.h"
#include "tests/scratch.h"
#include "tests/unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static char path[96];
static bool no_links, no_renames;

int __real_link(const char *from, const char *to);
int __wrap_link(const char *from, const char *to);
int __wrap_link(const char *from, const char *to)
{
    if (!no_links) return __real_link(from, to);
    errno = EPERM;
    return -1;
}

int __real_renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags);
int __wrap_renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags);
int __wrap_renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
    if (!no_renames) return __real_renameat2(from_fd, from, to_fd, to, flags);
    errno = EINVAL;
    return -1;
}

static int open_folder(void **state)
{
    no_links = no_renames = false;
    scratch_setup(state);
    snprintf(path, sizeof path, "%s/a.db", dir.folder);
    return 0;
}

/* Files in the folder. */
static int files(void)
{
    int n = 0;
    DIR *d = opendir(dir.folder);
    assert_non_null(d);
    for (const struct dirent *entry; (entry = readdir(d));) n += entry->d_name[0] != '.';
    closedir(d);
    return n;
}

static void create(const char *name)
{
    error e;
    if (!create_database(name, db_schema(), &e)) fail_msg("%s", e.msg);
}

/* Rows of event in the database at `name`, opened the usual way. */
static int64_t events(const char *name)
{
    db d;
    error e;
    int64_t n;
    if (!db_open(&d, name, DB_READ, &e)) fail_msg("%s", e.msg);
    if (!db_integer(&d, &n, -1, &e, "SELECT count(*) FROM event", NULL)) fail_msg("%s", e.msg);
    db_close(&d);
    return n;
}

static void add_event(const char *name)
{
    db d;
    error e;
    if (!db_open(&d, name, DB_WRITE, &e) ||
        !db_run(&d, &e, "INSERT INTO event(at_ms, level, message) VALUES(1, 'info', 'x')", NULL))
        fail_msg("%s", e.msg);
    db_close(&d);
}

static void ask(sqlite3 *h, const char *sql, const char *answer)
{
    sqlite3_stmt *s;
    assert_int_equal(sqlite3_prepare_v2(h, sql, -1, &s, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(s, 0), answer);
    sqlite3_finalize(s);
}

/* One file, with tables, version and WAL mode, before anybody has opened it. */
static void complete(void **state)
{
    (void)state;
    sqlite3 *h;
    struct stat s;
    create(path);
    assert_int_equal(files(), 1);
    assert_int_equal(stat(path, &s), 0);
    assert_int_equal(s.st_nlink, 1);
    assert_int_equal(s.st_mode & 0777, 0644);
    assert_int_equal(sqlite3_open_v2(path, &h, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    ask(h, "PRAGMA journal_mode", "wal");
    ask(h, "PRAGMA application_id", "1096043586");
    ask(h, "PRAGMA integrity_check", "ok");
    ask(h, "SELECT count(*) > 40 FROM sqlite_schema", "1");
    sqlite3_close(h);
}

static void second_comer_changes_nothing(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        no_links = i == 1;
        create(path);
        add_event(path);
        create(path);
        assert_int_equal(events(path), i + 1);
    }
    assert_int_equal(files(), 4); /* the database, -wal, -shm and .lock */
}

static void empty_file_is_replaced(void **state)
{
    (void)state;
    struct stat s;
    const int fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    close(fd);
    add_event(path);
    assert_int_equal(events(path), 1);
    assert_int_equal(stat(path, &s), 0);
    assert_int_equal(s.st_mode & 0777, 0600); /* what was private stays private */
}

/* The log of a deleted database is not replayed into the new one. */
static void log_of_another_is_removed(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) add_event(path);
    assert_int_equal(unlink(path), 0);
    add_event(path);
    assert_int_equal(events(path), 1);
}

static void follows_links(void **state)
{
    (void)state;
    char sub[128], one[128], two[128], target[160];
    snprintf(sub, sizeof sub, "%s/sub", dir.folder);
    snprintf(one, sizeof one, "%s/one.db", dir.folder);
    snprintf(two, sizeof two, "%s/sub/two.db", dir.folder);
    snprintf(target, sizeof target, "%s/sub/target.db", dir.folder);
    assert_int_equal(mkdir(sub, 0777), 0);
    assert_int_equal(symlink("sub/two.db", one), 0);
    assert_int_equal(symlink("target.db", two), 0);
    add_event(one);
    add_event(two);
    assert_int_equal(events(target), 2);
    struct stat s;
    assert_int_equal(lstat(one, &s), 0);
    assert_true(S_ISLNK(s.st_mode));
    char lock[176];
    snprintf(lock, sizeof lock, "%s.lock", target);
    assert_int_equal(access(lock, F_OK), 0); /* one lock, whatever the name */
    assert_int_equal(files(), 2);
}

static void old_drafts_are_removed(void **state)
{
    (void)state;
    char old[160], young[160], other[160];
    snprintf(old, sizeof old, "%s.new-1-0000000000000001", path);
    snprintf(young, sizeof young, "%s.new-1-0000000000000002", path);
    snprintf(other, sizeof other, "%s/b.db.new-1-0000000000000003", dir.folder);
    char *const name[] = { old, young, other };
    for (int i = 0; i < 3; i++) {
        const int fd = open(name[i], O_WRONLY | O_CREAT, 0644);
        assert_true(fd >= 0);
        const struct timespec then[2] = { { .tv_sec = time(NULL) - 7200 },
                                          { .tv_sec = time(NULL) - 7200 } };
        if (i != 1) assert_int_equal(futimens(fd, then), 0);
        close(fd);
    }
    add_event(path);
    assert_int_not_equal(access(old, F_OK), 0);
    assert_int_equal(access(young, F_OK), 0); /* somebody may be writing it */
    assert_int_equal(access(other, F_OK), 0); /* of another database        */
    assert_int_equal(__real_link(path, old), 0);
    add_event(path);
    assert_int_not_equal(access(old, F_OK), 0); /* in place, so no longer needed */
    assert_int_equal(events(path), 2);
}

static void without_hard_links(void **state)
{
    (void)state;
    no_links = true;
    create(path);
    assert_int_equal(files(), 1);
    assert_int_equal(events(path), 0);
}

static void failure_leaves_nothing(void **state)
{
    (void)state;
    error e;
    char name[128];
    no_links = no_renames = true;
    assert_false(create_database(path, db_schema(), &e));
    assert_non_null(strstr(e.msg, "neither hard links"));
    snprintf(name, sizeof name, "%s/no/folder.db", dir.folder);
    assert_false(create_database(name, db_schema(), &e));
    assert_non_null(strstr(e.msg, "cannot be created: No such file or directory"));
    char longest[5000];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_false(create_database(longest, db_schema(), &e));
    assert_non_null(strstr(e.msg, "too long"));
    assert_int_equal(files(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(complete, open_folder, scratch_teardown),
        cmocka_unit_test_setup_teardown(second_comer_changes_nothing, open_folder,
                                        scratch_teardown),
        cmocka_unit_test_setup_teardown(empty_file_is_replaced, open_folder, scratch_teardown),
        cmocka_unit_test_setup_teardown(log_of_another_is_removed, open_folder, scratch_teardown),
        cmocka_unit_test_setup_teardown(follows_links, open_folder, scratch_teardown),
        cmocka_unit_test_setup_teardown(old_drafts_are_removed, open_folder, scratch_teardown),
        cmocka_unit_test_setup_teardown(without_hard_links, open_folder, scratch_teardown),
        cmocka_unit_test_setup_teardown(failure_leaves_nothing, open_folder, scratch_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
