/* schedule.c - children that train, and the loop that starts, watches and buries them.
 *
 * Signals are blocked and waited for (sigtimedwait), so nothing happens between two steps of the
 * loop.
 */
#define _GNU_SOURCE
#include "experiments/schedule.h"

#include "core/base/file.h"
#include "experiments/watch.h"
#include "trainer/run/run_folder.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TICK_MS = 250, MOST_WORDS = 16, MOST_DEATHS = 3, CHILD_LOCK = 3 };

typedef struct child {
    pid_t pid; /* 0: a free place */
    int cell;
} child;

/* What this driver knows of a cell besides the plan. */
typedef struct state {
    int64_t attempts, ended_ms; /* as they were when the driver began         */
    int64_t reached;            /* the last checkpoint when a child last died */
    int deaths;                 /* in a row, with no checkpoint in between    */
    bool elsewhere;             /* another process had it when we last looked */
    bool stopped;               /* its child stopped, and stays so            */
} state;

typedef struct driver {
    plan *p;
    db *d;
    const schedule *s;
    schedule_end *end;
    watch w;
    child *child; /* (s->jobs) */
    state *state; /* (p->n) */
    int stop;     /* the signal that stopped it, or 0 */
    bool full;    /* the disk has no more room         */
    error why;    /* what the system says about that   */
} driver;

/* --- children --------------------------------------------------------------------------------- */

static int spawn(pid_t *pid, const char *program, char *const *word, const char *log, int lock)
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
    posix_spawn_file_actions_adddup2(&files, lock, CHILD_LOCK);
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

/* --- room on the disk ------------------------------------------------------------------------- */

/* Is there room for the weights and rows of a cell?  If not, this driver stops, because the other
 * cells would be trained in vain. */
static bool has_room(driver *v, int i)
{
    enum { ROWS = 1 << 20 };
    const cell *x = &v->p->cell[i];
    const bool kept = x->arm->spec.config.train.keep != KEEP_NONE;
    const size_t weights = kept ? (size_t)x->arm->cost.total * sizeof(float) : 0;
    char *folder = run_folder_path(v->d, x->run.uid, NULL), *beside = file_folder(v->d->file);
    if (!beside) error_memory();
    if (!v->full)
        v->full = !file_room(folder, weights + ROWS, &v->why) || !file_room(beside, ROWS, &v->why);
    free(folder), free(beside);
    return !v->full;
}

/* The child has the lock from its first moment on; ours is the caller's to close. */
static bool start(driver *v, child *place, int i, int lock, error *e)
{
    const run_row *r = &v->p->cell[i].run;
    run_spec spec;
    arm_spec(&spec, v->p->cell[i].arm, v->p->cell[i].seed);
    if (!run_row_write_config(v->d, r, &spec, e)) return false;
    char *file = run_folder_path(v->d, r->uid, "config.yaml"),
         *log = run_folder_path(v->d, r->uid, "log");
    char parent[32], threads[32], handed[32];
    char *word[MOST_WORDS];
    int n = 0;
    snprintf(parent, sizeof parent, "--parent=%ld", (long)getpid());
    snprintf(handed, sizeof handed, "--lock=%d", CHILD_LOCK);
    snprintf(threads, sizeof threads, "train.threads=%d", v->s->threads);
    for (const char *const *w = v->s->command; *w; w++) word[n++] = (char *)*w;
    word[n++] = file;
    word[n++] = (char *)"--db", word[n++] = v->d->file; /* a link may change meanwhile */
    word[n++] = parent, word[n++] = handed;
    if (v->s->accept) word[n++] = (char *)"--accept";
    if (v->s->allow_mixed) word[n++] = (char *)"--allow-mixed";
    word[n++] = threads;
    word[n] = NULL;
    pid_t pid;
    const int why = spawn(&pid, v->s->program, word, log, lock);
    free(file), free(log);
    if (why) return error_set(e, "can't start %s: %s", v->s->program, strerror(why));
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
    snprintf(out, size, "it ended without a message");
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
    run_spec spec;
    run_row r;
    arm_spec(&spec, v->p->cell[i].arm, v->p->cell[i].seed);
    if (run_row_find(v->d, &r, &found, &spec, &ignored) && found) v->p->cell[i].run = r;
}

/* Record how the attempt of a dead child ended, and why (the caller has the lock); `failed` if the
 * run is not to be resumed. */
static void record_death(driver *v, int i, int status, bool failed, const char *why)
{
    error ignored;
    const run_row *r = &v->p->cell[i].run;
    db *d = v->d;
    if (!db_begin(d, &ignored)) return;
    bool ok =
        db_run(d, &ignored,
               "UPDATE attempt SET ended_ms=?, exit_code=?, signal=nullif(?, 0) WHERE run_id=?"
               " AND ended_ms IS NULL",
               "inni", db_now_ms(), WIFEXITED(status) ? WEXITSTATUS(status) : -1,
               WIFSIGNALED(status) ? WTERMSIG(status) : 0, r->run_id);
    if (failed)
        ok = ok && db_run(d, &ignored,
                          "UPDATE run SET status=?, message=?, ended_ms=? WHERE run_id=? AND"
                          " status NOT IN ('done', 'diverged')",
                          "ttii", run_status_word(RUN_FAILED), why, db_now_ms(), r->run_id);
    else
        ok = ok && db_run(d, &ignored,
                          "INSERT INTO event(run_id, at_ms, level, message)"
                          " VALUES(?, ?, 'warning', ?)",
                          "iit", r->run_id, db_now_ms(), why);
    if (ok)
        db_commit(d, &ignored);
    else
        db_rollback(d);
}

/* A child that was killed is resumed from its checkpoint.  One that crashed is not, nor one that
 * dies again and again without a new checkpoint: something kills it, such as a lack of memory. */
static bool goes_on(driver *v, int i, int status)
{
    error ignored;
    int64_t reached = 0;
    state *x = &v->state[i];
    const int number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    if (number != SIGKILL && number != SIGTERM && number != SIGINT && number != SIGHUP)
        return false;
    db_integer(v->d, &reached, 0, &ignored, "SELECT max(step) FROM ckpt WHERE run_id=?", "i",
               v->p->cell[i].run.run_id);
    x->deaths = reached > x->reached ? 1 : x->deaths + 1;
    x->reached = reached;
    return x->deaths < MOST_DEATHS;
}

/* Nothing is left to do for a cell. */
static void end_cell(driver *v, int i, const char *by)
{
    char what[600];
    const run_row *r = &v->p->cell[i].run;
    const bool done = r->status == RUN_DONE, failed = !run_status_final(r->status);
    v->end->done += done, v->end->failed += failed, v->end->diverged += !done && !failed;
    v->w.cell[i].finished = true;
    snprintf(what, sizeof what, "%s%s%s", failed ? "failed: " : "", done ? "done" : r->message, by);
    watch_end(&v->w, i, what);
}

/* The run of a cell failed, and nothing more is tried. */
static void fail_cell(driver *v, int i, const char *why)
{
    run_row *r = &v->p->cell[i].run;
    r->status = RUN_FAILED;
    snprintf(r->message, sizeof r->message, "%s", why);
    end_cell(v, i, "");
}

/* The run of a cell goes on another time. */
static void stop_cell(driver *v, int i, const char *what)
{
    v->state[i].stopped = true;
    v->end->preempted++;
    watch_end(&v->w, i, what);
}

/* A child ended without ending its run, and no other process has it.  When there is no room left,
 * that is no fault of the cell, which goes on later. */
static void bury(driver *v, int i, int status)
{
    run_row *r = &v->p->cell[i].run;
    char why[512], *log = run_folder_path(v->d, r->uid, "log");
    if (WIFSIGNALED(status))
        snprintf(why, sizeof why, "ended by signal %d (%s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    else
        last_line(why, sizeof why, log);
    free(log);
    const bool again = goes_on(v, i, status), fault = !again && has_room(v, i);
    record_death(v, i, status, fault, why);
    if (!again && !fault) {
        r->status = RUN_PREEMPTED; /* for this driver's report */
        stop_cell(v, i, "stopped: there is no room to keep it");
    } else if (again) {
        strncat(why, ", to be resumed", sizeof why - strlen(why) - 1);
        watch_end(&v->w, i, why);
    } else
        fail_cell(v, i, why);
}

static void finish(driver *v, child *place, int status)
{
    error ignored;
    const int i = place->cell;
    int lock = -1;
    *place = (child){ 0 };
    v->w.cell[i].running = false;
    const bool ours = run_folder_lock(&lock, v->d, v->p->cell[i].run.uid, &ignored) && lock >= 0;
    reload(v, i);
    if (run_status_final(v->p->cell[i].run.status))
        end_cell(v, i, "");
    else if (WIFEXITED(status) && WEXITSTATUS(status) == STATUS_PREEMPTED)
        stop_cell(v, i, "stopped, to be resumed");
    else if (ours)
        bury(v, i, status);
    if (lock >= 0) close(lock); /* if it is not ours, take() looks at it again */
}

/* --- the loop --------------------------------------------------------------------------------- */

static bool waits(const driver *v, int i)
{
    return !v->w.cell[i].finished && !v->w.cell[i].running && !v->state[i].stopped;
}

/* Is there something left to do in this cell, whose lock we have?  Another process may have done
 * it. */
static bool is_open(driver *v, int i)
{
    const run_row *r = &v->p->cell[i].run;
    reload(v, i);
    if (r->status == RUN_FAILED &&
        (r->attempts != v->state[i].attempts || r->ended_ms != v->state[i].ended_ms)) {
        end_cell(v, i, " (in another process)");
        return false;
    }
    if (run_status_final(r->status)) {
        end_cell(v, i, " (by another process)");
        return false;
    }
    return true;
}

/* Take the first waiting cell that no process has: *lock is its lock.  -1: there is none. */
static int take(driver *v, int *lock)
{
    for (int i = 0; i < v->p->n; i++) {
        error e;
        if (!waits(v, i)) continue;
        if (!run_folder_lock(lock, v->d, v->p->cell[i].run.uid, &e)) {
            if (!has_room(v, i)) return -1;
            fail_cell(v, i, e.msg);
            continue;
        }
        if (*lock < 0 && !v->state[i].elsewhere) watch_end(&v->w, i, "another process trains it");
        v->state[i].elsewhere = *lock < 0;
        if (*lock < 0) continue;
        if (is_open(v, i)) return i;
        close(*lock);
    }
    return -1;
}

static int waiting(const driver *v)
{
    int n = 0;
    for (int i = 0; i < v->p->n; i++) n += waits(v, i);
    return n;
}

static int running(const driver *v)
{
    int n = 0;
    for (int i = 0; i < v->s->jobs; i++) n += v->child[i].pid != 0;
    return n;
}

static bool fill(driver *v, error *e)
{
    bool ok = true;
    for (int i = 0; ok && !v->stop && i < v->s->jobs; i++) {
        int lock;
        if (v->child[i].pid) continue;
        const int next = take(v, &lock);
        if (next < 0) break;
        if (has_room(v, next)) ok = start(v, &v->child[i], next, lock, e);
        close(lock);
        if (v->full) break;
    }
    if (v->full)
        ok = error_set(e, "%s; make room, then run the same command to resume", v->why.msg);
    return ok;
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

/* The signals that the driver waits for; under nohup it ignores a closed terminal. */
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
        if (running(v) == 0 && (v->stop || waiting(v) == 0)) break;
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
    v.state = calloc((size_t)p->n, sizeof *v.state);
    if (!v.child || !v.state || !watch_open(&v.w, p, d, s->name, s->jobs, e)) {
        free(v.child), free(v.state);
        error_set(e, "out of memory for %d jobs", s->jobs);
        return STATUS_FAILED;
    }
    for (int i = 0; i < p->n; i++) {
        const run_row *r = &p->cell[i].run;
        end->done += r->status == RUN_DONE;
        end->diverged += r->status == RUN_DIVERGED;
        v.state[i].attempts = r->attempts, v.state[i].ended_ms = r->ended_ms;
    }
    const bool ok = drive(&v, e);
    end->full = v.full;
    for (int i = 0; i < p->n; i++) end->elsewhere += waits(&v, i) && v.state[i].elsewhere;
    watch_close(&v.w);
    free(v.child), free(v.state);
    if (!ok) return STATUS_FAILED;
    if (v.stop) {
        error_set(e, "stopped by signal %d (%s); run the same command to resume", v.stop,
                  strsignal(v.stop));
        return STATUS_PREEMPTED;
    }
    return end->failed ? STATUS_FAILED : end->preempted ? STATUS_PREEMPTED : STATUS_DONE;
}
