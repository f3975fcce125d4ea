/* db_load.c quick|all - the database under load: written by eight processes, read by four, writers
 * killed at random moments; only the holder of DB.lock moves the write-ahead log.
 * db_load.c create N - N times 32 processes create one database at once, N times creators are
 * killed.
 *
 * What must hold: nobody is ever told that the database is locked; what was acknowledged is there,
 * in order and without a gap; the database is intact; the log stays small; nobody sees a database
 * without its tables. */
#define _GNU_SOURCE
#include "core/base/file.h"
#include "core/base/timer.h"
#include "core/db/db.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WRITERS = 8, READERS = 4, MAKERS = 32, WAITS = 1 << 17 };

/* Shared by all processes. */
typedef struct board {
    _Atomic int go, refused;
    _Atomic int64_t acknowledged[WRITERS];
    _Atomic int waits;
    float wait[WAITS]; /* seconds until a transaction could begin */
} board;

static board *shared;
static char folder[64], path[96];
static int failures;

#define CHECK(what, ...)                                                                           \
    do {                                                                                           \
        if (!(what)) {                                                                             \
            printf("FAILED: " __VA_ARGS__);                                                        \
            putchar('\n');                                                                         \
            failures++;                                                                            \
        }                                                                                          \
    } while (0)

static void fresh(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s' && mkdir '%s'", folder, folder);
    if (system(command) != 0) exit(2);
    memset(shared, 0, sizeof *shared);
}

static int64_t ask(const char *sql)
{
    db d;
    error e;
    int64_t n = -1;
    if (!db_open(&d, path, DB_READ, &e)) {
        CHECK(false, "%s", e.msg);
        return -1;
    }
    CHECK(db_integer(&d, &n, -1, &e, sql, NULL), "%s", e.msg);
    db_close(&d);
    return n;
}

static void check_whole(void)
{
    CHECK(ask("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'") == 1,
          "the database is damaged");
    CHECK(ask("SELECT count(*) FROM pragma_foreign_key_check") == 0, "a reference is broken");
}

static void refuse(const error *e)
{
    fprintf(stderr, "%s\n", e->msg);
    shared->refused++;
    _exit(1);
}

/* Transaction after transaction, each acknowledged when it is committed; n 0 is for ever. */
static void writer(int me, int n)
{
    db d;
    error e;
    char name[8];
    int64_t i = 0;
    snprintf(name, sizeof name, "w%d", me);
    while (!shared->go) usleep(100);
    if (!db_open(&d, path, DB_WRITE, &e) ||
        !db_integer(&d, &i, 0, &e, "SELECT max(at_ms) FROM event WHERE message=?", "t", name))
        refuse(&e);
    for (int k = 0; k < n || n == 0; k++) {
        const double began = timer_now();
        if (!db_begin(&d, &e)) refuse(&e);
        const int at = shared->waits++;
        if (at < WAITS) shared->wait[at] = (float)(timer_now() - began);
        i++;
        if (!db_run(&d, &e, "INSERT INTO event(at_ms, level, message) VALUES(?, 'info', ?)", "it",
                    i, name) ||
            !db_commit(&d, &e))
            refuse(&e);
        shared->acknowledged[me] = i;
        if (k % 100 == 99) db_tidy(&d);
    }
    db_close(&d);
    _exit(0);
}

static void reader(void)
{
    db d;
    error e;
    int64_t n, before = 0;
    if (!db_open(&d, path, DB_READ, &e)) refuse(&e);
    for (;;) {
        if (!db_integer(&d, &n, -1, &e, "SELECT count(*) FROM event", NULL)) refuse(&e);
        if (n < before)
            error_set(&e, "rows vanish: %lld, then %lld", (long long)before, (long long)n),
                refuse(&e);
        before = n;
    }
}

static pid_t start_writer(int me, int n)
{
    const pid_t pid = fork();
    if (pid == 0) writer(me, n);
    return pid;
}

/* Until it is killed: whenever there is a database, it is complete. */
static void observer(void)
{
    db d;
    error e;
    int64_t tables;
    for (;; usleep(200)) {
        if (access(path, F_OK) != 0) continue;
        if (!db_open(&d, path, DB_READ, &e) ||
            !db_integer(&d, &tables, 0, &e, "SELECT count(*) FROM sqlite_schema", NULL))
            refuse(&e);
        db_close(&d);
        if (tables < 40) error_set(&e, "seen with %lld tables", (long long)tables), refuse(&e);
    }
}

static void create_at_once(int rounds)
{
    const double began = timer_now();
    double longest = 0;
    for (int r = 0; r < rounds && failures == 0; r++) {
        pid_t maker[MAKERS];
        fresh();
        for (int i = 0; i < MAKERS; i++)
            if ((maker[i] = fork()) == 0) writer(i % WRITERS, 1);
        const double start = timer_now();
        shared->go = 1;
        for (int i = 0; i < MAKERS; i++) waitpid(maker[i], NULL, 0);
        if (timer_now() - start > longest) longest = timer_now() - start;
        CHECK(shared->refused == 0, "round %d: %d of %d could not create or open the database", r,
              shared->refused, MAKERS);
        CHECK(ask("SELECT count(*) FROM event") == MAKERS, "round %d: rows are missing", r);
        check_whole();
    }
    printf("%d times %d processes created a database at once: %.0f s, the slowest %.2f s\n", rounds,
           MAKERS, timer_now() - began, longest);
}

/* Drafts beside the database; with `age`, they look two hours old from now on. */
static int drafts(bool age)
{
    int n = 0;
    DIR *d = opendir(folder);
    const struct timespec then[2] = { { .tv_sec = time(NULL) - 7200 },
                                      { .tv_sec = time(NULL) - 7200 } };
    for (const struct dirent *entry; d && (entry = readdir(d));) {
        if (!strstr(entry->d_name, ".new-")) continue;
        if (age) utimensat(dirfd(d), entry->d_name, then, 0);
        n++;
    }
    if (d) closedir(d);
    return n;
}

/* Creators are killed at any moment.  The next one finds a complete database, or none, and creates
 * it; what the dead have left is removed when it is old. */
static void kill_creators(int rounds)
{
    int left = 0, there = 0;
    srand(2);
    for (int r = 0; r < rounds && failures == 0; r++) {
        pid_t maker[WRITERS];
        db d;
        error e;
        fresh();
        const pid_t watch = fork();
        if (watch == 0) observer();
        shared->go = 1;
        for (int i = 0; i < WRITERS; i++) {
            if ((maker[i] = fork()) == 0) writer(i, 1);
            usleep((useconds_t)(rand() % 1000));
        }
        for (int i = 0; i < WRITERS; i++) {
            usleep((useconds_t)(rand() % 500));
            kill(maker[i], SIGKILL);
        }
        for (int i = 0; i < WRITERS; i++) waitpid(maker[i], NULL, 0);
        there += access(path, F_OK) == 0;
        left += drafts(true);
        CHECK(db_open(&d, path, DB_WRITE, &e), "after kills: %s", e.msg);
        db_close(&d);
        check_whole();
        CHECK(drafts(false) == 0, "drafts of dead processes are left");
        kill(watch, SIGKILL), waitpid(watch, NULL, 0);
        CHECK(shared->refused == 0, "%d processes were refused", shared->refused);
    }
    printf(
        "%d times %d creators were killed: the database was there %d times, and never incomplete; "
        "%d drafts were left and removed\n",
        rounds, WRITERS, there, left);
}

static int by_size(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return x < y ? -1 : x > y;
}

static void write_by_eight(int n)
{
    pid_t pid[WRITERS];
    db d;
    error e;
    fresh();
    if (!db_open(&d, path, DB_WRITE, &e)) exit(2);
    db_close(&d);
    for (int i = 0; i < WRITERS; i++) pid[i] = start_writer(i, n);
    shared->go = 1;
    for (int i = 0; i < WRITERS; i++) waitpid(pid[i], NULL, 0);
    const int waits = shared->waits < WAITS ? shared->waits : WAITS;
    qsort(shared->wait, (size_t)waits, sizeof *shared->wait, by_size);
    const float p99 = shared->wait[waits * 99 / 100], most = shared->wait[waits - 1];
    CHECK(shared->refused == 0, "%d writers were refused", shared->refused);
    CHECK(ask("SELECT count(*) FROM event") == (int64_t)WRITERS * n, "rows are missing");
    CHECK(p99 < 1, "one in a hundred waits %.2f s", (double)p99);
    printf("%d writers, %d transactions each: none refused; waits: 99%% below %.3f s, longest %.3f "
           "s\n",
           WRITERS, n, (double)p99, (double)most);
}

static int64_t wal_bytes(void)
{
    char wal[112];
    struct stat s;
    snprintf(wal, sizeof wal, "%s-wal", path);
    return stat(wal, &s) == 0 ? (int64_t)s.st_size : 0;
}

static void kill_writers(int kills)
{
    pid_t pid[WRITERS], reads[READERS];
    int64_t largest = 0;
    db d;
    error e;
    fresh();
    if (!db_open(&d, path, DB_WRITE, &e)) exit(2);
    db_close(&d);
    shared->go = 1;
    for (int i = 0; i < WRITERS; i++) pid[i] = start_writer(i, 0);
    for (int i = 0; i < READERS; i++)
        if ((reads[i] = fork()) == 0) reader();
    srand(1);
    for (int k = 0; k < kills; k++) {
        const int i = rand() % WRITERS;
        usleep((useconds_t)(rand() % 100000));
        kill(pid[i], SIGKILL);
        waitpid(pid[i], NULL, 0);
        if (wal_bytes() > largest) largest = wal_bytes();
        pid[i] = start_writer(i, 0);
    }
    for (int i = 0; i < WRITERS; i++) kill(pid[i], SIGKILL), waitpid(pid[i], NULL, 0);
    for (int i = 0; i < READERS; i++) kill(reads[i], SIGKILL), waitpid(reads[i], NULL, 0);
    CHECK(shared->refused == 0, "%d were refused, or saw rows vanish", shared->refused);
    check_whole();
    int64_t all = 0;
    for (int i = 0; i < WRITERS; i++) {
        char sql[128];
        snprintf(sql, sizeof sql, "SELECT max(at_ms) FROM event WHERE message = 'w%d'", i);
        const int64_t newest = ask(sql), last = newest < 0 ? 0 : newest;
        const int64_t acknowledged = shared->acknowledged[i];
        CHECK(last == acknowledged || last == acknowledged + 1,
              "writer %d: %lld acknowledged, %lld there", i, (long long)acknowledged,
              (long long)last);
        all += acknowledged;
    }
    CHECK(ask("SELECT count(*) FROM (SELECT 1 FROM event GROUP BY message HAVING count(*) <> "
              "max(at_ms))") == 0,
          "rows are missing, or twice there");
    CHECK(largest < 64 << 20, "the write-ahead log had %lld bytes", (long long)largest);
    printf("%d kills among %d writers and %d readers: %lld transactions acknowledged, 0 lost; "
           "largest log %lld KiB\n",
           kills, WRITERS, READERS, (long long)all, (long long)largest >> 10);
}

/* Bytes of the database itself, which change only when the log is moved into it. */
static int64_t pages(void)
{
    struct stat s;
    return stat(path, &s) == 0 ? (int64_t)s.st_size : -1;
}

static void move_log(void)
{
    char lock[112];
    int fd;
    db d;
    error e;
    fresh();
    if (!db_open(&d, path, DB_WRITE, &e)) exit(2);
    db_tidy(&d);
    const int64_t before = pages();
    for (int i = 0; i < 3000; i++)
        CHECK(db_run(&d, &e,
                     "INSERT INTO event(at_ms, level, message) VALUES(1, 'info',"
                     " hex(randomblob(200)))",
                     NULL),
              "%s", e.msg);
    CHECK(pages() == before, "a writer moved the log by itself");
    snprintf(lock, sizeof lock, "%s.lock", path);
    const pid_t other = fork();
    if (other == 0) { /* somebody else has the lock */
        if (!file_lock(&fd, lock, &e) || fd < 0) _exit(1);
        shared->go = 1;
        pause();
    }
    while (!shared->go) usleep(1000);
    db_tidy(&d);
    db_close(&d);
    CHECK(pages() == before, "the log was moved without the lock, or on closing");
    kill(other, SIGKILL);
    waitpid(other, NULL, 0);
    if (!db_open(&d, path, DB_WRITE, &e)) exit(2);
    CHECK(pages() == before, "opening moved the log");
    db_tidy(&d);
    CHECK(pages() > before, "the holder of the lock did not move the log");
    db_close(&d);
    CHECK(ask("SELECT count(*) FROM event") == 3000, "rows are missing");
    printf("SQLite %s: only the holder of the lock moves the log\n", sqlite3_libversion());
}

int main(int argc, char **argv)
{
    const bool all = argc == 2 && strcmp(argv[1], "all") == 0;
    const int rounds = argc == 3 && strcmp(argv[1], "create") == 0 ? atoi(argv[2]) : 0;
    snprintf(folder, sizeof folder, "/tmp/attnlab-load-XXXXXX");
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (!mkdtemp(folder) || shared == MAP_FAILED) return 2;
    snprintf(path, sizeof path, "%s/a.db", folder);
    setvbuf(stdout, NULL, _IONBF, 0);
    if (rounds > 0) {
        create_at_once(rounds);
        kill_creators(rounds);
    } else {
        write_by_eight(all ? 10000 : 200);
        kill_writers(all ? 500 : 60);
        move_log();
    }
    char command[96];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command) != 0 || failures > 0;
}
