/* sweep.c - attnlab sweep STUDY [key=value...] */
#define _DEFAULT_SOURCE
#include "cli/verbs.h"
#include "experiments/plan_table.h"
#include "experiments/schedule.h"

#include "core/compute/threads.h"
#include "trainer/model/memory.h"
#include "trainer/run/progress.h"
#include "trainer/run/run_folder.h"

#include <argp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DB = 'd', DRY_RUN = 256, AGAIN, ACCEPT };

typedef struct arguments {
    const char *study, *db;
    char **setting;
    int settings, jobs; /* jobs 0: not said */
    bool dry_run, again, accept;
    table_format format;
} arguments;

static const struct argp_option OPTIONS[] = {
    { "jobs", 'j', "N", 0, "runs at a time [as many as processors]", 0 },
    { "dry-run", DRY_RUN, NULL, 0, "only show every run, its costs and its state", 0 },
    { "db", DB, "FILE", 0, "the record [ATTNLAB_DB, or attnlab.db]", 0 },
    { "again", AGAIN, NULL, 0, "train anew what other code recorded, as a new generation", 0 },
    { "accept", ACCEPT, NULL, 0, "take what other code recorded as it is", 0 },
    { "output", 'o', "FORMAT", 0, "of --dry-run: table (default), md, csv, json or jsonl", 0 },
    { 0 },
};

static error_t parse(int key, char *value, struct argp_state *state)
{
    arguments *a = state->input;
    char *end;
    error e;
    switch (key) {
    case 'j':
        a->jobs = (int)strtol(value, &end, 10);
        if (*end || a->jobs < 1 || a->jobs > 1024)
            argp_error(state, "-j: '%s' is not a number of runs", value);
        return 0;
    case 'o':
        if (!table_format_parse(&a->format, value, &e)) argp_error(state, "%s", e.msg);
        return 0;
    case DB:
        a->db = value;
        return 0;
    case DRY_RUN:
        a->dry_run = true;
        return 0;
    case AGAIN:
        a->again = true;
        return 0;
    case ACCEPT:
        a->accept = true;
        return 0;
    case ARGP_KEY_ARG:
        if (a->study) return ARGP_ERR_UNKNOWN; /* the rest comes as ARGP_KEY_ARGS */
        a->study = value;
        return 0;
    case ARGP_KEY_ARGS:
        a->setting = state->argv + state->next;
        a->settings = state->argc - state->next;
        return 0;
    case ARGP_KEY_END:
        if (!a->study) argp_error(state, "a study is wanted");
        if (a->again && a->accept) argp_error(state, "--again and --accept exclude each other");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp ARGP = {
    .options = OPTIONS,
    .parser = parse,
    .args_doc = "STUDY [KEY=VALUE...]",
    .doc = "Plan a study, match its arms, and run what is not recorded yet; the same command goes "
           "on where it was cut off.  STUDY is a file, a folder with a study.yaml in it, or the "
           "name of a recorded study.\v"
           "Exit status: 0 every run is done or diverged, 1 one failed, 2 a wrong study, 5 stopped "
           "by a signal.",
};

/* Bytes of the largest arm's run; fails where even one does not fit. */
static bool weigh(size_t *bytes, const arms *r, int n_threads, error *e)
{
    *bytes = 1;
    for (int i = 0; i < r->n; i++) {
        memory m;
        if (!memory_estimate(&m, &r->arm[i].spec, n_threads, e) || !memory_check(&m, n_threads, e))
            return error_where(e, "arm '%s'", r->arm[i].label);
        if (m.total > *bytes) *bytes = m.total;
    }
    return true;
}

/* How the machine is shared: runs side by side, one thread each, are faster than one run with all
 * threads, as long as there are runs, and memory for them. */
static bool share(schedule *how, const arguments *a, const arms *r, const plan *p, error *e)
{
    const int processors = threads_available(), given = (int)r->arm[0].spec.config.train.threads;
    const int wanted = a->jobs ? a->jobs : given ? processors / given : processors;
    int pending = 0;
    size_t largest;
    for (int i = 0; i < p->n; i++) pending += !run_status_final(p->cell[i].run.status);
    how->jobs = wanted < pending ? wanted : pending;
    if (how->jobs < 1) how->jobs = 1;
    how->threads = given ? given : processors / how->jobs;
    if (how->threads < 1) how->threads = 1;
    if (!weigh(&largest, r, how->threads, e)) return false;
    const size_t fit = memory_available() / largest;
    if (fit >= (size_t)how->jobs) return true;
    how->jobs = fit > 0 ? (int)fit : 1;
    fprintf(stderr, "attnlab sweep: there is memory for %d at a time\n", how->jobs);
    return true;
}

static int dry_run(const arguments *a, const study_file *s, const arms *r, error *e)
{
    db d, *record = NULL;
    plan p = { 0 };
    schedule how = { 0 };
    double *seconds = calloc((size_t)r->n, sizeof *seconds);
    if (access(a->db, F_OK) == 0) {
        if (!db_open(&d, a->db, DB_READ, e)) {
            free(seconds);
            return e->status;
        }
        record = &d;
    }
    bool ok = seconds || error_set(e, "out of memory");
    ok = ok && plan_look(&p, record, r, s, e) && share(&how, a, r, &p, e) &&
         plan_table_measure(seconds, r, &p, how.threads, e);
    if (ok) {
        char time[32];
        int finished = 0;
        for (int i = 0; i < p.n; i++) finished += run_status_final(p.cell[i].run.status);
        plan_table_print(&p, r, seconds, a->format);
        progress_time(time, sizeof time, plan_table_left(&p, r, seconds, how.jobs));
        fprintf(stderr,
                "%s: %d arms, %d seed%s; %d of %d runs recorded; the others take about %s, %d at a "
                "time with %d thread%s each\n",
                s->name, r->n, s->seeds, s->seeds == 1 ? "" : "s", finished, p.n, time, how.jobs,
                how.threads, how.threads == 1 ? "" : "s");
        if (s->match == MATCH_LLAMA2)
            fprintf(stderr,
                    "%s: ffn_dim by Llama 2's printed factors (1.33 and 1.3), which is no "
                    "exact match: see residual_percent\n",
                    s->name);
    }
    plan_close(&p);
    if (record) db_close(record);
    free(seconds);
    return ok ? STATUS_DONE : e->status;
}

/* What did not end well, each with where to read more. */
static void report(const plan *p, const schedule_end *end, const db *d, const char *name)
{
    for (int i = 0; i < p->n; i++) {
        const run_row *r = &p->cell[i].run;
        const bool failed = r->status == RUN_FAILED;
        if (!failed && r->status != RUN_DIVERGED) continue;
        char *log = run_folder_path(d, r->uid, "log");
        fprintf(stderr, "%s: %s, seed %d (run %s): %s%s; log: %s\n", name, p->cell[i].arm->label,
                p->cell[i].seed, r->uid, failed ? "failed: " : "", r->message, log);
        free(log);
    }
    fprintf(stderr, "%s: %d done, %d diverged, %d failed, %d to be resumed, %d in other hands\n",
            name, end->done, end->diverged, end->failed, end->preempted, end->elsewhere);
}

static int run(const arguments *a, const study_file *s, const arms *r, error *e)
{
    static const char *const COMMAND[] = { "attnlab", "train", NULL };
    db d;
    plan p = { 0 };
    schedule how = {
        .program = "/proc/self/exe", .command = COMMAND, .accept = a->accept, .name = s->name
    };
    size_t bytes;             /* with one thread, before anything is written */
    signal(SIGPIPE, SIG_IGN); /* nobody need listen to the progress  */
    signal(SIGXFSZ, SIG_IGN); /* a file too large is a failed write */
    if (!weigh(&bytes, r, 1, e) || !db_open(&d, a->db, DB_WRITE, e)) return e->status;
    int status = STATUS_FAILED;
    if (plan_write(&p, &d, r, s, a->again, a->accept, e) && share(&how, a, r, &p, e)) {
        schedule_end end;
        int finished = 0;
        for (int i = 0; i < p.n; i++) finished += run_status_final(p.cell[i].run.status);
        fprintf(
            stderr,
            "%s: %d arms, %d seed%s; %d of %d runs recorded; %d at a time with %d thread%s each\n",
            s->name, r->n, s->seeds, s->seeds == 1 ? "" : "s", finished, p.n, how.jobs, how.threads,
            how.threads == 1 ? "" : "s");
        status = schedule_run(&p, &end, &d, &how, e);
        report(&p, &end, &d, s->name);
        if (status == STATUS_FAILED && end.failed > 0)
            error_set(e, "%d of %d runs not done", p.n - end.done - end.diverged, p.n);
    } else
        status = e->status;
    plan_close(&p);
    db_tidy(&d);
    db_close(&d);
    return status;
}

int sweep_verb(int argc, char **argv)
{
    arguments a = { .db = db_default_path() };
    study_file s;
    arms r;
    error e;
    argp_parse(&ARGP, argc, argv, 0, NULL, &a);
    int status;
    if (!study_file_open(&s, a.study, a.db, a.setting, a.settings, &e))
        status = e.status;
    else {
        if (!arms_open(&r, &s, &e))
            status = e.status;
        else {
            status = a.dry_run ? dry_run(&a, &s, &r, &e) : run(&a, &s, &r, &e);
            arms_close(&r);
        }
        study_file_close(&s);
    }
    if (status != STATUS_DONE) fprintf(stderr, "attnlab sweep: %s\n", e.msg);
    return status;
}
