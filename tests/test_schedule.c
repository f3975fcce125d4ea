/* test_schedule.c FAKE_TRAIN - the scheduler, with children that only pretend to train. */
#define _GNU_SOURCE
#include "experiments/schedule.h"
#include "trainer/run/run_folder.h"

#include "tests/workspace.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *program;
static int real_stderr;

/* Messages go to the file "said". */
static int quiet(void **state)
{
    (void)state;
    remove("events"), remove("said");
    const int fd = open("said", O_WRONLY | O_CREAT | O_APPEND, 0666);
    real_stderr = dup(STDERR_FILENO);
    dup2(fd, STDERR_FILENO);
    close(fd);
    return 0;
}

static int loud(void **state)
{
    (void)state;
    dup2(real_stderr, STDERR_FILENO);
    close(real_stderr);
    return 0;
}

typedef struct bench {
    study_file s;
    arms a;
    plan p;
    db d;
    schedule_end end;
} bench;

static void bench_open(bench *b, const char *name, const char *axis, int seeds)
{
    char text[1024];
    error e;
    snprintf(text, sizeof text,
             "model: {dim: 64, n_heads: 4, n_layers: 2, context: 64}\ndata: {corpus: corpus}\n"
             "train: {batch_tokens: 512, tokens: 20k}\nsweep:\n  name: s\n  seeds: %d\n"
             "  axes: {model.attention: [%s]}\n  baseline: {model.attention: mha}\n",
             seeds, axis);
    workspace_write("study.yaml", text);
    if (!study_file_read(&b->s, "study.yaml", NULL, 0, &e) || !arms_open(&b->a, &b->s, &e) ||
        !db_open(&b->d, name, DB_WRITE, &e) ||
        !plan_write(&b->p, &b->d, &b->a, &b->s, false, false, &e))
        fail_msg("%s", e.msg);
}

static void bench_close(bench *b)
{
    plan_close(&b->p);
    db_close(&b->d);
    arms_close(&b->a);
    study_file_close(&b->s);
}

static int run(bench *b, int jobs)
{
    error e = { 0 };
    const schedule how = { .program = program,
                           .command = (const char *[]){ "fake", NULL },
                           .jobs = jobs,
                           .threads = 3,
                           .name = "s" };
    return schedule_run(&b->p, &b->end, &b->d, &how, &e);
}

static void check_rows(bench *b, const char *sql, int64_t wanted)
{
    int64_t got;
    error e;
    if (!db_integer(&b->d, &got, -1, &e, sql, NULL)) fail_msg("%s", e.msg);
    if (got != wanted) fail_msg("%s: %lld, not %lld", sql, (long long)got, (long long)wanted);
}

/* Does a line of the file have these words? */
static bool says(const char *file, const char *words)
{
    char line[1024];
    bool found = false;
    FILE *f = fopen(file, "r");
    while (f && !found && fgets(line, sizeof line, f)) found = strstr(line, words) != NULL;
    if (f) fclose(f);
    return found;
}

/* The largest number of children at one time, and how many in all. */
static int most_at_once(int *all)
{
    char line[128];
    int now = 0, most = 0;
    FILE *f = fopen("events", "r");
    assert_non_null(f);
    *all = 0;
    while (fgets(line, sizeof line, f)) {
        if (strncmp(line, "begin", 5) == 0) now++, ++*all;
        if (strncmp(line, "end", 3) == 0) now--;
        if (now > most) most = now;
    }
    fclose(f);
    return most;
}

static void test_all_done(void **state)
{
    (void)state;
    bench b;
    int all;
    bench_open(&b, "done.db", "mha, [mha, mqa]", 3);
    assert_int_equal(run(&b, 2), STATUS_DONE);
    assert_int_equal(b.end.done, 6);
    assert_int_equal(most_at_once(&all), 2);
    assert_int_equal(all, 6);
    assert_true(says("events", "begin train.threads=3"));
    assert_true(says("said", "s: [6/6] "));
    for (int i = 0; i < b.p.n; i++) assert_int_equal(b.p.cell[i].run.status, RUN_DONE);
    bench_close(&b);

    bench_open(&b, "done.db", "mha, [mha, mqa]", 3); /* recorded: nothing to do */
    assert_int_equal(run(&b, 2), STATUS_DONE);
    assert_int_equal(b.end.done, 6);
    most_at_once(&all);
    assert_int_equal(all, 6);
    bench_close(&b);
}

/* What fails is recorded with its message and stops nothing; what failed before is run again.  What
 * is killed goes on at once, unless it dies again and again. */
static void test_failures(void **state)
{
    (void)state;
    bench b;
    int all;
    bench_open(&b, "fail.db", "gqa, mqa, mha, template, window:size=77", 2);
    assert_int_equal(run(&b, 3), STATUS_FAILED);
    assert_int_equal(b.end.done, 4);
    assert_int_equal(b.end.failed, 4);
    assert_int_equal(b.end.diverged, 2);
    check_rows(&b, "SELECT count(*) FROM run WHERE status='failed' AND message='it broke'", 2);
    check_rows(&b,
               "SELECT count(*) FROM run WHERE status='failed' AND message LIKE '%signal 9%' AND"
               " attempts=3",
               2);
    check_rows(&b, "SELECT count(*) FROM event WHERE message LIKE '%signal 9%'", 2 + 2 * 2);
    check_rows(&b, "SELECT count(*) FROM run WHERE status='diverged'", 2);
    check_rows(&b, "SELECT count(*) FROM run WHERE status='done' AND attempts=2", 2);
    assert_true(says("said", "gqa:n_kv_heads=2, seed 1: failed: it broke"));
    assert_true(says("said", "mqa, seed 2: ended by signal 9 (Killed), to be resumed"));
    assert_true(says("said", "template, seed 2: diverged at step 3"));
    char *log = run_folder_path(&b.d, b.p.cell[0].run.uid, "log");
    assert_true(says(log, "attnlab train: it broke"));
    free(log);
    most_at_once(&all);
    assert_int_equal(all, 2 * (1 + 2 + 1 + 1 + 3));
    bench_close(&b);

    bench_open(&b, "fail.db", "gqa, mqa, mha, template", 2);
    assert_int_equal(run(&b, 3), STATUS_FAILED);
    assert_int_equal(b.end.done, 4);
    assert_int_equal(b.end.failed, 2);
    check_rows(&b, "SELECT max(attempts) FROM run WHERE status = 'diverged'", 1);
    most_at_once(&all);
    assert_int_equal(all, 16 + 2);
    bench_close(&b);
}

/* Another process holds the run's lock and ends after a while, with the run done or not. */
static pid_t hold(const bench *b, int i, const char *status)
{
    int ready[2];
    char byte;
    assert_int_equal(pipe(ready), 0);
    const pid_t holder = fork();
    if (holder == 0) {
        db d;
        int lock;
        error e;
        const char *uid = b->p.cell[i].run.uid;
        if (!db_open(&d, b->d.path, DB_WRITE, &e) || !run_folder_lock(&lock, &d, uid, &e) ||
            lock < 0 || write(ready[1], "x", 1) != 1)
            _exit(1);
        usleep(600000);
        _exit(!db_run(&d, &e, "UPDATE run SET status=?, attempts=attempts+1 WHERE run_uid=?", "tt",
                      status, uid));
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]), close(ready[1]);
    return holder;
}

/* A run whose lock another process holds is left alone and waited for; if that process dies before
 * the run ends, the run is resumed. */
static void test_elsewhere(void **state)
{
    (void)state;
    static const char *const LEFT[] = { "done", "diverged", "failed", "running", "planned" };
    static const int RESUMED[] = { 0, 0, 0, 1, 1 };
    for (int i = 0; i < 5; i++) {
        bench b;
        int all, status;
        char name[] = "else0.db";
        name[4] = (char)('0' + i);
        remove("events"), truncate("said", 0);
        bench_open(&b, name, "mha, [mha, mqa]", 1);
        const pid_t holder = hold(&b, 0, LEFT[i]);
        assert_int_equal(run(&b, 2), i == 2 ? STATUS_FAILED : STATUS_DONE);
        waitpid(holder, &status, 0);
        assert_int_equal(status, 0);
        assert_int_equal(b.end.done, i == 1 || i == 2 ? 1 : 2);
        assert_int_equal(b.end.failed, i == 2);
        assert_int_equal(b.end.elsewhere, 0);
        most_at_once(&all);
        assert_int_equal(all, 1 + RESUMED[i]);
        assert_true(says("said", "mha, seed 1: another process trains it"));
        bench_close(&b);
    }
}

/* A driver that is stopped while it waits for others ends at once. */
static void test_stop_waiting(void **state)
{
    (void)state;
    bench b;
    bench_open(&b, "wait.db", "mha, [mha, mqa]", 1);
    const pid_t holder[] = { hold(&b, 0, "done"), hold(&b, 1, "done") };
    const pid_t driver = getpid(), killer = fork();
    if (killer == 0) {
        usleep(200000);
        kill(driver, SIGTERM);
        _exit(0);
    }
    assert_int_equal(run(&b, 2), STATUS_PREEMPTED);
    assert_int_equal(b.end.elsewhere, 2);
    waitpid(killer, NULL, 0);
    check_rows(&b, "SELECT count(*) FROM run WHERE status='planned'", 2);
    for (int i = 0; i < 2; i++) waitpid(holder[i], NULL, 0);
    bench_close(&b);
}

/* Three drivers at once: every cell is started once. */
static void test_many_drivers(void **state)
{
    (void)state;
    enum { DRIVERS = 3 };
    bench b;
    int all;
    pid_t driver[DRIVERS];
    bench_open(&b, "many.db", "mha, [mha, mqa], [mha, template]", 5);
    for (int i = 0; i < DRIVERS; i++) {
        driver[i] = fork();
        if (driver[i] == 0) {
            error e;
            db d; /* SQLite's handles do not survive a fork */
            if (!db_open(&d, "many.db", DB_WRITE, &e)) _exit(9);
            b.d = d;
            _exit(run(&b, 2) * 10 + (b.end.done != 15));
        }
    }
    for (int i = 0; i < DRIVERS; i++) {
        int status;
        waitpid(driver[i], &status, 0);
        assert_int_equal(status, 0);
    }
    most_at_once(&all);
    assert_int_equal(all, 15);
    check_rows(&b, "SELECT count(*) FROM run WHERE status='done' AND attempts=1", 15);
    bench_close(&b);
}

/* A signal to the driver is passed on; the children end in order, and no new one starts. */
static void test_signal(void **state)
{
    (void)state;
    static const int SIGNAL[] = { SIGTERM, SIGINT };
    for (int i = 0; i < 2; i++) {
        bench b;
        char name[] = "signal0.db";
        name[6] = (char)('0' + i);
        bench_open(&b, name, "mha, window:size=8, window:size=9, window:size=10", 1);
        const pid_t driver = getpid(), killer = fork();
        if (killer == 0) {
            usleep(700000);
            kill(driver, SIGNAL[i]);
            _exit(0);
        }
        assert_int_equal(run(&b, 2), STATUS_PREEMPTED);
        waitpid(killer, NULL, 0);
        assert_int_equal(b.end.done, 1);
        assert_int_equal(b.end.preempted, 2);
        assert_true(says("events", i ? "signal INT" : "signal TERM"));
        check_rows(&b, "SELECT count(*) FROM run WHERE status='preempted'", 2);
        check_rows(&b, "SELECT count(*) FROM run WHERE status='planned'", 1);
        bench_close(&b);
    }
}

static void test_no_program(void **state)
{
    (void)state;
    bench b;
    program = "/nowhere/at/all";
    bench_open(&b, "none.db", "mha, mqa", 1);
    assert_int_equal(run(&b, 2), STATUS_FAILED);
    check_rows(&b, "SELECT count(*) FROM run WHERE status='planned'", 2);
    bench_close(&b);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_all_done, quiet, loud),
        cmocka_unit_test_setup_teardown(test_failures, quiet, loud),
        cmocka_unit_test_setup_teardown(test_elsewhere, quiet, loud),
        cmocka_unit_test_setup_teardown(test_stop_waiting, quiet, loud),
        cmocka_unit_test_setup_teardown(test_many_drivers, quiet, loud),
        cmocka_unit_test_setup_teardown(test_signal, quiet, loud),
        cmocka_unit_test_setup_teardown(test_no_program, quiet, loud),
    };
    if (argc != 2) return 2;
    static char path[4096];
    program = realpath(argv[1], path); /* the tests change the working folder */
    return cmocka_run_group_tests(tests, workspace_open_corpus, workspace_close);
}
