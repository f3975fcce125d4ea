/* test_file.c - files are written completely or not at all; locks end with the process that holds
 * them. */
#define _GNU_SOURCE /* O_TMPFILE */
#include "core/base/file.h"
#include "tests/scratch.h"
#include "tests/unit.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

static void expect_content(const char *path, const char *text)
{
    char *bytes;
    size_t n;
    error e;
    assert_true(file_read(&bytes, &n, path, 1 << 20, &e));
    assert_int_equal(n, strlen(text));
    assert_string_equal(bytes, text);
    free(bytes);
}

static void test_read(void **state)
{
    scratch *s = *state;
    char *bytes;
    size_t n;
    error e;
    const char *path = scratch_put(s, "five", "a\0b\0c", 5);
    assert_true(file_read(&bytes, &n, path, 5, &e));
    assert_int_equal(n, 5);
    assert_memory_equal(bytes, "a\0b\0c", 6); /* and the 0 after it */
    free(bytes);
    assert_true(file_read(&bytes, &n, path, SIZE_MAX, &e));
    free(bytes);
    assert_false(file_read(&bytes, &n, path, 4, &e));
    assert_non_null(strstr(e.msg, "more than 4 bytes"));
    expect_content(scratch_text(s, "empty", ""), "");
    assert_false(file_read(&bytes, &n, s->folder, 4, &e));
    assert_non_null(strstr(e.msg, "folder"));
    assert_false(file_read(&bytes, &n, scratch_path(s, "none"), 4, &e));
    assert_non_null(strstr(e.msg, "none"));
    assert_int_equal(e.status, STATUS_FAILED);
    assert_null(bytes);
}

/* Files of unknown size: a pipe with more than one read returns. */
static void test_read_pipe(void **state)
{
    enum { N = 300000 };
    scratch *s = *state;
    const char *path = scratch_path(s, "pipe");
    assert_int_equal(mkfifo(path, 0600), 0);
    for (int limit = N - 1; limit <= N; limit++) {
        const pid_t writer = fork();
        if (writer == 0) {
            static char data[N];
            signal(SIGPIPE, SIG_IGN);
            memset(data, 'x', N);
            const int fd = open(path, O_WRONLY);
            size_t at = 0;
            while (at < N) {
                const ssize_t n = write(fd, data + at, N - at);
                if (n <= 0) break;
                at += (size_t)n;
            }
            _exit(0);
        }
        char *bytes;
        size_t n;
        error e;
        assert_int_equal(file_read(&bytes, &n, path, (size_t)limit, &e), limit == N);
        assert_int_equal(n, limit == N ? N : 0);
        free(bytes);
        waitpid(writer, NULL, 0);
    }
}

static void test_write(void **state)
{
    scratch *s = *state;
    error e;
    const char *path = scratch_path(s, "file");
    assert_true(file_write(path, "old", 3, &e));
    expect_content(path, "old");
    assert_true(file_write(path, "newer", 5, &e));
    expect_content(path, "newer");
    assert_false(file_write(scratch_path(s, "no/folder"), "x", 1, &e));
    assert_non_null(strstr(e.msg, "no/folder"));
    assert_false(file_write(s->folder, "x", 1, &e)); /* a folder has this name */
}

static void test_draft(void **state)
{
    scratch *s = *state;
    error e;
    file_draft d;
    char path[128];
    snprintf(path, sizeof path, "%s", scratch_text(s, "file", "old"));
    assert_true(file_draft_open(&d, path, &e));
    fputs("new", d.f);
    fflush(d.f);
    expect_content(path, "old"); /* until it is closed */
    file_draft_drop(&d);
    expect_content(path, "old");
    assert_int_not_equal(access(scratch_path(s, "file.part"), F_OK), 0);
    assert_true(file_draft_open(&d, path, &e));
    fputs("ne", d.f), fputs("w", d.f);
    assert_true(file_draft_close(&d, &e));
    expect_content(path, "new");
    file_draft_drop(&d); /* does nothing if it is closed */
}

/* On a full disk the old file stays, no temporary file is left, and the message gives the reason.
 */
static void test_full(void **state)
{
    scratch *s = *state;
    static char big[100000];
    char path[128];
    snprintf(path, sizeof path, "%s", scratch_text(s, "file", "old"));
    const pid_t child = fork();
    if (child == 0) {
        const struct rlimit limit = { 50000, 50000 };
        error e;
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &limit);
        _exit(!file_write(path, big, sizeof big, &e) && strstr(e.msg, "File too large") ? 0 : 1);
    }
    int status;
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
    expect_content(path, "old");
    assert_int_not_equal(access(scratch_path(s, "file.part"), F_OK), 0);
}

static void test_folder(void **state)
{
    scratch *s = *state;
    error e;
    struct stat st;
    assert_true(file_make_folder(scratch_path(s, "a/b/c"), &e));
    assert_true(stat(s->path, &st) == 0 && S_ISDIR(st.st_mode));
    assert_true(file_make_folder(s->path, &e));
    assert_true(file_make_folder(scratch_path(s, "a/b/d/"), &e));
    scratch_text(s, "file", "x");
    assert_false(file_make_folder(scratch_path(s, "file"), &e));
    assert_false(file_make_folder(scratch_path(s, "file/below"), &e));
    assert_non_null(strstr(e.msg, "file"));
}

/* A temporary folder under $TMPDIR is removed with its content; the target of a link stays. */
static void test_scratch(void **state)
{
    scratch *s = *state;
    error e;
    char folder[512], path[600], small[16];
    struct stat st;
    scratch_text(s, "kept", "x");
    setenv("TMPDIR", s->folder, 1);
    assert_true(file_scratch(folder, sizeof folder, "some", &e));
    assert_memory_equal(folder, s->folder, strlen(s->folder));
    assert_non_null(strstr(folder, "/attnlab-some-"));
    snprintf(path, sizeof path, "%s/a/b", folder);
    assert_true(file_make_folder(path, &e));
    snprintf(path, sizeof path, "%s/a/link", folder);
    assert_int_equal(symlink(scratch_path(s, "kept"), path), 0);
    file_scratch_remove(folder);
    assert_int_not_equal(stat(folder, &st), 0);
    expect_content(scratch_path(s, "kept"), "x");

    assert_false(file_scratch(small, sizeof small, "some", &e));
    assert_non_null(strstr(e.msg, "too long"));
    setenv("TMPDIR", scratch_path(s, "nowhere"), 1);
    assert_false(file_scratch(folder, sizeof folder, "some", &e));
    assert_non_null(strstr(e.msg, "nowhere"));
    unsetenv("TMPDIR");
}

static bool may(const char *path)
{
    error e;
    if (file_output_check(path, "attnlab test", NULL, NULL, &e)) return true;
    assert_int_equal(e.status, STATUS_USAGE);
    assert_non_null(strstr(e.msg, path));
    return false;
}

static void write_output(const char *path, const char *text)
{
    error e;
    file_draft d;
    char mark[FILE_MARK];
    if (!file_output_open(&d, path, "attnlab test", NULL, NULL, &e)) fail_msg("%s", e.msg);
    file_mark(mark, "attnlab test");
    fprintf(d.f, "%s %s", text, mark);
    assert_true(file_draft_close(&d, &e));
}

/* An output replaces an earlier one of the same maker, by any name of it, and nothing else. */
static void test_output(void **state)
{
    scratch *s = *state;
    static const char DATABASE[4096] = "SQLite format 3";
    char own[128], link[128], other[128], mark[FILE_MARK], big[5000];
    error e;
    file_mark(mark, "attnlab test");
    snprintf(own, sizeof own, "%s", scratch_path(s, "own"));
    snprintf(link, sizeof link, "%s", scratch_path(s, "link"));
    assert_true(may(own));
    write_output(own, "one");
    assert_true(may(own));
    assert_false(file_output_check(own, "attnlab other", NULL, NULL, &e));
    assert_non_null(
        strstr(e.msg, "exists and was not made by `attnlab other`: choose another name"));
    assert_int_equal(symlink(own, link), 0);
    write_output(link, "two"); /* written through the link */
    snprintf(other, sizeof other, "two %s", mark);
    expect_content(own, other);
    memset(big, ' ', sizeof big);
    memcpy(big + sizeof big - FILE_MARK, mark, strlen(mark));
    assert_true(may(scratch_put(s, "tail", big, sizeof big)));
    memcpy(big + 2000, mark, strlen(mark)), memset(big + sizeof big - FILE_MARK, ' ', FILE_MARK);
    assert_false(may(scratch_put(s, "middle", big, sizeof big)));

    /* What is not ours, by any of its names. */
    assert_false(may(scratch_text(s, "study.yaml", "sweep: {name: heads}\n")));
    assert_false(may(scratch_text(s, "empty", ""))); /* it may be a lock */
    assert_false(may(s->folder));
    assert_false(may("/dev/null"));
    assert_false(may(""));
    assert_false(may(scratch_path(s, "new/")));
    char database[128];
    snprintf(database, sizeof database, "%s", scratch_put(s, "a.db", DATABASE, sizeof DATABASE));
    assert_false(may(database));
    snprintf(other, sizeof other, "%s", scratch_path(s, "soft.db"));
    assert_int_equal(symlink("a.db", other), 0);
    assert_false(may(other));
    snprintf(other, sizeof other, "%s", scratch_path(s, "hard.db"));
    assert_int_equal(linkat(AT_FDCWD, database, AT_FDCWD, other, 0), 0);
    assert_false(may(other));
    snprintf(other, sizeof other, "%s", scratch_path(s, "dangling"));
    assert_int_equal(symlink("nowhere", other), 0);
    assert_false(may(other));
    memcpy(big, DATABASE, 16), memcpy(big + 100, mark, strlen(mark));
    assert_false(may(scratch_put(s, "marked.db", big, sizeof big))); /* a database holds any text */

    /* Names that SQLite or attnlab would take for a part of the database. */
    static const char *const BELONGS[] = { "a.db-wal",  "a.db-shm",  "a.db-journal",
                                           "a.db.lock", "a.db.runs", "soft.db-wal" };
    for (size_t i = 0; i < sizeof BELONGS / sizeof *BELONGS; i++) {
        assert_false(may(scratch_path(s, BELONGS[i])));
        assert_false(file_output_folder(scratch_path(s, BELONGS[i]), &e));
    }
    assert_true(may(scratch_path(s, "b.db-wal")));
    assert_false(file_output_folder(own, &e));
    assert_int_equal(e.status, STATUS_USAGE);
    assert_true(file_output_folder(scratch_path(s, "figures/all"), &e));

    /* A missing folder is noticed before any work. */
    assert_false(file_output_check(scratch_path(s, "no/x"), "attnlab test", NULL, NULL, &e));
    assert_int_equal(e.status, STATUS_FAILED);

    /* A temporary name that the user has taken is not touched. */
    snprintf(other, sizeof other, "%s.part", own);
    assert_true(file_write(other, "kept", 4, &e));
    write_output(own, "three");
    expect_content(other, "kept");
}

static void test_lock(void **state)
{
    scratch *s = *state;
    error e;
    int ready[2], mine, other;
    const char *path = scratch_path(s, "lock");
    assert_true(file_lock(&mine, path, &e) && mine >= 0);
    assert_true(file_lock(&other, path, &e));
    assert_int_equal(other, -1);
    close(mine);

    assert_int_equal(pipe(ready), 0);
    const pid_t holder = fork();
    if (holder == 0) {
        int fd;
        file_lock(&fd, path, &e);
        if (write(ready[1], fd < 0 ? "n" : "y", 1) == 1) pause();
        _exit(0);
    }
    char said;
    assert_int_equal(read(ready[0], &said, 1), 1);
    assert_int_equal(said, 'y');
    assert_true(file_lock(&other, path, &e));
    assert_int_equal(other, -1);
    kill(holder, SIGKILL);
    waitpid(holder, NULL, 0);
    assert_true(file_lock(&other, path, &e));
    assert_true(other >= 0);
    close(other), close(ready[0]), close(ready[1]);
    assert_false(file_lock(&other, scratch_path(s, "no/lock"), &e));
}

/* Room is asked for without leaving a file, and a limit on the size of files counts as well. */
static void test_room(void **state)
{
    scratch *s = *state;
    error e;
    assert_true(file_room(s->folder, 1 << 20, &e));
    const int probe = open(s->folder, O_TMPFILE | O_WRONLY, 0600);
    if (probe < 0) skip(); /* this file system gives no answer */
    close(probe);
    const pid_t child = fork();
    if (child == 0) {
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 1 << 16, 1 << 16 });
        _exit(!file_room(s->folder, 1 << 16, &e) || file_room(s->folder, 1 << 20, &e) ||
              !strstr(e.msg, "there is no room for 1.0 MB: File too large"));
    }
    int status;
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
    assert_int_equal(rmdir(s->folder), 0); /* it is empty */
    assert_int_equal(mkdir(s->folder, 0700), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_read, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_read_pipe, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_write, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_draft, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_full, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_folder, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_scratch, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_output, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_lock, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(test_room, scratch_setup, scratch_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
