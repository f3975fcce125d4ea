/* schedule.c - see schedule.h. */
#define _GNU_SOURCE
#include "experiments/schedule.h"

#include "core/file.h"
#include "experiments/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TICK_MS = 250, MOST_WORDS = 16 };

typedef struct child {
    pid_t pid; /* 0: a free place */
    int cell;
} child;

typedef struct driver {
    plan *p;
    db *d;
    const schedule *s;
    schedule_end *end;
    watch w;
    child *child; /* (s->jobs) */
    int next;     /* cell to be started */
    int stop;     /* the signal that stopped it, or 0 */
} driver;

/* --- children --------------------------------------------------------------------------------- */

/* RUN_DIR and a name in it; the caller frees it. */
static char *path_in(const db *d, const record_run *r, const char *name)
{
    char *folder = record_folder(d, r->uid), *path = NULL;
    if (!folder || asprintf(&path, "%s/%s", folder, name) < 0) abort();
    free(folder);
    return path;
}

static int spawn(pid_t *pid, const char *program, char *const *word, const char *log)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t how;
    sigset_t none, usual;
    sigemptyset(&none);
    sigemptyset(&usual);
    sigaddset(&usual, SIGINT), sigaddset(&usual, SIGTERM), sigaddset(&usual, SIGHUP);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&files, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0666);
    posix_spawn_file_actions_adddup2(&files, 1, 2);
    posix_spawnattr_init(&how);
    posix_spawnattr_setsigmask(&how, &none);
    posix_spawnattr_setsigdefault(&how, &usual);
    posix_spawnattr_setpgroup(&how, 0);
    posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                       POSIX_SPAWN_SETPGROUP);
    const int why = posix_spawn(pid, program, &files, &how, word, environ);
    posix_spawnattr_destroy(&how);
    posix_spawn_file_actions_destroy(&files);
    return why;
}

static bool start(driver *v, child *place, int i, error *e)
{
    const record_run *r = &v->p->cell[i].run;
    char *file = path_in(v->d, r, "config.yaml"), *log = path_in(v->d, r, "log");
    char parent[32], threads[32];
    char *word[MOST_WORDS];
    int n = 0;
    snprintf(parent, sizeof parent, "--parent=%ld", (long)getpid());
    snprintf(threads, sizeof threads, "train.threads=%d", v->s->threads);
    for (const char *const *w = v->s->command; *w; w++) word[n++] = (char *)*w;
    word[n++] = file;
    word[n++] = (char *)"--db", word[n++] = v->d->path;
    word[n++] = parent;
    if (v->s->accept) word[n++] = (char *)"--accept";
    word[n++] = threads;
    word[n] = NULL;
    pid_t pid;
    const int why = spawn(&pid, v->s->program, word, log);
    free(file), free(log);
    if (why) return error_set(e, "%s cannot be started: %s", v->s->program, strerror(why));
    *place = (child){ pid, i };
    v->w.cell[i].running = true;
    return true;
}

/* --- what became of a cell -------------------------------------------------------------------- */

/* The last line that a child said, without its name in front. */
static void last_line(char *out, size_t size, const char *path)
{
    static const char NAME[] = "attnlab train: ";
    char line[512];
    FILE *f = fopen(path, "r");
    snprintf(out, size, "it said nothing");
    while (f && fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = '\0';
        const size_t skip = strncmp(line, NAME, sizeof NAME - 1) == 0 ? sizeof NAME - 1 : 0;
        if (*line) snprintf(out, size, "%s", line + skip);
    }
    if (f) fclose(f);
}

static void reload(driver *v, int i)
{
    error ignored;
    bool found;
    config c;
    record_run r;
    arm_config(&c, v->p->cell[i].arm, v->p->cell[i].seed);
    if (record_find(v->d, &r, &found, &c, &ignored) && found) v->p->cell[i].run = r;
}

/* Why it failed.  A child that could not say so in the record is spoken for. */
static void record_failure(driver *v, int i, int status)
{
    error ignored;
    record_run *r = &v->p->cell[i].run;
    char why[512], *log = path_in(v->d, r, "log");
    if (WIFSIGNALED(status))
        snprintf(why, sizeof why, "ended by signal %d (%s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    else
        last_line(why, sizeof why, log);
    free(log);
    if (db_begin(v->d, &ignored)) {
        if (!db_run(v->d, &ignored,
                    "UPDATE run SET status='failed', message=?, ended_ms=? WHERE run_id=? AND"
                    " status NOT IN ('done', 'diverged')",
                    "tii", why, db_now_ms(), r->run_id) ||
            !db_run(v->d, &ignored,
                    "UPDATE attempt SET ended_ms=?, exit_code=?, signal=nullif(?, 0) WHERE run_id=?"
                    " AND ended_ms IS NULL",
                    "inni", db_now_ms(), WIFEXITED(status) ? WEXITSTATUS(status) : -1,
                    WIFSIGNALED(status) ? WTERMSIG(status) : 0, r->run_id))
            db_rollback(v->d);
        else
            db_commit(v->d, &ignored);
    }
    snprintf(r->status, sizeof r->status, "failed");
    snprintf(r->message, sizeof r->message, "%s", why);
}

static void finish(driver *v, child *place, int status)
{
    error ignored;
    const int i = place->cell;
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    record_run *r = &v->p->cell[i].run;
    watch_cell *x = &v->w.cell[i];
    bool alive = false;
    char what[600];
    *place = (child){ 0 };
    x->running = false;
    reload(v, i);
    x->finished = true;
    if (plan_finished(r)) {
        const bool done = strcmp(r->status, "done") == 0;
        v->end->done += done, v->end->diverged += !done;
        snprintf(what, sizeof what, "%s", done ? "done" : r->message);
    } else if (code == STATUS_PREEMPTED) {
        v->end->preempted++;
        x->finished = false;
        snprintf(what, sizeof what, "stopped, to be resumed");
    } else if (record_alive(v->d, r->uid, &alive, &ignored) && alive) {
        v->end->elsewhere++;
        snprintf(what, sizeof what, "another process trains it");
    } else {
        record_failure(v, i, status);
        v->end->failed++;
        snprintf(what, sizeof what, "failed: %s", r->message);
    }
    watch_end(&v->w, i, what);
}

/* --- the loop --------------------------------------------------------------------------------- */

/* The next cell that is to be run, or -1. */
static int next_cell(driver *v)
{
    while (!v->stop && v->next < v->p->n) {
        const int i = v->next++;
        error ignored;
        bool alive = false;
        if (v->w.cell[i].finished) continue;
        if (record_alive(v->d, v->p->cell[i].run.uid, &alive, &ignored) && alive) {
            v->end->elsewhere++;
            v->w.cell[i].finished = true;
            watch_end(&v->w, i, "another process trains it");
            continue;
        }
        return i;
    }
    return -1;
}

static int running(const driver *v)
{
    int n = 0;
    for (int i = 0; i < v->s->jobs; i++) n += v->child[i].pid != 0;
    return n;
}

static bool fill(driver *v, error *e)
{
    for (int i = 0; i < v->s->jobs; i++) {
        if (v->child[i].pid) continue;
        const int next = next_cell(v);
        if (next < 0) break;
        if (!start(v, &v->child[i], next, e)) return false;
    }
    return true;
}

static void pass_on(const driver *v, int number)
{
    for (int i = 0; i < v->s->jobs; i++)
        if (v->child[i].pid) kill(v->child[i].pid, number);
}

static void reap(driver *v)
{
    for (int i = 0; i < v->s->jobs; i++) {
        int status;
        if (v->child[i].pid && waitpid(v->child[i].pid, &status, WNOHANG) == v->child[i].pid)
            finish(v, &v->child[i], status);
    }
}

/* Signals that the driver waits for; under nohup a closed terminal is none of its business. */
static void choose_signals(sigset_t *heard)
{
    struct sigaction hangup;
    sigemptyset(heard);
    sigaddset(heard, SIGCHLD), sigaddset(heard, SIGINT), sigaddset(heard, SIGTERM);
    sigaction(SIGHUP, NULL, &hangup);
    if (hangup.sa_handler != SIG_IGN) sigaddset(heard, SIGHUP);
}

static bool drive(driver *v, error *e)
{
    static const struct timespec TICK = { 0, TICK_MS * 1000000L };
    sigset_t heard, before;
    bool ok = true;
    choose_signals(&heard);
    sigprocmask(SIG_BLOCK, &heard, &before);
    for (;;) {
        if (ok && !fill(v, e)) {
            ok = false;
            v->stop = SIGTERM;
            pass_on(v, SIGTERM);
        }
        if (running(v) == 0) break;
        const int number = sigtimedwait(&heard, NULL, &TICK);
        if (number == SIGINT || number == SIGTERM || number == SIGHUP) {
            if (!v->stop) fprintf(stderr, "%s: stopping, each run with a checkpoint\n", v->s->name);
            v->stop = number;
            pass_on(v, number == SIGHUP ? SIGTERM : number);
        }
        reap(v);
        watch_tick(&v->w);
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    return ok;
}

int schedule_run(plan *p, schedule_end *end, db *d, const schedule *s, error *e)
{
    driver v = { .p = p, .d = d, .s = s, .end = end };
    *end = (schedule_end){ 0 };
    v.child = calloc((size_t)s->jobs, sizeof *v.child);
    if (!v.child || !watch_open(&v.w, p, d, s->name, s->jobs, e)) {
        free(v.child);
        error_set(e, "no memory for %d jobs", s->jobs);
        return STATUS_FAILED;
    }
    for (int i = 0; i < p->n; i++) {
        end->done += strcmp(p->cell[i].run.status, "done") == 0;
        end->diverged += strcmp(p->cell[i].run.status, "diverged") == 0;
    }
    const bool ok = drive(&v, e);
    watch_close(&v.w);
    free(v.child);
    if (!ok) return STATUS_FAILED;
    if (v.stop) {
        error_set(e, "stopped by signal %d: the same command goes on from there", v.stop);
        return STATUS_PREEMPTED;
    }
    return end->failed || end->elsewhere ? STATUS_FAILED
           : end->preempted              ? STATUS_PREEMPTED
                                         : STATUS_DONE;
}
