/* train.c - the loop: read, learn, record, look; see train.h.
 *
 * SIGINT and SIGTERM end it after the step it is at, with a checkpoint; the second one ends the
 * process at once, which loses the steps since the last checkpoint and nothing else.  SIGHUP ends
 * it too, and may come more than once.
 */
#define _DEFAULT_SOURCE
#include "trainer/run/train.h"

#include "core/base/timer.h"
#include "core/compute/rng.h"
#include "trainer/model/batch.h"
#include "trainer/model/evaluation.h"
#include "trainer/model/memory.h"
#include "trainer/model/train_step.h"
#include "trainer/run/journal.h"
#include "trainer/run/progress.h"

#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t stop;

static void ask_to_stop(int number)
{
    stop = number;
}

static void watch_signals(void)
{
    struct sigaction a = { .sa_handler = ask_to_stop, .sa_flags = SA_RESETHAND | SA_RESTART };
    sigemptyset(&a.sa_mask);
    stop = 0;
    sigaction(SIGINT, &a, NULL);
    sigaction(SIGTERM, &a, NULL);
    struct sigaction hangup;
    a.sa_flags = SA_RESTART; /* Linux sends it once for each thread of a parent that dies */
    sigaction(SIGHUP, NULL, &hangup);
    if (hangup.sa_handler != SIG_IGN) sigaction(SIGHUP, &a, NULL); /* else: under nohup */
    signal(SIGPIPE, SIG_IGN); /* nobody need listen to the progress  */
    signal(SIGXFSZ, SIG_IGN); /* a file too large is a failed write */
}

/* What a run works with; each part is closed by the one below that opened it. */
typedef struct trainer {
    const config *c;
    corpus text;
    train_step l;
    batch b;
    evaluation v;
    journal j;
    int32_t *token, *target;
} trainer;

static void trainer_close(trainer *t)
{
    journal_drop(&t->j);
    evaluation_close(&t->v);
    batch_close(&t->b);
    train_step_close(&t->l);
    corpus_close(&t->text);
    free(t->token);
    *t = (trainer){ 0 };
}

static int threads_of(const config *c)
{
    return c->train.threads > 0 ? (int)c->train.threads : threads_available();
}

/* Does what a run allocates fit into memory? */
static bool fits(const config *c, int n_threads, error *e)
{
    memory need;
    return memory_estimate(&need, c, n_threads, e) && memory_check(&need, n_threads, e);
}

static bool trainer_open(trainer *t, const config *c, error *e)
{
    *t = (trainer){ .c = c };
    if (!fits(c, threads_of(c), e) || !corpus_open(&t->text, c->data.corpus, CORPUS_WHOLE, e))
        return false;
    if (strcmp(t->text.sha256, c->corpus_sha256) != 0)
        return error_set(e, "%s: changed while it was read", c->data.corpus);
    t->token = malloc(2 * (size_t)c->train.batch_tokens * sizeof *t->token);
    if (!t->token) return error_set(e, "no memory for a batch");
    t->target = t->token + c->train.batch_tokens;
    return batch_open(&t->b, c, &t->text, e) && train_step_open(&t->l, c, threads_of(c), e) &&
           evaluation_open(&t->v, &(eval_input){ &t->l.m, t->l.w, c, &t->text, t->l.pool }, e);
}

/* Look at the held-out text; *diverged when the loss is not finite, which is recorded as a whole,
 * without the positions that it fell on. */
static bool evaluate(trainer *t, progress *p, bool *diverged, int64_t step, bool final, error *e)
{
    const eval_result *r = t->v.result;
    panels_make(t->l.panels, t->l.pool);
    evaluation_run(&t->v);
    panels_leave(t->l.panels);
    progress_evaluation(p, step, r, t->v.n);
    *diverged = false;
    for (int i = 0; i < t->v.n; i++) *diverged = *diverged || !isfinite(r[i].nll_sum);
    return journal_evaluation(&t->j, step, r, t->v.n, final && !*diverged, e);
}

typedef enum outcome { OUTCOME_DONE, OUTCOME_DIVERGED, OUTCOME_STOPPED, OUTCOME_FAILED } outcome;

/* One step and its row.  False when the database says no; *diverged when the numbers do. */
static bool take_step(trainer *t, journal_row *row, bool *diverged, error *e)
{
    train_step_result r;
    const double began = timer_now();
    batch_read(&t->b, t->token, t->target, row->step);
    train_step_gradient(&t->l, &r, t->token, t->target);
    *diverged = !isfinite(r.loss) || !isfinite(r.grad_norm);
    row->lr = train_step_rate(t->c, row->step);
    if (!*diverged) train_step_update(&t->l, &r, t->c, row->lr, row->step);
    row->loss = r.loss, row->grad_norm = r.grad_norm, row->clipped = r.clipped;
    row->wall_ms += llround(1000 * (timer_now() - began));
    return journal_step(&t->j, row, e);
}

/* A number that may be none, in words. */
static const char *number_words(char text[32], double x)
{
    snprintf(text, 32, "%g", x);
    return isnan(x) ? "not a number" : isinf(x) ? "infinite" : text;
}

/* From the checkpoint to the end, or to what ends it sooner; *step is the last one taken. */
static outcome loop(trainer *t, progress *p, int64_t *step, int64_t until, error *e)
{
    const config *c = t->c;
    journal_row row = { .wall_ms = t->j.wall_ms };
    for (*step = t->j.from_step; *step < t->b.steps;) {
        bool diverged;
        row.step = ++*step;
        if (!take_step(t, &row, &diverged, e)) return OUTCOME_FAILED;
        if (diverged) {
            char loss[32], norm[32];
            error_set(e,
                      "diverged at step %" PRId64 ": the loss is %s, the norm of its gradient %s",
                      *step, number_words(loss, row.loss), number_words(norm, row.grad_norm));
            return OUTCOME_DIVERGED;
        }
        progress_step(p, &row);
        const bool last = *step == t->b.steps;
        if ((last || batch_due(c, *step, c->eval.every_tokens)) &&
            !evaluate(t, p, &diverged, *step, last, e))
            return OUTCOME_FAILED;
        if (diverged) {
            error_set(e, "diverged at step %" PRId64 ": the held-out loss is not finite", *step);
            return OUTCOME_DIVERGED;
        }
        if (last) break;
        if (*step == until) return OUTCOME_STOPPED;
        bool saved = true;
        if ((stop || batch_due(c, *step, c->train.save_every_tokens)) &&
            !journal_checkpoint(&t->j, &saved, &t->l, *step, e))
            return OUTCOME_FAILED;
        if (stop && !saved) {
            error_set(e, "stopped by signal %d (%s) at step %" PRId64 ", without a checkpoint",
                      (int)stop, strsignal(stop), *step);
            return OUTCOME_FAILED;
        }
        if (stop) return OUTCOME_STOPPED;
    }
    return journal_done(&t->j, &t->l, *step, e) ? OUTCOME_DONE : OUTCOME_FAILED;
}

/* Train a run whose lock we have, and record how it ends. */
static int attempt(db *d, const record_run *r, const config *c, const train_options *o, error *e)
{
    trainer t;
    progress p;
    int64_t step = 0;
    error worse;
    if (!trainer_open(&t, c, e) || !journal_open(&t.j, d, r, c, &t.l, e)) {
        const int status = e->status;
        db_run(d, &worse, "UPDATE run SET status='failed', message=?, ended_ms=? WHERE run_id=?",
               "tii", e->msg, db_now_ms(), r->run_id); /* if the database lets us */
        trainer_close(&t);
        return status;
    }
    progress_open(&p, c, r->uid, t.b.steps, t.j.from_step, t.b.spans * t.b.span, o->progress);
    const outcome end = loop(&t, &p, &step, o->until, e);
    progress_close(&p);
    int status = STATUS_DONE;
    if (end == OUTCOME_DIVERGED) {
        status = STATUS_DIVERGED;
        if (!journal_close(&t.j, "diverged", step, e->msg, status, &worse)) *e = worse, status = 1;
    } else if (end == OUTCOME_STOPPED && !stop) {
        if (!journal_close(&t.j, "preempted", step, "stopped where it was asked to", status, e))
            status = STATUS_FAILED;
    } else if (end == OUTCOME_STOPPED) {
        status = STATUS_PREEMPTED;
        error_set(e,
                  "stopped by signal %d (%s) at step %" PRId64 " of %" PRId64
                  ", with a checkpoint: the same command goes on from there",
                  (int)stop, strsignal(stop), step, t.b.steps);
        if (!journal_close(&t.j, "preempted", step, e->msg, status, &worse)) *e = worse, status = 1;
    } else if (end == OUTCOME_FAILED) {
        status = STATUS_FAILED;
        journal_close(&t.j, "failed", step, e->msg, status, &worse); /* if the database lets us */
    }
    trainer_close(&t);
    return status;
}

static bool finished(const record_run *r)
{
    return strcmp(r->status, "done") == 0 || strcmp(r->status, "diverged") == 0;
}

/* The run's lock: the parent's, or taken here.  Who only wants to know whether a run is alive takes
 * the lock for a moment, so one refusal is no answer. */
static bool own(int *lock, const db *d, const char *uid, const train_options *o, error *e)
{
    static const struct timespec MOMENT = { 0, 20 * 1000000L };
    *lock = o->lock;
    if (o->lock >= 0)
        return record_owns(o->lock, d, uid) ||
               error_set(e, "descriptor %d is not the lock of run %s", o->lock, uid);
    for (int i = 0; i < 10; i++) {
        if (!record_own(lock, d, uid, e)) return false;
        if (*lock >= 0) return true;
        nanosleep(&MOMENT, NULL);
    }
    return error_set(e, "run %s is being trained by another process", uid);
}

/* Plan the run, take it, and see what is to be done. */
static int run_in(db *d, const config *c, const train_options *o, error *e)
{
    record_run r;
    int lock;
    if (!db_begin(d, e)) return STATUS_FAILED;
    if (!record_plan(d, &r, c, o->again, e) || !record_write_config(d, &r, c, e)) {
        const int status = e->status;
        db_rollback(d);
        return status;
    }
    if (!db_commit(d, e) || !own(&lock, d, r.uid, o, e)) return STATUS_FAILED;
    bool found; /* what it is now that nobody else can change it */
    int status = record_find(d, &r, &found, c, e) ? STATUS_DONE : STATUS_FAILED;
    if (status == STATUS_DONE && r.outdated && !o->accept) {
        status = STATUS_FAILED;
        error_set(e,
                  "run %s was recorded by other code (%s at step %" PRId64
                  "): --again trains it as a new generation, --accept takes it as it is",
                  r.uid, r.status, r.last_step);
    } else if (status == STATUS_DONE && finished(&r)) {
        fprintf(stderr,
                "attnlab: run %s is %s (step %" PRId64 " of %" PRId64 "); `attnlab show %s`\n",
                r.uid, r.status, r.last_step, r.target_step, r.uid);
        journal_sweep(d, &r);
    } else if (status == STATUS_DONE)
        status = attempt(d, &r, c, o, e);
    close(lock);
    return status;
}

int train_run(const config *c, const train_options *o, error *e)
{
    db d;
    watch_signals();
    if (!train_step_check(c, e) || !fits(c, threads_of(c), e)) return e->status;
    if (!db_open(&d, o->db, DB_WRITE, e)) return e->status;
    const int status = run_in(&d, c, o, e);
    db_close(&d);
    return status;
}

bool train_measure(double *seconds, const config *c, int n_threads, error *e)
{
    enum { STEPS = 3 };
    train_step l;
    train_step_result r;
    const size_t N = (size_t)c->train.batch_tokens;
    if (!fits(c, n_threads, e) || !train_step_open(&l, c, n_threads, e)) return false;
    int32_t *token = malloc(2 * N * sizeof *token), *target = token + N;
    if (!token) {
        train_step_close(&l);
        return error_set(e, "no memory for a batch");
    }
    const rng bits = rng_stream(1, 0, "train.measure");
    for (size_t i = 0; i < 2 * N; i++) {
        uint64_t word[4];
        rng_bits(word, &bits, i, 0);
        token[i] = (int32_t)(word[0] % (uint64_t)c->model.vocab_size);
    }
    model_init(&l.m, l.w, 1, 0);
    *seconds = INFINITY;
    for (int i = 1; i <= STEPS; i++) {
        const double began = timer_now();
        train_step_gradient(&l, &r, token, target);
        if (!isfinite(r.grad_norm)) r.grad_norm = 0; /* a wild rate takes the same time */
        train_step_update(&l, &r, c, c->train.lr, i);
        *seconds = fmin(*seconds, timer_now() - began);
    }
    free(token);
    train_step_close(&l);
    return true;
}
