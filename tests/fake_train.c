/* fake_train.c - what `attnlab train` looks like to the scheduler, without training.
 *
 *     fake_train RUN_DIR/config.yaml --db DB --parent=PID --lock=FD [--accept] train.threads=N
 *
 * Has the run's lock, records the attempt, and ends as its attention says: mha is done, gqa fails
 * with a word on stderr, mqa kills itself the first time, window:size=77 always, any other window
 * waits to be stopped, template diverges.  Writes to "events" when it begins and ends.
 */
#define _GNU_SOURCE
#include "trainer/config/config.h"
#include "trainer/run/run_folder.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void event(const char *what, const char *argument)
{
    char line[128];
    const int fd = open("events", O_WRONLY | O_APPEND | O_CREAT, 0666);
    const int n = snprintf(line, sizeof line, "%s %s\n", what, argument);
    if (fd < 0 || write(fd, line, (size_t)n) != n) abort();
    close(fd);
}

static void set_status(db *d, const char *uid, const char *status, const char *message)
{
    error e;
    if (!db_run(d, &e, "UPDATE run SET status=?, message=nullif(?, '') WHERE run_uid=?", "ttt",
                status, message, uid)) {
        fprintf(stderr, "%s\n", e.msg);
        abort();
    }
}

static int end_as(db *d, const char *uid, const char *attention, int64_t attempts)
{
    if (strncmp(attention, "gqa", 3) == 0) {
        fprintf(stderr, "step 1\nattnlab train: it broke\n");
        return STATUS_FAILED;
    }
    if (strcmp(attention, "mqa") == 0 && attempts == 1) raise(SIGKILL);
    if (strncmp(attention, "window:size=77", 14) == 0) raise(SIGKILL);
    if (strcmp(attention, "template") == 0) {
        set_status(d, uid, "diverged", "diverged at step 3");
        return STATUS_DIVERGED;
    }
    if (strncmp(attention, "window", 6) == 0) {
        sigset_t s;
        int number;
        sigemptyset(&s);
        sigaddset(&s, SIGTERM), sigaddset(&s, SIGINT);
        sigwait(&s, &number);
        event("signal", number == SIGTERM ? "TERM" : "INT");
        set_status(d, uid, "preempted", "stopped");
        return STATUS_PREEMPTED;
    }
    usleep(100000);
    set_status(d, uid, "done", "");
    return STATUS_DONE;
}

int main(int argc, char **argv)
{
    sigset_t blocked, old;
    error e;
    db d;
    config c;
    yaml_node *file;
    char uid[CONFIG_UID];
    int64_t attempts;
    int lock;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM), sigaddset(&blocked, SIGINT);
    sigprocmask(SIG_BLOCK, &blocked, &old);
    if (sigismember(&old, SIGTERM) || sigismember(&old, SIGCHLD)) return 99; /* not a clean start */
    if (getpgrp() != getpid()) return 98;
    if (argc < 7 || strcmp(argv[2], "--db") != 0 || atoi(argv[4] + 9) != getppid()) return 97;

    config_init(&c);
    char *name = strdup(argv[1]);
    *strrchr(name, '/') = '\0';
    snprintf(uid, sizeof uid, "%s", strrchr(name, '/') + 1);
    free(name);
    if (!config_load(&c, argv[1], &file, NULL, &e) || !db_open(&d, argv[3], DB_WRITE, &e) ||
        !run_folder_owns(atoi(argv[5] + 7), &d, uid) || !run_folder_lock(&lock, &d, uid, &e) ||
        lock >= 0)
        return 96;
    yaml_close(file);
    event("begin", argv[argc - 1]);
    set_status(&d, uid, "running", "");
    if (!db_run(&d, &e, "UPDATE run SET attempts=attempts+1 WHERE run_uid=?", "t", uid) ||
        !db_integer(&d, &attempts, 0, &e, "SELECT attempts FROM run WHERE run_uid=?", "t", uid))
        return 95;
    const int status = end_as(&d, uid, c.model.attention.item[0], attempts);
    event("end", uid);
    db_close(&d);
    return status;
}
