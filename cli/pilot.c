/* pilot.c - choose pilots by measured seconds of a step, and run them as studies. */
#include "cli/pilot.h"

#include "analysis/statistics/budget.h"
#include "cli/sweep.h"
#include "core/base/hash.h"
#include "core/compute/threads.h"
#include "experiments/plan_table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FEWEST_STEPS = 40, SEEDS = 6, FEWER = 4, HALVES = 8 };
static const int MORE[] = { 12, 8, SEEDS };

/* The user's study on a rung. */
static bool open_rung(study_file *s, arms *a, const pilot_question *q, const ladder_rung *r,
                      error *e)
{
    const command_call *call = q->call;
    return ladder_open(s, a, r, q->own, call->argument[0], call->db,
                       (char *const *)call->argument + 1, call->arguments - 1, e);
}

/* Mean seconds of a run of `tokens`, over the arms. */
static bool measure(double *seconds, int64_t *n_params, const pilot_question *q,
                    const ladder_size *size, int64_t tokens, error *e)
{
    study_file s;
    arms a;
    plan p;
    const ladder_rung rung = { .size = size,
                               .tokens = tokens,
                               .name = "pilot",
                               .seeds = 1,
                               .first_seed = PILOT_SEED,
                               .pilot = true };
    if (!open_rung(&s, &a, q, &rung, e)) return false;
    double *each = error_zeroed((size_t)a.n, sizeof *each);
    const int each_has = threads_available() / (int)q->jobs;
    bool ok = plan_look(&p, NULL, &a, &s, e);
    if (ok) {
        ok = plan_table_measure(each, &a, &p, each_has > 1 ? each_has : 1, e);
        plan_close(&p);
    }
    *seconds = 0;
    for (int i = 0; i < a.n; i++) *seconds += each[i] / a.n;
    *n_params = a.arm[0].cost.total;
    free(each);
    arms_close(&a), study_file_close(&s);
    return ok;
}

/* Seconds on the clock of the pilots of one size. */
static double clock_seconds(const pilot_design *d, const pilot_question *q)
{
    const budget_question k = { .arms = q->arms->n, .jobs = (int)q->jobs };
    double sum = 0;
    for (int i = 0; i < PILOT_LENGTHS; i++)
        if (!isnan(d->run_seconds[i])) sum += budget_total(&k, d->run_seconds[i], d->seeds);
    return sum;
}

static void set_design(pilot_design *d, const budget_time *times, int64_t tokens, int seeds)
{
    d->seeds = seeds;
    d->tokens[0] = tokens / 4, d->tokens[1] = tokens;
    for (int i = 0; i < PILOT_LENGTHS; i++)
        d->run_seconds[i] = budget_seconds(times, 0, (double)d->tokens[i], PILOT_LENGTHS);
}

/* The longest pilots that fit into so many seconds; false if none do. */
static bool fit(pilot_design *d, const budget_time *times, const pilot_question *q, double seconds)
{
    const config *own = &q->arms->arm[0].spec.config;
    const int64_t tokens = own->train.tokens, least = 4 * FEWEST_STEPS * own->train.batch_tokens;
    for (size_t i = 0; i < sizeof MORE / sizeof *MORE; i++) {
        set_design(d, times, tokens, MORE[i]);
        if (clock_seconds(d, q) <= seconds) return true;
    }
    for (int64_t seeds = SEEDS; seeds >= FEWER; seeds -= SEEDS - FEWER)
        for (int64_t part = 2; part <= 1 << HALVES && tokens / part >= least; part *= 2) {
            set_design(d, times, tokens / part, (int)seeds);
            if (clock_seconds(d, q) <= seconds) return true;
        }
    return false;
}

/* The pilots of this size that the database has, by their names; *found: there are. */
static bool recall(pilot_design *out, bool *found, const char *stem, const pilot_question *q,
                   error *e)
{
    db d;
    char pattern[STUDY_NAME + 8];
    int64_t shortest = 0, seeds = 0;
    *found = false;
    if (access(q->call->db, F_OK) != 0) return true;
    if (!db_open(&d, q->call->db, DB_READ, e)) return false;
    snprintf(pattern, sizeof pattern, "%s*", stem);
    bool ok = db_integer(&d, &shortest, 0, e,
                         "SELECT min(CAST(substr(name, ?) AS INTEGER)) FROM sweep"
                         " WHERE name GLOB ?",
                         "nt", (int)strlen(stem) + 1, pattern) &&
              db_integer(&d, &seeds, 0, e,
                         "SELECT max(seeds) FROM sweep_version JOIN sweep USING(sweep_id)"
                         " WHERE name GLOB ?",
                         "t", pattern);
    db_close(&d);
    *found = ok && shortest > 0 && seeds > 0;
    if (*found) {
        out->seeds = (int)seeds, out->tokens[0] = shortest, out->tokens[1] = 4 * shortest;
        for (int i = 0; i < PILOT_LENGTHS; i++) out->run_seconds[i] = NAN;
    }
    return ok;
}

/* "NAME.pilot-HASH-2x64-": the question and the time for it are in the hash. */
static void stem_of(char stem[STUDY_NAME], const pilot_question *q, const ladder_size *size)
{
    char hex[HASH_HEX], minutes[64];
    hash h;
    snprintf(minutes, sizeof minutes, "%.3f", q->seconds / 60);
    hash_open(&h);
    hash_add(&h, q->own->text, strlen(q->own->text));
    hash_add(&h, q->own->settings_json, strlen(q->own->settings_json));
    hash_add(&h, minutes, strlen(minutes));
    hash_close(&h, hex);
    snprintf(stem, STUDY_NAME, "%.24s.pilot-%.6s-%lldx%lld-", q->own->name, hex,
             (long long)size->n_layers, (long long)size->dim);
}

/* Can the smallest study of this size fit into the budget at all? */
static bool affordable(const pilot_question *q, const budget_time *times)
{
    int64_t tokens[LADDER_LENGTHS];
    const budget_question k = { .arms = q->arms->n, .jobs = (int)q->jobs };
    ladder_lengths(tokens, q->arms);
    const double seconds = budget_seconds(times, 0, (double)tokens[0], PILOT_LENGTHS);
    return budget_total(&k, seconds, PROMISE_SEEDS) <= q->budget;
}

/* *fits: there are pilots of this size. */
static bool choose_one(pilot_design *d, bool *fits, const pilot_question *q, double share, error *e)
{
    char stem[STUDY_NAME];
    const int64_t tokens = q->arms->arm[0].spec.config.train.tokens;
    budget_time times[PILOT_LENGTHS] = { { 0, (double)(tokens / 4), 0 }, { 0, (double)tokens, 0 } };
    for (int i = 0; i < PILOT_LENGTHS; i++)
        if (!measure(&times[i].seconds, &d->n_params, q, &d->size, (int64_t)times[i].tokens, e))
            return false;
    stem_of(stem, q, &d->size);
    if (!recall(d, fits, stem, q, e)) return false;
    if (!*fits) *fits = affordable(q, times) && fit(d, times, q, share);
    for (int i = 0; *fits && i < PILOT_LENGTHS; i++)
        snprintf(d->name[i], sizeof d->name[i], "%.48s%lld", stem, (long long)d->tokens[i]);
    return true;
}

bool pilot_choose(pilot_plan *p, const pilot_question *q, error *e)
{
    ladder_size size[LADDER_SIZES];
    int own;
    const int n = ladder_sizes(size, &own, q->own, q->arms);
    *p = (pilot_plan){ 0 };
    for (int i = 0; i < n; i++) {
        pilot_design *d = &p->design[p->n];
        bool fits;
        *d = (pilot_design){ .size = size[i] };
        if (!choose_one(d, &fits, q, q->seconds / n, e)) return false;
        p->n += fits, p->left_out += !fits;
    }
    return p->n > 0 ||
           error_usage(e,
                       "no pilot fits into %.3g minutes (--pilot-minutes), or no study of %d seeds "
                       "into the budget of %.3g hours (--budget), even at half the size of the %d "
                       "arms: allow more time, or plan a smaller model",
                       q->seconds / 60, PROMISE_SEEDS, q->budget / 3600, q->arms->n);
}

double pilot_seconds(const pilot_plan *p, const pilot_question *q)
{
    double sum = 0;
    for (int i = 0; i < p->n; i++) sum += clock_seconds(&p->design[i], q);
    return sum;
}

int pilot_run(const pilot_plan *p, const pilot_question *q, error *e)
{
    for (int i = 0; i < p->n; i++)
        for (int k = 0; k < PILOT_LENGTHS; k++) {
            const pilot_design *d = &p->design[i];
            const ladder_rung rung = { &d->size,   d->tokens[k], d->name[k],
                                       PILOT_SEED, d->seeds,     true };
            study_file s;
            arms a;
            if (!open_rung(&s, &a, q, &rung, e)) return e->status;
            const int status = sweep_run(q->call, q->jobs, &s, &a, e);
            arms_close(&a), study_file_close(&s);
            if (status != STATUS_DONE) return status;
        }
    return STATUS_DONE;
}
