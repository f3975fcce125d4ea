/* sweep.c - attnlab sweep STUDY [key=value...] */
#define _DEFAULT_SOURCE
#include "cli/sweep.h"

#include "cli/blocks.h"
#include "cli/tune.h"
#include "experiments/plan_lines.h"
#include "experiments/plan_table.h"
#include "experiments/schedule.h"
#include "experiments/source_runs.h"
#include "experiments/study_stored.h"

#include "core/compute/threads.h"
#include "trainer/config/recipe.h"
#include "trainer/model/batch.h"
#include "trainer/model/memory.h"
#include "trainer/model/weights.h"
#include "trainer/run/progress.h"
#include "trainer/run/run_folder.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct options {
    int64_t jobs, threads; /* OPTION_UNSET: not given */
    int64_t plan_form;     /* of plan_forms; OPTION_UNSET: not asked for */
    bool dry_run, with_sources;
    const char *shard, *only;
} options;

// clang-format off
static const option OPTIONS[] = {
    { "jobs",    'j', OPTION_INTEGER, "N",  offsetof(options, jobs),    "runs at a time", "(as many as processors)", 1, 1024 },
    { "threads", 't', OPTION_INTEGER, "N",  offsetof(options, threads), "threads of each run", "(the processors, shared by the runs)", 1, 1024 },
    { "dry-run", 0,   OPTION_FLAG,    NULL, offsetof(options, dry_run), "only show every run, its cost and its state" },
    { "with-sources", 0, OPTION_FLAG, NULL, offsetof(options, with_sources), "first run what is missing of the studies that this one starts from" },
    { "shard",   0,   OPTION_TEXT,    "K/N", offsetof(options, shard),  "only the runs of shard K of N, for N machines" },
    { "export-plan", 0, OPTION_CHOICE, "FORM", offsetof(options, plan_form), "only print a line for each run, for a launcher", NULL, 0, 0, plan_lines_forms },
    { "only",    0,   OPTION_TEXT,    "CELL", offsetof(options, only),  "only the run that a line of --export-plan names" },
    { 0 },
};
// clang-format on

/* Bytes of the largest arm's run; fails where even one does not fit. */
static bool estimate(size_t *bytes, const arms *r, int n_threads, error *e)
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

static int count_finished(const plan *p)
{
    int n = 0;
    for (int i = 0; i < p->n; i++) n += run_status_final(p->cell[i].run.status);
    return n;
}

/* Does train.init_from fit the model of every arm? */
static bool check_weights(const arms *r, error *e)
{
    for (int i = 0; i < r->n; i++)
        if (!weights_check(&r->arm[i].spec, e)) return error_where(e, "arm '%s'", r->arm[i].label);
    return true;
}

/* Say it if an arm leaves much of the training text out because spans are long. */
static void note_unread(command_call *call, const study_file *s, const arms *r)
{
    for (int i = 0; i < r->n; i++) {
        const run_spec *spec = &r->arm[i].spec;
        const int64_t text = spec->corpus.train_tokens, span = spec->config.data.span;
        const double unread = 100 * (double)(text - batch_epoch(text, span)) / (double)text;
        if (text == 0 || unread < 10) continue;
        command_note(call, NOTE_WARNING,
                     "%s: %.0f %% of the training text is never read: its last %lld tokens are "
                     "less than data.span=%lld (arm '%s')",
                     s->name, unread, (long long)(text - batch_epoch(text, span)), (long long)span,
                     r->arm[i].label);
        return;
    }
}

/* How the machine is shared: runs side by side, one thread each, are faster than one run with all
 * threads, as long as there are runs, and memory for them. */
static bool share(schedule *how, command_call *call, int64_t jobs, const arms *r, const plan *p,
                  error *e)
{
    const int processors = threads_available(), given = (int)r->arm[0].spec.config.train.threads;
    const int wanted = jobs != OPTION_UNSET ? (int)jobs : given ? processors / given : processors;
    size_t largest;
    const int pending = p->n - count_finished(p);
    how->jobs = wanted < pending ? wanted : pending;
    if (how->jobs < 1) how->jobs = 1;
    how->threads = given ? given : processors / how->jobs;
    if (how->threads < 1) how->threads = 1;
    if (!estimate(&largest, r, how->threads, e)) return false;
    const size_t fit = memory_available() / largest;
    if (fit >= (size_t)how->jobs) return true;
    how->jobs = fit > 0 ? (int)fit : 1;
    command_note(call, NOTE_INFO, "Memory suffices for %d run%s at a time.", how->jobs,
                 how->jobs == 1 ? "" : "s");
    return true;
}

/* Say it if the study's own values replace those of its recipe. */
static void note_recipe(command_call *call, const study_file *s)
{
    char *replaced = recipe_replaced(&s->base);
    if (replaced)
        command_note(call, NOTE_WARNING,
                     "%s: values that the study or the command line gives replace those of the "
                     "recipe %s: %s",
                     s->name, s->base.recipe, replaced);
    free(replaced);
}

enum { SUMMARY = STUDY_NAME + 256 };

/* "NAME: 3 arms, 6 seeds; 4 of 18 runs recorded; 2 at a time with 1 thread each".  `rest` says what
 * the others take; if there are none, the line ends before it. */
static void sum_up(char text[SUMMARY], const study_file *s, const arms *r, const plan *p,
                   const schedule *how, const char *rest)
{
    const int finished = count_finished(p);
    char shard[48] = "";
    if (s->shards) snprintf(shard, sizeof shard, "shard %d of %d: ", s->shard, s->shards);
    const size_t used =
        (size_t)snprintf(text, SUMMARY, "%s: %d arm%s, %s%d seed%s; %s%d of %d runs recorded",
                         s->name, r->n, r->n == 1 ? "" : "s", s->start ? "at most " : "", s->seeds,
                         s->seeds == 1 ? "" : "s", shard, finished, p->n);
    if (finished < p->n)
        snprintf(text + used, SUMMARY - used, "; %s%d at a time with %d thread%s each", rest,
                 how->jobs, how->threads, how->threads == 1 ? "" : "s");
}

/* The cells that the database, if there is one, knows; *record is NULL without one.  Close both. */
static bool look(plan *p, db *d, db **record, const command_call *call, const study_file *s,
                 arms *r, error *e)
{
    *record = NULL;
    if (access(call->db, F_OK) == 0 || errno != ENOENT) {
        if (!db_open(d, call->db, DB_READ, e)) return false;
        *record = d;
    }
    if ((!*record || blocks_recall(r, s, d, e)) && plan_look(p, *record, r, s, e)) return true;
    if (*record) db_close(d);
    return false;
}

static int export_plan(command_call *call, const options *o, const study_file *s, arms *r, error *e)
{
    db d, *record;
    plan p;
    if (!look(&p, &d, &record, call, s, r, e)) return e->status;
    const plan_lines lines = { .form = (plan_lines_form)o->plan_form,
                               .study = call->argument[0],
                               .setting = call->argument + 1,
                               .settings = call->arguments - 1,
                               .db = strcmp(call->db, db_default_path()) == 0 ? NULL : call->db };
    const int n = plan_lines_print(stdout, &p, s, &lines);
    command_note(call, NOTE_INFO, "%s: %d of %d runs to do", s->name, n, p.n);
    plan_close(&p);
    if (record) db_close(record);
    return STATUS_DONE;
}

int sweep_dry_run(command_call *call, int64_t jobs, const study_file *s, arms *r, error *e)
{
    db d, *record;
    plan p;
    schedule how = { 0 };
    if (!look(&p, &d, &record, call, s, r, e)) return e->status;
    double *seconds = error_zeroed((size_t)r->n, sizeof *seconds);
    const bool ok =
        share(&how, call, jobs, r, &p, e) && plan_table_measure(seconds, r, &p, how.threads, e);
    if (ok) {
        char time[32], rest[64], summary[SUMMARY];
        if (table_for_people(command_format(call))) {
            printf("Design: %s, %s.\n\n", s->design->name, s->design->help);
            plan_table_arms(r, command_format(call));
            putchar('\n');
        }
        command_rows(call);
        plan_table_print(&p, r, seconds, command_format(call));
        progress_time(time, sizeof time, plan_table_left(&p, r, seconds, how.jobs));
        snprintf(rest, sizeof rest, "the others take about %s, ", time);
        sum_up(summary, s, r, &p, &how, rest);
        command_note(call, NOTE_INFO, "%s", summary);
        if (s->match == MATCH_LLAMA2)
            command_note(call, NOTE_INFO,
                         "%s: ffn_dim by Llama 2's printed factors (1.33 and 1.3), which is no "
                         "exact match: see residual_percent",
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
    fprintf(stderr,
            "%s: %d done, %d diverged, %d failed, %d to be resumed, %d run by other processes\n",
            name, end->done, end->diverged, end->failed, end->preempted, end->elsewhere);
}

/* Plan what is known to be needed, and run what is missing of it.  A block of seeds that is
 * complete is passed over in silence; *ran says whether it was not. */
static int run_block(command_call *call, bool *ran, schedule *how, int64_t jobs,
                     const study_file *s, const arms *r, db *d, error *e)
{
    plan p = { 0 };
    int status = STATUS_FAILED;
    if (!plan_write(&p, d, r, s, call->again, call->accept, e)) return e->status;
    if (p.dropped)
        fprintf(stderr, "%s: %lld arm%s no longer in the study; the database keeps %s runs\n",
                s->name, (long long)p.dropped, p.dropped == 1 ? " is" : "s are",
                p.dropped == 1 ? "its" : "their");
    *ran = !s->start || count_finished(&p) < p.n;
    if (!*ran)
        status = STATUS_DONE;
    else if (share(how, call, jobs, r, &p, e)) {
        schedule_end end;
        char summary[SUMMARY];
        sum_up(summary, s, r, &p, how, "");
        fprintf(stderr, "%s\n", summary);
        status = schedule_run(&p, &end, d, how, e);
        report(&p, &end, d, s->name);
        if (status == STATUS_FAILED && end.failed > 0 && !end.full)
            error_set(e, "%d of %d runs not done", p.n - end.done - end.diverged, p.n);
    } else
        status = e->status;
    plan_close(&p);
    return status;
}

int sweep_run(command_call *call, int64_t jobs, const study_file *s, arms *r, error *e)
{
    static const char *const COMMAND[] = { "attnlab", "train", NULL };
    db d;
    schedule how = { .program = "/proc/self/exe",
                     .command = COMMAND,
                     .accept = call->accept,
                     .allow_mixed = call->allow_mixed,
                     .name = s->name };
    size_t bytes;             /* with one thread, before anything is written */
    signal(SIGPIPE, SIG_IGN); /* nobody need listen to the progress  */
    signal(SIGXFSZ, SIG_IGN); /* a file too large is a failed write */
    if (!estimate(&bytes, r, 1, e) || !db_open(&d, call->db, DB_WRITE, e)) return e->status;
    d.patience_ms = DB_LONG_PATIENCE_MS;
    int status;
    bool grew = false, ran = false;
    do {
        status = run_block(call, &ran, &how, jobs, s, r, &d, e);
        if (status == STATUS_DONE && !blocks_grow(&grew, r, s, &d, ran, e)) status = e->status;
    } while (status == STATUS_DONE && grew);
    db_tidy(&d);
    db_close(&d);
    return status;
}

/* "3/8" */
static bool read_shard(study_file *s, const char *text, error *e)
{
    enum { MOST = 1000000 };
    int end = 0;
    if (!text) return true;
    if (sscanf(text, "%9d/%9d%n", &s->shard, &s->shards, &end) == 2 && !text[end] &&
        s->shard >= 1 && s->shard <= s->shards && s->shards <= MOST)
        return true;
    return error_usage(e, "--shard %s: write K/N with 1 <= K <= N, such as 3/8", text);
}

/* Tune the arms if the study says so, then run it or show it. */
static int tune_and_run(command_call *call, const options *o, const study_file *s, arms *r,
                        error *e)
{
    if (s->tune.key && (s->shards || o->plan_form != OPTION_UNSET))
        return error_usage(
                   e,
                   "sweep.tune: a machine that has only some of the runs can't tune an arm; "
                   "run the study on one machine, or write each arm's %s into an axis",
                   s->tune.key->name),
               STATUS_USAGE;
    if (s->start && s->shards)
        return error_usage(e,
                           "--shard: a machine that has only some of the runs can't decide how "
                           "many seeds are needed; write sweep.seeds=%d for all of them",
                           s->seeds),
               STATUS_USAGE;
    if (s->tune.key) {
        bool pending;
        const int status = tune_arms(call, o->jobs, o->dry_run, &pending, s, r, e);
        if (status != STATUS_DONE) return status;
        if (pending)
            command_note(
                call, NOTE_INFO,
                "%s: these are the runs that tune %s; then %d arms x %d seeds follow, each "
                "arm at its own best value.",
                s->name, s->tune.key->name, r->n, s->seeds);
        if (pending) return STATUS_DONE;
    }
    if (o->plan_form != OPTION_UNSET) return export_plan(call, o, s, r, e);
    return o->dry_run ? sweep_dry_run(call, o->jobs, s, r, e) : sweep_run(call, o->jobs, s, r, e);
}

/* Run, refuse or mention what is missing of one source study; its own sources come first. */
static int run_source_study(command_call *call, const options *o, const study_file *s,
                            const arms *r, source *from, error *e);

static int run_sources(command_call *call, const options *o, const study_file *s, const arms *r,
                       error *e)
{
    int status = STATUS_DONE;
    for (source *x = r->sources; x && status == STATUS_DONE; x = x->next)
        if (x->arms.n) status = run_source_study(call, o, s, r, x, e);
    return status;
}

static int run_source_study(command_call *call, const options *o, const study_file *s,
                            const arms *r, source *from, error *e)
{
    db d, *there = NULL;
    source_runs n;
    if (access(call->db, F_OK) == 0 || errno != ENOENT) {
        if (!db_open(&d, call->db, DB_READ, e)) return e->status;
        there = &d;
    }
    const bool ok = source_runs_count(&n, from, there, r, s, e);
    if (there) db_close(there);
    if (!ok) return e->status;
    if (n.outdated && !call->accept && !call->again) {
        error_set(e,
                  "%s: %d of the %d runs of '%s' that it starts from are outdated: other code made "
                  "them (first: %s); --again trains them again, --accept takes them",
                  s->name, n.outdated, n.needed, from->name, n.first);
        return e->status;
    }
    if (!n.missing && !(n.outdated && call->again)) return STATUS_DONE;
    if (!o->with_sources && !o->dry_run) {
        error_set(e,
                  "%s: %d of the %d runs of '%s' that it starts from are missing (first: %s); "
                  "--with-sources runs them first",
                  s->name, n.missing, n.needed, from->name, n.first);
        return e->status;
    }
    if (o->dry_run) {
        command_note(call, NOTE_INFO,
                     "%s: %d of the %d runs of '%s' that it starts from are missing", s->name,
                     n.missing, n.needed, from->name);
        return run_sources(call, o, &from->study, &from->arms, e);
    }
    const int status = run_sources(call, o, &from->study, &from->arms, e);
    return status == STATUS_DONE ? sweep_run(call, o->jobs, &from->study, &from->arms, e) : status;
}

static int run(command_call *call, const void *given)
{
    const options *o = given;
    study_file s;
    arms r;
    error e;
    if (!study_stored_open(&s, call->argument[0], call->db, (char *const *)call->argument + 1,
                           call->arguments - 1, &e))
        return command_fail(call, &e);
    int status;
    s.only = o->only;
    if (o->threads != OPTION_UNSET) s.base.train.threads = o->threads;
    command_elsewhere(call, &s.base);
    if (!read_shard(&s, o->shard, &e) || !arms_open(&r, &s, &e))
        status = e.status;
    else {
        note_unread(call, &s, &r), note_recipe(call, &s);
        status = check_weights(&r, &e) ? run_sources(call, o, &s, &r, &e) : e.status;
        if (status == STATUS_DONE) status = tune_and_run(call, o, &s, &r, &e);
        arms_close(&r);
    }
    study_file_close(&s);
    if (status != STATUS_DONE) command_fail(call, &e);
    return status;
}

const command command_sweep = {
    .name = "sweep",
    .group = COMMAND_TRAIN,
    .help = "a study: plan, match, run what is missing",
    .arguments = "STUDY [KEY=VALUE...]",
    .summary = "Plan a study, match its arms, and run what is not recorded yet. The same command "
               "resumes a study that was cut off.",
    .text =
        "STUDY is a file, a folder with a study.yaml in it, or the name of a study in the "
        "database, which means the newest version of its file and settings. A setting "
        "KEY=VALUE replaces a value of the file; the axes and their values are set with "
        "sweep.axes.\n\n"
        "--shard K/N runs every run whose shard is K, by the hash of what it is, so a run stays in "
        "its shard when arms or seeds are added. Each machine has a database of its own; `attnlab "
        "merge` joins them.\n\n"
        "--export-plan shell prints a command for each run that is not recorded as done, and jsonl "
        "an object for every run, with its state and its command. A line may run anywhere.\n\n"
        "--with-sources first runs what is missing of the studies that this one starts from "
        "(train.init_from: study:NAME/ARM).\n\n"
        "--output is the format of --dry-run.\n\n"
        "Exit status: 0 every run is done or diverged, 1 a run failed, 2 a wrong study, 5 "
        "stopped by a signal.",
    .shared = SHARED_DB | SHARED_OUTPUT | SHARED_AGAIN | SHARED_ACCEPT | SHARED_ALLOW_MIXED,
    .options = OPTIONS,
    .size = sizeof(options),
    .run = run,
};
