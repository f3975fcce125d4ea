/* tune.c - rounds of a study that tunes another: run, fit, and go beyond the range where it ends.
 *
 * A round has the values of the range that sweep.tune states.  If any arm is best at an end, the
 * next round has half as many values more at that end, for every arm, so tuning costs each arm the
 * same.  What a round decides depends on its own values alone, not on what else has been run, so
 * every process that goes through the rounds comes to the same values.
 */
#include "cli/tune.h"

#include "analysis/data/study.h"
#include "analysis/statistics/optimum.h"
#include "cli/sweep.h"
#include "experiments/plan.h"
#include "experiments/study_tune.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

enum { EXTENSIONS = 2 };

/* A round: the study that tunes, and what is in the database of it. */
typedef struct tune_round {
    study_file s;
    arms a;
    plan p;
    double point[TUNE_POINTS];
    int points;
    optimum *best; /* (arms of the study that is tuned) */
} tune_round;

static void close_round(tune_round *r)
{
    plan_close(&r->p), arms_close(&r->a), study_file_close(&r->s);
    free(r->best);
    *r = (tune_round){ 0 };
}

static bool open_round(tune_round *r, const study_file *s, const arms *a, int below, int above,
                       error *e)
{
    *r = (tune_round){ .best = error_zeroed((size_t)a->n, sizeof *r->best) };
    r->points = study_tune_points(r->point, &s->tune, below, above);
    if (!study_tune_open(&r->s, s, r->point, r->points, e)) {
        close_round(r);
        return false;
    }
    if (!arms_open(&r->a, &r->s, e)) {
        error_where(e, "sweep.tune");
        close_round(r);
        return false;
    }
    assert(r->a.n == a->n * r->points); /* the tuned key is the axis that varies fastest */
    return true;
}

/* Is the result of every run there? */
static bool look(tune_round *r, bool *complete, const command_call *call, error *e)
{
    db d, *there = NULL;
    plan_close(&r->p);
    if (access(call->db, F_OK) == 0 || errno != ENOENT) {
        if (!db_open(&d, call->db, DB_READ, e)) return false;
        there = &d;
    }
    const bool ok = plan_look(&r->p, there, &r->a, &r->s, e);
    *complete = ok;
    for (int i = 0; ok && i < r->p.n; i++) {
        const run_row *row = &r->p.cell[i].run;
        *complete = *complete && run_status_final(row->status) && (!row->outdated || call->accept);
    }
    if (there) db_close(there);
    return ok;
}

/* y (arms, points, seeds): the metric of each run, NaN if it diverged. */
static bool read_results(double *y, const tune_round *r, const metric *m, const command_call *call,
                         error *e)
{
    db d;
    const int seeds = r->s.seeds;
    bool ok = db_open(&d, call->db, DB_READ, e);
    if (!ok) return false;
    for (int i = 0; ok && i < r->p.n; i++) { /* cells go by seed, then by arm */
        const cell *x = &r->p.cell[i];
        double *value = &y[(x->arm - r->a.arm) * seeds + i / r->a.n];
        *value = NAN;
        if (x->run.status == RUN_DONE) ok = study_run_value(value, &d, x->run.run_id, m, e);
    }
    db_close(&d);
    return ok;
}

static bool fit(tune_round *r, const study_file *s, const arms *a, const command_call *call,
                error *e)
{
    metric m;
    const size_t one = (size_t)r->points * (size_t)r->s.seeds;
    double *y = error_zeroed((size_t)a->n * one, sizeof *y);
    bool ok = metric_parse(&m, r->s.metric, e) && read_results(y, r, &m, call, e);
    for (int i = 0; ok && i < a->n; i++) {
        optimum_find(&r->best[i], r->point, y + (size_t)i * one, m.larger_is_better, r->points,
                     r->s.seeds);
        if (isnan(r->best[i].x))
            ok = error_set(e,
                           "sweep.tune: the arm '%s' has no value of %s at which every run has a "
                           "result (`attnlab status %s`)",
                           a->arm[i].label, s->tune.key->name, r->s.name);
    }
    free(y);
    return ok;
}

/* The first arm that is best at this end, or -1. */
static int at_edge(const tune_round *r, const arms *a, optimum_edge edge)
{
    for (int i = 0; i < a->n; i++)
        if (r->best[i].edge == edge) return i;
    return -1;
}

static void refuse_edge(const tune_round *r, const study_file *s, const arms *a, error *e)
{
    const int lower = at_edge(r, a, OPTIMUM_LOWER), upper = at_edge(r, a, OPTIMUM_UPPER);
    const bool low = lower >= 0;
    yaml_error(s->tune.place, e,
               "sweep.tune: %s: the arm '%s' is best at the %s edge, %g, after the range was "
               "extended %d times: set '%s' %s it",
               s->tune.key->name, a->arm[low ? lower : upper].label, low ? "lower" : "upper",
               r->point[low ? 0 : r->points - 1], EXTENSIONS, low ? "from" : "to",
               low ? "below" : "above");
}

/* What tuning costs, the same for every arm. */
static void say_cost(const tune_round *r, const study_file *s, const arms *a)
{
    const int each = r->points * r->s.seeds;
    double flops = 0, whole = 0;
    for (int i = 0; i < a->n; i++) {
        const double run = a->arm[i].cost.train_flops * (double)a->arm[i].spec.config.train.tokens;
        flops += each * run, whole += s->seeds * run;
    }
    fprintf(stderr,
            "%s: tuning %s: %d values from %g to %g x %d seed%s = %d runs for each of %d arm%s, "
            "%.2g times the FLOPs of the comparison\n",
            s->name, s->tune.key->name, r->points, r->point[0], r->point[r->points - 1], r->s.seeds,
            r->s.seeds == 1 ? "" : "s", each, a->n, a->n == 1 ? "" : "s", flops / whole);
}

/* One line for each arm, and the value as the arm gets it: to three digits. */
static void say_values(double *value, const tune_round *r, const study_file *s, const arms *a)
{
    for (int i = 0; i < a->n; i++) {
        const optimum *o = &r->best[i];
        char text[32];
        snprintf(text, sizeof text, "%.3g", o->x);
        value[i] = strtod(text, NULL);
        fprintf(stderr, "%s: %s: %s=%s ", s->name, a->arm[i].label, s->tune.key->name, text);
        if (!o->fitted)
            fputs("(the best value tried; no parabola fits around it)\n", stderr);
        else if (o->lo > 0)
            fprintf(stderr, "(95 %% interval %.3g to %.3g)\n", o->lo, o->hi);
        else
            fputs("(the curvature is not certain enough for an interval)\n", stderr);
    }
}

/* The plan of the last round, so that the study NAME.tune is what was fitted. */
static bool keep_plan(tune_round *r, const command_call *call, error *e)
{
    db d;
    plan_close(&r->p);
    if (!db_open(&d, call->db, DB_WRITE, e)) return false;
    d.patience_ms = DB_LONG_PATIENCE_MS;
    const bool ok = plan_write(&r->p, &d, &r->a, &r->s, false, call->accept, e);
    db_close(&d);
    return ok;
}

/* Run what is missing of a round, and fit it. */
static int do_round(tune_round *r, command_call *call, int64_t jobs, bool dry, bool *pending,
                    const study_file *s, const arms *a, error *e)
{
    bool complete;
    if (!look(r, &complete, call, e)) return e->status;
    if (!complete) say_cost(r, s, a);
    if (!complete && dry) {
        *pending = true;
        return sweep_dry_run(call, jobs, &r->s, &r->a, e);
    }
    if (!complete) {
        const int status = sweep_run(call, jobs, &r->s, &r->a, e);
        if (status != STATUS_DONE) return status;
        if (!look(r, &complete, call, e)) return e->status;
    }
    return fit(r, s, a, call, e) ? STATUS_DONE : e->status;
}

int tune_arms(command_call *call, int64_t jobs, bool dry, bool *pending, const study_file *s,
              arms *a, error *e)
{
    const int step = s->tune.points / 2;
    int below = 0, above = 0, status = STATUS_DONE;
    *pending = false;
    for (int round = 0;; round++) {
        tune_round r;
        if (!open_round(&r, s, a, below, above, e)) return e->status;
        status = do_round(&r, call, jobs, dry, pending, s, a, e);
        const bool low = status == STATUS_DONE && !*pending && at_edge(&r, a, OPTIMUM_LOWER) >= 0,
                   high = status == STATUS_DONE && !*pending && at_edge(&r, a, OPTIMUM_UPPER) >= 0;
        if ((low || high) && round == EXTENSIONS) {
            refuse_edge(&r, s, a, e);
            status = e->status;
        }
        const bool again = (low || high) && round < EXTENSIONS;
        if (status == STATUS_DONE && !*pending && !again) {
            double *value = error_zeroed((size_t)a->n, sizeof *value);
            say_values(value, &r, s, a);
            if ((!dry && !keep_plan(&r, call, e)) || !arms_tune(a, s, value, e)) status = e->status;
            free(value);
        }
        close_round(&r);
        if (!again) return status;
        below += low ? step : 0, above += high ? step : 0;
    }
}
