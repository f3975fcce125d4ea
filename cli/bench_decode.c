/* bench_decode.c - arms in turn (A B A B), cell by cell of threads x context x batch.
 *
 *     ratio to the baseline = median over blocks of (seconds of the arm / seconds of the baseline)
 *
 * A block is one repetition of every arm.  The machine is measured at its beginning, so that what
 * disturbs a block disturbs both sides of a fraction.
 */
#include "cli/bench_decode.h"

#include "analysis/statistics/median.h"
#include "core/base/table.h"
#include "core/compute/kernels.h"
#include "core/db/db.h"
#include "experiments/arms.h"
#include "experiments/study_stored.h"
#include "trainer/decode/machine_rate.h"
#include "trainer/model/memory.h"
#include "trainer/run/build_row.h"
#include "trainer/run/run_row.h"
#include "trainer/run/stop.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double ALPHA = 0.05;

enum { COLUMNS = 24, LABEL = 256 };
static const char *const COLUMN[COLUMNS] = {
    "arm",          "attention",        "context",    "batch",
    "threads",      "outcome",          "latency_ms", "low_ms",
    "high_ms",      "tokens_per_s",     "ratio",      "ratio_low",
    "ratio_high",   "fraction_of_read", "read_gb_s",  "fraction_of_sgemm",
    "sgemm_gflops", "weights_mib",      "cache_mib",  "scratch_mib",
    "peak_mib",     "missing_mib",      "reps",       "kernels",
};

typedef struct bench_arm {
    run_spec spec;
    char label[LABEL];
    model m;
    bool full;                      /* a smaller batch had no room */
    decode_rate cost;               /* of the cell at hand         */
    size_t missing;                 /* bytes; 0: there is room     */
    double *seconds, *read, *sgemm; /* (reps) of a walk; fractions */
    size_t peak;
} bench_arm;

typedef struct cell {
    int threads, T, B;
} cell;

typedef struct bench_run {
    const bench_decode_grid *grid;
    command_call *call;
    int n;
    bench_arm *arm; /* (n) */
    size_t limit;
    threads *pool;
    machine_rate rate;
    double *read, *sgemm; /* (reps) what the machine did in each block of the cell */
    table table;
} bench_run;

static void close_arms(bench_run *r)
{
    for (int i = 0; i < r->n; i++) {
        bench_arm *a = &r->arm[i];
        model_close(&a->m);
        free(a->seconds), free(a->read), free(a->sgemm);
    }
    free(r->arm), free(r->read), free(r->sgemm);
}

static void reserve(bench_arm *a, int reps)
{
    a->seconds = error_zeroed((size_t)reps, sizeof *a->seconds);
    a->read = error_zeroed((size_t)reps, sizeof *a->read);
    a->sgemm = error_zeroed((size_t)reps, sizeof *a->sgemm);
}

static void attention_of(char attention[CONFIG_VALUE], const bench_arm *a)
{
    config_value(attention, CONFIG_VALUE, &a->spec.config, config_find("model.attention"));
}

static bool open_arm(bench_arm *a, const char *attention, const run_spec *base, int reps, error *e)
{
    config settings = base->config;
    char word[ATTN_SPEC + 64], own[CONFIG_VALUE];
    if (attention) {
        snprintf(word, sizeof word, "model.attention=%s", attention);
        if (!config_override(&settings, word, e)) return false;
    }
    reserve(a, reps);
    if (!run_spec_resolve(&a->spec, &settings, e)) return false;
    attention_of(own, a);
    snprintf(a->label, sizeof a->label, "%s", own);
    return model_open(&a->m, &a->spec.model, e);
}

/* The arms of a study; of several that are one configuration, the first. */
static bool open_study(bench_run *r, error *e)
{
    study_file file;
    arms of;
    const bench_decode_grid *g = r->grid;
    if (!study_stored_open(&file, g->study, r->call->db, (char *const *)g->settings, g->n_settings,
                           e))
        return false;
    bool ok = arms_open(&of, &file, e);
    if (ok) r->arm = error_zeroed((size_t)of.n, sizeof *r->arm);
    for (int i = 0; ok && i < of.n; i++) {
        bool same = false;
        for (int j = 0; j < r->n; j++) same = same || !strcmp(r->arm[j].spec.id, of.arm[i].spec.id);
        if (same) continue;
        bench_arm *a = &r->arm[r->n++];
        reserve(a, g->reps);
        a->spec = of.arm[i].spec;
        snprintf(a->label, sizeof a->label, "%s", of.arm[i].label);
        ok = model_open(&a->m, &a->spec.model, e);
    }
    if (ok || of.n) arms_close(&of);
    study_file_close(&file);
    return ok;
}

static bool open_arms(bench_run *r, const run_spec *base, error *e)
{
    const option_texts *list = &r->grid->attention;
    r->read = error_zeroed((size_t)r->grid->reps, sizeof *r->read);
    r->sgemm = error_zeroed((size_t)r->grid->reps, sizeof *r->sgemm);
    if (r->grid->study) return open_study(r, e);
    r->n = list->n > 0 ? list->n : 1;
    r->arm = error_zeroed((size_t)r->n, sizeof *r->arm);
    for (int i = 0; i < r->n; i++)
        if (!open_arm(&r->arm[i], list->n ? list->item[i] : NULL, base, r->grid->reps, e))
            return false;
    return true;
}

/* --- the database ----------------------------------------------------------------------------- */

static bool write_row(db *d, const bench_run *r, const bench_arm *a, const cell *c, int64_t host,
                      int64_t code, int64_t block, int rep, error *e)
{
    const decode_rate *m = &a->cost;
    const bool done = a->missing == 0;
    return db_run(
        d, e,
        "INSERT INTO bench(config_id, host_id, code_id, phase, context, batch, threads,"
        " block, rep, ns, tokens, flops, sgemm_gflops, at_ms, outcome, missing_bytes,"
        " steps, read_bytes, read_gbs, weight_bytes, cache_bytes, scratch_bytes, peak_rss)"
        " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,nullif(?,0),?,?,?,?,?,?,nullif(?,0))",
        "tiitiiiiiiidditiiddiiii", a->spec.id, host, code,
        r->grid->phase == DECODE_STEPS ? "decode" : "prefill", c->T, c->B, c->threads, block, rep,
        done ? (int64_t)(1e9 * m->seconds) : (int64_t)0, done ? m->tokens : (int64_t)0, m->flops,
        1e-9 * r->sgemm[rep], db_now_ms(), done ? "done" : "out-of-memory", (int64_t)a->missing,
        m->steps, m->bytes, 1e-9 * r->read[rep], (int64_t)m->memory.weights,
        (int64_t)m->memory.cache, (int64_t)m->memory.scratch, (int64_t)(done ? m->peak : 0));
}

/* The rows of one block: of every arm that was measured, or of those that had no room. */
static bool record(bench_run *r, const cell *c, bool room, int rep, error *e)
{
    int64_t host, code, block;
    db d;
    if (!db_open(&d, r->call->db, DB_WRITE, e)) return false;
    bool ok = db_begin(&d, e);
    if (ok) {
        ok = build_row_host(&d, &host, e) && build_row_code(&d, &code, e) &&
             db_integer(&d, &block, 0, e, "SELECT 1 + coalesce(max(block), 0) FROM bench", NULL);
        for (int i = 0; ok && i < r->n; i++) {
            const bench_arm *a = &r->arm[i];
            if (a->full || (a->missing == 0) != room) continue;
            ok = run_row_config(&d, &a->spec, e) &&
                 write_row(&d, r, a, c, host, code, block, rep, e);
        }
        if (!ok) db_rollback(&d);
        ok = ok && db_commit(&d, e);
    }
    db_close(&d);
    return ok;
}

/* --- measuring -------------------------------------------------------------------------------- */

static decode_task task_of(const bench_run *r, const bench_arm *a, const cell *c)
{
    return (decode_task){
        .phase = r->grid->phase, .m = &a->m, .B = c->B, .T = c->T, .steps = r->grid->tokens
    };
}

/* What each arm takes, and whether there is room.  Returns how many have. */
static int plan(bench_run *r, const cell *c)
{
    int room = 0;
    for (int i = 0; i < r->n; i++) {
        bench_arm *a = &r->arm[i];
        const decode_task task = task_of(r, a, c);
        decode_rate_plan(&a->cost, &task);
        const size_t total = a->cost.memory.total;
        a->missing = total > r->limit ? total - r->limit : 0;
        a->peak = 0;
        room += !a->full && a->missing == 0;
    }
    return room;
}

static bool measure(bench_run *r, const cell *c, int rep, error *e)
{
    machine_rate_measure(&r->rate);
    r->read[rep] = r->rate.read, r->sgemm[rep] = r->rate.sgemm;
    for (int i = 0; i < r->n; i++) {
        bench_arm *a = &r->arm[i];
        const decode_task task = task_of(r, a, c);
        if (a->full || a->missing) continue;
        if (!decode_rate_measure(&a->cost, &task, r->pool, e)) return false;
        a->seconds[rep] = a->cost.seconds / a->cost.steps;
        a->read[rep] = a->cost.bytes / a->cost.seconds / r->read[rep];
        a->sgemm[rep] = a->cost.flops / a->cost.seconds / r->sgemm[rep];
        if (a->cost.peak > a->peak) a->peak = a->cost.peak;
    }
    return record(r, c, true, rep, e);
}

/* The ratio to the first arm, block by block; NaN where that had no room. */
static median ratio_of(const bench_run *r, const bench_arm *a)
{
    const bench_arm *base = &r->arm[0];
    const int n = r->grid->reps;
    if (base->full || base->missing) return (median){ NAN, NAN, NAN, 0 };
    double *ratio = error_zeroed((size_t)n, sizeof *ratio);
    for (int i = 0; i < n; i++) ratio[i] = a->seconds[i] / base->seconds[i];
    const median m = median_of(ratio, n, ALPHA);
    free(ratio);
    return m;
}

static void print_arm(bench_run *r, const bench_arm *a, const cell *c)
{
    const bool done = a->missing == 0;
    const double MIB = 1 << 20;
    const int n = r->grid->reps;
    median s = { NAN, NAN, NAN, 0 }, ratio = s, read = s, sgemm = s;
    char attention[CONFIG_VALUE];
    if (done) {
        s = median_of(a->seconds, n, ALPHA), ratio = ratio_of(r, a);
        read = median_of(a->read, n, ALPHA), sgemm = median_of(a->sgemm, n, ALPHA);
    }
    table *t = &r->table;
    attention_of(attention, a);
    table_text(t, a->label), table_text(t, attention), table_int(t, c->T), table_int(t, c->B),
        table_int(t, c->threads);
    table_text(t, done ? "done" : "out-of-memory");
    table_real(t, 1e3 * s.x, 3), table_real(t, 1e3 * s.low, 3), table_real(t, 1e3 * s.high, 3);
    table_real(t, (double)a->cost.tokens / a->cost.steps / s.x, 1);
    table_real(t, ratio.x, 3), table_real(t, ratio.low, 3), table_real(t, ratio.high, 3);
    table_real(t, read.x, 3), table_real(t, done ? 1e-9 * median_of(r->read, n, ALPHA).x : NAN, 1);
    table_real(t, sgemm.x, 3),
        table_real(t, done ? 1e-9 * median_of(r->sgemm, n, ALPHA).x : NAN, 1);
    table_real(t, (double)a->cost.memory.weights / MIB, 1);
    table_real(t, (double)a->cost.memory.cache / MIB, 1);
    table_real(t, (double)a->cost.memory.scratch / MIB, 1);
    table_real(t, done && a->peak ? (double)a->peak / MIB : NAN, 1);
    table_real(t, done ? NAN : (double)a->missing / MIB, 1);
    table_int(t, done ? n : 0), table_text(t, kernels_name());
}

/* One cell.  *room is false if no arm has room for it. */
static bool run_cell(bench_run *r, const cell *c, bool *room, error *e)
{
    *room = plan(r, c) > 0;
    if (!record(r, c, false, 0, e)) return false; /* those without room */
    for (int rep = 0; *room && rep < r->grid->reps; rep++) {
        if (stop_signal()) return error_set(e, "stopped by a signal; what was measured is stored");
        if (!measure(r, c, rep, e)) return false;
    }
    if (!r->call->quiet)
        fprintf(stderr, "attnlab: context %d, batch %d, threads %d: %s\n", c->T, c->B, c->threads,
                *room ? "measured" : "no room");
    for (int i = 0; i < r->n; i++) {
        bench_arm *a = &r->arm[i];
        if (a->full) continue;
        print_arm(r, a, c);
        a->full = a->missing > 0;
    }
    return true;
}

static bool run_batches(bench_run *r, int n_threads, int T, error *e)
{
    const option_numbers *list = &r->grid->batch;
    bool room = true;
    for (int i = 0; i < r->n; i++) r->arm[i].full = false;
    for (int i = 0; i < list->n; i++) {
        const cell c = { n_threads, T, (int)list->item[i] };
        for (int j = 0; j < r->n; j++) r->arm[j].full = false;
        if (!run_cell(r, &c, &room, e)) return false;
    }
    for (int64_t B = 1; list->n == 0 && room && B <= r->grid->max_batch; B *= 2) {
        const cell c = { n_threads, T, (int)B };
        if (!run_cell(r, &c, &room, e)) return false;
    }
    return true;
}

static bool run_contexts(bench_run *r, int n_threads, int context, error *e)
{
    const option_numbers *list = &r->grid->context;
    const size_t there = memory_available();
    const size_t asked = r->grid->memory == OPTION_UNSET ? there : (size_t)r->grid->memory;
    if (!threads_open(&r->pool, n_threads, e)) return false;
    bool ok = machine_rate_open(&r->rate, r->pool, e);
    const size_t left = memory_available();
    r->limit = asked < left ? asked : left;
    for (int i = 0; ok && i < (list->n ? list->n : 1); i++)
        ok = run_batches(r, n_threads, list->n ? (int)list->item[i] : context, e);
    machine_rate_close(&r->rate);
    threads_close(r->pool);
    return ok;
}

static bool check_grid(const bench_decode_grid *grid, int context, error *e)
{
    for (int i = 0; i < (grid->context.n ? grid->context.n : 1); i++) {
        const int T = grid->context.n ? (int)grid->context.item[i] : context;
        if (grid->phase == DECODE_STEPS && grid->tokens >= T)
            return error_usage(e,
                               "--tokens: %d tokens and one before them don't fit into a context "
                               "of %d",
                               grid->tokens, T);
    }
    return true;
}

int bench_decode(command_call *call, const bench_decode_grid *grid, const run_spec *base)
{
    bench_run r = { .grid = grid, .call = call };
    const config *settings = &base->config;
    const int own =
        settings->train.threads > 0 ? (int)settings->train.threads : threads_available();
    error e;
    bool ok = open_arms(&r, base, &e) &&
              check_grid(grid, grid->study ? r.arm[0].m.config.T : base->model.T, &e);
    if (ok) {
        stop_watch();
        command_rows(call);
        table_open(&r.table, command_format(call), stdout, COLUMNS, COLUMN);
        const int T = grid->study ? r.arm[0].m.config.T : base->model.T;
        for (int i = 0; ok && i < (grid->threads.n ? grid->threads.n : 1); i++)
            ok = run_contexts(&r, grid->threads.n ? (int)grid->threads.item[i] : own, T, &e);
        table_close(&r.table);
    }
    close_arms(&r);
    if (ok) return STATUS_DONE;
    command_fail(call, &e);
    return stop_signal() ? STATUS_PREEMPTED : e.status;
}
