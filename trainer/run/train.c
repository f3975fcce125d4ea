/* train.c - the loop: read a batch, take a step, record it, evaluate.
 *
 * A signal ends it after the current step, with a checkpoint (stop.h).
 */
#define _DEFAULT_SOURCE
#include "trainer/run/train.h"

#include "core/base/file.h"
#include "core/base/timer.h"
#include "trainer/model/batch.h"
#include "trainer/model/evaluation.h"
#include "trainer/model/memory.h"
#include "trainer/model/train_step.h"
#include "trainer/model/weights.h"
#include "trainer/run/build_row.h"
#include "trainer/run/journal.h"
#include "trainer/run/progress.h"
#include "trainer/run/run_folder.h"
#include "trainer/run/run_summary.h"
#include "trainer/run/run_tasks.h"
#include "trainer/run/stop.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Everything that a run needs; trainer_close closes it all. */
typedef struct trainer {
    const config *settings;
    corpus text;
    train_step train;
    batch b;
    evaluation v;
    tokenizer pieces; /* for tasks; its V is 0 if the corpus has none */
    run_tasks tasks;
    bool say; /* what tasks give */
    journal j;
    int32_t *token, *target;
} trainer;

static void trainer_close(trainer *t)
{
    journal_drop(&t->j);
    run_tasks_close(&t->tasks);
    tokenizer_close(&t->pieces);
    evaluation_close(&t->v);
    batch_close(&t->b);
    train_step_close(&t->train);
    corpus_close(&t->text);
    free(t->token);
    *t = (trainer){ 0 };
}

static int threads_of(const config *settings)
{
    return settings->train.threads > 0 ? (int)settings->train.threads : threads_available();
}

/* Does what a run allocates fit into memory? */
static bool fits(const run_spec *spec, int n_threads, error *e)
{
    memory need;
    return memory_estimate(&need, spec, n_threads, e) && memory_check(&need, n_threads, e);
}

static const char *suite_path(const void *arg, int i)
{
    return ((const config_texts *)arg)->item[i];
}

static bool stopped_by_signal(void)
{
    return stop_signal() != 0;
}

/* The suites of eval.tasks, with the corpus's tokenizer if it has one. */
static bool open_tasks(trainer *t, error *e)
{
    enum { TOKENIZER_LIMIT = 1 << 30 };
    const config *settings = t->settings;
    if (settings->eval.tasks.n == 0) return true;
    char *path = file_path(settings->data.corpus, MANIFEST_MODEL), *bytes;
    size_t n;
    bool ok = true;
    const bool there = access(path, F_OK) == 0;
    if (there && (ok = file_read(&bytes, &n, path, TOKENIZER_LIMIT, e))) {
        ok = tokenizer_open(&t->pieces, bytes, n, e) || error_where(e, "%s", path);
        free(bytes);
    }
    free(path);
    const suite_model with = { .m = &t->train.m,
                               .w = t->train.w,
                               .pieces = there ? &t->pieces : NULL,
                               .pool = t->train.pool,
                               .context = (int)settings->eval.tasks_context,
                               .stop = stopped_by_signal };
    return ok && run_tasks_open(&t->tasks, suite_path, &settings->eval.tasks,
                                settings->eval.tasks.n, &with, e);
}

static bool trainer_open(trainer *t, const run_spec *spec, error *e)
{
    const config *settings = &spec->config;
    *t = (trainer){ .settings = settings };
    if (!fits(spec, threads_of(settings), e) ||
        !corpus_open(&t->text, settings->data.corpus, CORPUS_WHOLE, e))
        return false;
    if (strcmp(t->text.sha256, settings->corpus_sha256) != 0)
        return error_set(e, "%s: the corpus changed after the run was planned",
                         settings->data.corpus);
    t->token = malloc(2 * (size_t)settings->train.batch_tokens * sizeof *t->token);
    if (!t->token) return error_set(e, "out of memory for a batch");
    t->target = t->token + settings->train.batch_tokens;
    return batch_open(&t->b, settings, &t->text, e) &&
           train_step_open(&t->train, spec, threads_of(settings), e) &&
           evaluation_open(
               &t->v, &(eval_input){ &t->train.m, t->train.w, settings, &t->text, t->train.pool },
               e) &&
           open_tasks(t, e);
}

/* Evaluate on the held-out text.  *diverged if the loss is not finite; then only its sum is
 * recorded, not the sums by position. */
static bool evaluate(trainer *t, progress *p, bool *diverged, int64_t step, bool final, error *e)
{
    const eval_result *r = t->v.result;
    panels_make(t->train.panels, t->train.pool);
    evaluation_run(&t->v);
    panels_leave(t->train.panels);
    progress_evaluation(p, step, r, t->v.n);
    *diverged = false;
    for (int i = 0; i < t->v.n; i++) *diverged = *diverged || !isfinite(r[i].nll_sum);
    return journal_evaluation(&t->j, step, r, t->v.n, final && !*diverged, e);
}

/* Evaluate eval.tasks after this step, if they are due, except what is recorded already.  A
 * checkpoint comes first, so that an evaluation that is cut off goes on from here. */
static bool evaluate_tasks(trainer *t, bool *stopped, int64_t step, error *e)
{
    const config *settings = t->settings;
    bool saved = true;
    *stopped = false;
    if (t->tasks.suites == 0 ||
        (step < t->b.steps && !batch_due(settings, step, settings->eval.tasks_every_tokens)))
        return true;
    if (step != t->j.from_step && !journal_checkpoint(&t->j, &saved, &t->train, step, e))
        return false;
    panels_make(t->train.panels, t->train.pool);
    const bool ok =
        run_tasks_run(&t->tasks, stopped, t->j.d, t->j.run_id, step, t->say ? stderr : NULL, e);
    panels_leave(t->train.panels);
    if (ok && *stopped && !saved)
        return error_set(
            e, "stopped while the tasks of step %" PRId64 " were evaluated, without a checkpoint",
            step);
    return ok;
}

typedef enum outcome { OUTCOME_DONE, OUTCOME_DIVERGED, OUTCOME_STOPPED, OUTCOME_FAILED } outcome;

/* One step and its row.  Fails if the database does; *diverged if a number is not finite. */
static bool take_step(trainer *t, journal_row *row, bool *diverged, error *e)
{
    train_step_result r;
    const double began = timer_now();
    batch_read(&t->b, t->token, t->target, row->step);
    train_step_gradient(&t->train, &r, t->token, t->target);
    *diverged = !isfinite(r.loss) || !isfinite(r.grad_norm);
    row->lr = train_step_rate(t->settings, row->step);
    if (!*diverged) train_step_update(&t->train, &r, t->settings, row->lr, row->step);
    row->loss = r.loss, row->grad_norm = r.grad_norm, row->clipped = r.clipped;
    row->wall_ms += llround(1000 * (timer_now() - began));
    return journal_step(&t->j, row, e);
}

/* A number that may be NaN or infinite, in words. */
static const char *number_words(char text[32], double x)
{
    snprintf(text, 32, "%g", x);
    return isnan(x) ? "not a number" : isinf(x) ? "infinite" : text;
}

/* The run diverged at this step, and why: `what` is not finite, and perhaps the weights. */
static outcome diverged_at(error *e, const trainer *t, int64_t step, const char *what)
{
    char cause[256];
    train_step_diagnose(cause, sizeof cause, &t->train, t->settings);
    error_set(e, "diverged at step %" PRId64 ": %s%s%s", step, what, *cause ? "; " : "", cause);
    return OUTCOME_DIVERGED;
}

/* The end of a run of no steps: the weights as they came, evaluated. */
static outcome finish_untrained(trainer *t, progress *p, error *e)
{
    bool diverged;
    if (!evaluate(t, p, &diverged, 0, true, e)) return OUTCOME_FAILED;
    if (diverged) return diverged_at(e, t, 0, "the held-out loss is not finite");
    bool stopped = false;
    if (!evaluate_tasks(t, &stopped, 0, e)) return OUTCOME_FAILED;
    if (stopped) return OUTCOME_STOPPED;
    return journal_done(&t->j, &t->train, 0, e) ? OUTCOME_DONE : OUTCOME_FAILED;
}

/* From the checkpoint to the end, or until something stops it; *step is the last one taken. */
static outcome loop(trainer *t, progress *p, int64_t *step, int64_t until, error *e)
{
    const config *settings = t->settings;
    journal_row row = { .wall_ms = t->j.wall_ms };
    if (t->b.steps == 0) return finish_untrained(t, p, e);
    bool stopped = false;
    *step = t->j.from_step;
    if (*step > 0 && !evaluate_tasks(t, &stopped, *step, e)) return OUTCOME_FAILED;
    while (!stopped && *step < t->b.steps) {
        bool diverged;
        row.step = ++*step;
        if (!take_step(t, &row, &diverged, e)) return OUTCOME_FAILED;
        if (diverged) {
            char loss[32], norm[32], what[128];
            snprintf(what, sizeof what, "the loss is %s and the gradient norm is %s",
                     number_words(loss, row.loss), number_words(norm, row.grad_norm));
            return diverged_at(e, t, *step, what);
        }
        progress_step(p, &row);
        const bool last = *step == t->b.steps;
        if ((last || batch_due(settings, *step, settings->eval.every_tokens)) &&
            !evaluate(t, p, &diverged, *step, last, e))
            return OUTCOME_FAILED;
        if (diverged) return diverged_at(e, t, *step, "the held-out loss is not finite");
        if (!evaluate_tasks(t, &stopped, *step, e)) return OUTCOME_FAILED;
        if (last || stopped) break;
        if (*step == until) return OUTCOME_STOPPED;
        bool saved = true;
        const int stop = stop_signal();
        if ((stop || batch_due(settings, *step, settings->train.save_every_tokens)) &&
            !journal_checkpoint(&t->j, &saved, &t->train, *step, e))
            return OUTCOME_FAILED;
        if (stop && !saved) {
            error_set(e, "stopped by signal %d (%s) at step %" PRId64 ", without a checkpoint",
                      stop, strsignal(stop), *step);
            return OUTCOME_FAILED;
        }
        if (stop) return OUTCOME_STOPPED;
    }
    if (stopped) return OUTCOME_STOPPED;
    return journal_done(&t->j, &t->train, *step, e) ? OUTCOME_DONE : OUTCOME_FAILED;
}

/* Record that the run ended for the reason in e, or why that can't be recorded.  Returns the exit
 * status. */
static int close_run(trainer *t, run_status as, int64_t step, int status, error *e)
{
    error worse;
    if (!journal_close(&t->j, as, step, e->msg, status, &worse)) *e = worse, status = STATUS_FAILED;
    error_where(e, "run %s", t->j.uid);
    return status;
}

/* Train a run whose lock this process holds, and record how it ends. */
static int attempt(db *d, const run_row *r, const run_spec *spec, const run_start *start,
                   const train_options *o, error *e)
{
    trainer t;
    progress p;
    int64_t step = 0;
    error worse;
    if (!trainer_open(&t, spec, e) || !journal_open(&t.j, d, r, spec, start, &t.train, e)) {
        const int status = e->status;
        db_run(d, &worse, "UPDATE run SET status=?, message=?, ended_ms=? WHERE run_id=?", "ttii",
               run_status_word(RUN_FAILED), e->msg, db_now_ms(),
               r->run_id); /* if the database lets us */
        trainer_close(&t);
        return status;
    }
    t.say = o->progress;
    progress_open(&p, &t.b, r->uid, t.j.from_step, o->progress);
    const outcome end = loop(&t, &p, &step, o->until, e);
    const int stop = stop_signal();
    progress_close(&p);
    int status = STATUS_DONE;
    if (end == OUTCOME_DIVERGED)
        status = close_run(&t, RUN_DIVERGED, step, STATUS_DIVERGED, e);
    else if (end == OUTCOME_STOPPED && !stop) {
        if (!journal_close(&t.j, RUN_PREEMPTED, step, "stopped at the requested step", status, e))
            status = STATUS_FAILED;
    } else if (end == OUTCOME_STOPPED) {
        error_set(e,
                  "stopped by signal %d (%s) at step %" PRId64 " of %" PRId64
                  ", with a checkpoint; run the same command to resume",
                  stop, strsignal(stop), step, t.b.steps);
        status = close_run(&t, RUN_PREEMPTED, step, STATUS_PREEMPTED, e);
    } else if (end == OUTCOME_FAILED) {
        status = STATUS_FAILED;
        d->patience_ms = DB_PATIENCE_MS;
        journal_close(&t.j, RUN_FAILED, step, e->msg, status, &worse); /* if the database lets us */
    } else if (o->summary && !run_summary_print(d, r, e))
        status = STATUS_FAILED;
    trainer_close(&t);
    return status;
}

/* The run's lock: the parent's, or taken here.  A process that checks whether the run is alive
 * holds the lock briefly (run_folder_alive), so try again. */
static bool own(int *lock, const db *d, const char *uid, const train_options *o, error *e)
{
    static const struct timespec MOMENT = { 0, 20 * 1000000L };
    *lock = o->lock;
    if (o->lock >= 0)
        return run_folder_owns(o->lock, d, uid) ||
               error_set(e, "descriptor %d is not the lock of run %s", o->lock, uid);
    for (int i = 0; i < 10; i++) {
        if (!run_folder_lock(lock, d, uid, e)) return false;
        if (*lock >= 0) return true;
        nanosleep(&MOMENT, NULL);
    }
    return error_set(e, "run %s is being trained by another process", uid);
}

/* The checkpoint that the run would be resumed from must be of this environment, unless
 * --allow-mixed says otherwise. */
static bool check_environment(db *d, const run_row *r, const train_options *o, error *e)
{
    char differs[BUILD_ROW_DIFFERS] = "";
    int64_t host, step;
    if (o->allow_mixed) return true;
    if (!db_begin(d, e)) return false;
    const bool ok =
        db_integer(d, &step, 0, e, "SELECT max(step) FROM ckpt WHERE run_id=?", "i", r->run_id) &&
        build_row_host(d, &host, e) && build_row_differs(d, differs, r->run_id, step, host, e);
    db_rollback(d);
    if (!ok) return false;
    return !*differs ||
           error_set(e,
                     "run %s was trained to step %" PRId64
                     " in another environment (%s), which gives other bits: resume it there, or "
                     "here with --allow-mixed, which marks it as mixed",
                     r->uid, step, differs);
}

/* What the run starts from.  A run that has a checkpoint needs it no more, so that it may be gone
 * by now. */
static bool find_start(run_start *start, db *d, const run_row *r, const run_spec *spec,
                       const train_options *o, error *e)
{
    db other;
    error worse;
    int64_t checkpoint = 0;
    if (o->sources && !db_open(&other, o->sources, DB_READ, e)) return false;
    bool ok = run_start_find(start, o->sources ? &other : d, spec, e);
    if (o->sources) db_close(&other), start->run_id = 0; /* of no run in d */
    if (!ok)
        ok = db_integer(d, &checkpoint, 0, &worse, "SELECT 1 FROM ckpt WHERE run_id=?", "i",
                        r->run_id) &&
             checkpoint;
    return ok;
}

/* A run whose source diverged can't be trained: that is its outcome, too. */
static int end_by_source(db *d, const run_row *r, const run_start *start, error *e)
{
    error_set(e, "diverged by its source: %s diverged", start->name);
    error worse;
    if (!db_run(d, &worse, "UPDATE run SET status=?, message=?, ended_ms=? WHERE run_id=?", "ttii",
                run_status_word(RUN_DIVERGED), e->msg, db_now_ms(), r->run_id)) {
        *e = worse;
        return STATUS_FAILED;
    }
    return STATUS_DIVERGED;
}

static int start_run(db *d, const run_row *r, const run_spec *spec, const train_options *o,
                     error *e)
{
    run_start start = { 0 };
    int status = STATUS_FAILED;
    if (!find_start(&start, d, r, spec, o, e))
        status = e->status;
    else if (start.diverged)
        status = end_by_source(d, r, &start, e);
    else
        status = attempt(d, r, spec, &start, o, e);
    run_start_close(&start);
    return status;
}

/* Say if a run that is done has no scores, though suites are asked for. */
static bool say_missing(db *d, const run_row *r, const config *settings, error *e)
{
    int64_t scored = 1;
    if (settings->eval.tasks.n > 0 &&
        !db_integer(d, &scored, 0, e, "SELECT count(*) FROM task_eval WHERE run_id=?", "i",
                    r->run_id))
        return false;
    if (!scored)
        fprintf(stderr,
                "attnlab: run %s is done, but not evaluated on eval.tasks: attnlab evaluate %s "
                "SUITE does it\n",
                r->uid, r->uid);
    return true;
}

/* What is left to do of a run whose lock this process holds. */
static int finish(db *d, const run_row *r, const run_spec *spec, const train_options *o, error *e)
{
    if (*r->source && !o->accept) {
        error_set(e,
                  "run %s is outdated: its source, run %s, has been trained again with another "
                  "result; --again trains a new generation, --accept takes it as it is",
                  r->uid, r->source);
        return STATUS_FAILED;
    }
    if (r->outdated && !o->accept) {
        error_set(e,
                  "run %s is outdated: other code made it (%s at step %" PRId64
                  "); --again trains a new generation, --accept takes it as it is",
                  r->uid, run_status_word(r->status), r->last_step);
        return STATUS_FAILED;
    }
    if (run_status_final(r->status)) journal_sweep(d, r->run_id, r->uid);
    if (r->status == RUN_DIVERGED) {
        error_set(e, "run %s: %s", r->uid, *r->message ? r->message : "diverged");
        return STATUS_DIVERGED;
    }
    if (r->status == RUN_DONE && !say_missing(d, r, &spec->config, e)) return STATUS_FAILED;
    if (r->status == RUN_DONE)
        return !o->summary || run_summary_print(d, r, e) ? STATUS_DONE : STATUS_FAILED;
    return check_environment(d, r, o, e) ? start_run(d, r, spec, o, e) : STATUS_FAILED;
}

/* Plan the run, take its lock, and see what is left to do. */
static int run_in(db *d, const run_spec *spec, const train_options *o, error *e)
{
    run_row r;
    int lock;
    if (!db_begin(d, e)) return STATUS_FAILED;
    if (!run_row_plan(d, &r, spec, o->again, e) || !run_row_write_config(d, &r, spec, e)) {
        const int status = e->status;
        db_rollback(d);
        return status;
    }
    if (!db_commit(d, e) || !own(&lock, d, r.uid, o, e)) return STATUS_FAILED;
    bool found; /* read it again, now that no other process can change it */
    const int status =
        run_row_find(d, &r, &found, spec, e) ? finish(d, &r, spec, o, e) : STATUS_FAILED;
    close(lock);
    return status;
}

int train_run(const run_spec *spec, const train_options *o, error *e)
{
    const config *settings = &spec->config;
    db d;
    stop_watch();
    if (!train_step_check(settings, e) || !fits(spec, threads_of(settings), e) ||
        !weights_check(spec, e))
        return e->status;
    if (!db_open(&d, o->db, DB_WRITE, e)) return e->status;
    d.patience_ms = DB_LONG_PATIENCE_MS; /* a run had better wait than end */
    const int status = run_in(&d, spec, o, e);
    db_close(&d);
    return status;
}
