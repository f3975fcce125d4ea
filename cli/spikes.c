/* spikes.c - attnlab spikes STUDY: loss spikes by arm, and whether one arm has fewer. */
#include "analysis/answers/spikes.h"
#include "cli/command.h"
#include "cli/look.h"

#include <math.h>

typedef struct options {
    int64_t window, gap;
    double height;
    bool list;
} options;

// clang-format off
#define AT(field) offsetof(options, field)
static const option OPTIONS[] = {
    { "window", 0, OPTION_INTEGER, "STEPS", AT(window), "compare a step with this many before it", "100", 4, 1e6 },
    { "height", 0, OPTION_REAL,    "K",     AT(height), "a spike stands K robust standard deviations above", "7", 1e-3, 1e6 },
    { "gap",    0, OPTION_INTEGER, "STEPS", AT(gap),    "spikes with fewer steps in between are one", "10", 1, 1e6 },
    { "list",   0, OPTION_FLAG,    NULL,    AT(list),   "list each spike: run, seed, step, height" },
    { 0 },
};
// clang-format on

static const spikes_run *run_at(const spikes *k, int arm, int seed)
{
    return &k->run[arm * k->study->seeds + seed];
}

/* An arm's runs together. */
typedef struct total {
    int runs, spikes, with;
    double watched, worst;
} total;

static total total_of(const spikes *k, int arm)
{
    total t = { 0 };
    for (int i = 0; i < k->study->seeds; i++) {
        const spikes_run *r = run_at(k, arm, i);
        if (!r->known) continue;
        t.runs++, t.spikes += r->spikes, t.with += r->spikes > 0;
        t.watched += r->watched, t.worst = fmax(t.worst, r->worst);
    }
    return t;
}

static const char *verdict_of(const spikes_contrast *c, double alpha)
{
    if (isnan(c->p)) return NULL;
    if (c->p_adjusted > alpha) return "undecided";
    return c->ratio > 1 ? "more" : "fewer";
}

static void print_rows(const spikes *k, table_format f)
{
    const study *s = k->study;
    table t;
    table_open(&t, f, stdout, 12,
               (const char *[]){ "arm", "runs", "diverged", "steps_watched", "spikes",
                                 "per_1000_steps", "runs_with_spikes", "largest", "base", "ratio",
                                 "p_adjusted", "verdict" });
    for (int a = 0; a < s->arms; a++) {
        const total all = total_of(k, a);
        const spikes_contrast *c = NULL;
        for (int i = 0; i < k->contrasts; i++)
            if (k->row[i].arm == a) c = &k->row[i];
        table_text(&t, s->arm[a].label), table_int(&t, all.runs), table_int(&t, s->arm[a].diverged);
        table_real(&t, all.watched, 0), table_int(&t, all.spikes);
        table_real(&t, all.watched > 0 ? 1000 * all.spikes / all.watched : NAN, 3);
        table_int(&t, all.with), table_real(&t, all.worst > 0 ? all.worst : NAN, 1);
        table_text(&t, c ? s->arm[c->base].label : NULL);
        table_real(&t, c && isfinite(c->ratio) ? c->ratio : NAN, 2);
        table_probability(&t, c ? c->p_adjusted : NAN);
        table_text(&t, c ? verdict_of(c, s->alpha) : NULL);
    }
    table_close(&t);
}

static void print_list(const spikes *k, table_format f)
{
    const study *s = k->study;
    table t;
    table_open(
        &t, f, stdout, 8,
        (const char *[]){ "arm", "seed", "run", "step", "tokens", "loss", "height", "steps" });
    for (int a = 0; a < s->arms; a++)
        for (int i = 0; i < s->seeds; i++) {
            const spikes_run *r = run_at(k, a, i);
            for (int n = 0; n < r->spikes; n++) {
                table_text(&t, s->arm[a].label), table_int(&t, s->seed[i]);
                table_text(&t, study_at(s, a, i)->uid), table_int(&t, r->step[n]);
                table_int(&t, r->tokens[n]), table_real(&t, r->spike[n].peak, 3);
                table_real(&t, r->spike[n].height, 1), table_int(&t, r->spike[n].steps);
            }
        }
    table_close(&t);
}

/* Seeds from which on the smallest p, 2 / 2^n in each of the contrasts, reaches alpha. */
static int seeds_needed(const spikes *k)
{
    int n = 1;
    while (n < 60 && k->contrasts * 2 / pow(2, n) > k->study->alpha) n++;
    return n;
}

static void put_notes(command_call *call, const spikes *k)
{
    bool any = false;
    int seeds = 0;
    for (int i = 0; i < k->contrasts; i++) {
        any = any || !isnan(k->row[i].p);
        if (k->row[i].n > seeds) seeds = k->row[i].n;
    }
    notes list = { 0 };
    notes_add(
        &list, NOTE_INFO,
        "A spike is a training loss more than %g robust standard deviations (1.4826 MAD) above "
        "the median of the %d steps before it; spikes with fewer than %d step%s in between are "
        "one. The first %d steps are not watched.",
        k->rule.height, k->rule.window, k->rule.gap, k->rule.gap == 1 ? "" : "s",
        k->rule.window / 2);
    if (any)
        notes_add(&list, NOTE_INFO,
                  "Test: exact sign-flips of the differences of counts, paired by seed, Bonferroni "
                  "over %d contrast%s. Runs are the units, because spikes come in bursts. The "
                  "ratio is of spikes per step. A run that diverged is counted separately, not as "
                  "a spike.",
                  k->contrasts, k->contrasts == 1 ? "" : "s");
    if (any && seeds < seeds_needed(k))
        notes_add(&list, NOTE_INFO,
                  "With %d seed%s no arm can be called different: that takes %d seeds or more.",
                  seeds, seeds == 1 ? "" : "s", seeds_needed(k));
    if (command_prose(call)) putchar('\n');
    command_remarks(call, &list);
}

static int run(command_call *call, const void *given)
{
    const options *o = given;
    const spike_rule rule = { .window = (int)o->window, .height = o->height, .gap = (int)o->gap };
    error e;
    db d;
    study s;
    spikes k;
    if (!look_study(&d, &s, call, &e)) return command_fail(call, &e);
    const bool ok = spikes_open(&k, &s, &d, &rule, &e);
    if (ok) {
        command_rows(call);
        if (o->list)
            print_list(&k, command_format(call));
        else {
            print_rows(&k, command_format(call));
            put_notes(call, &k);
        }
        spikes_close(&k);
    }
    study_free(&s);
    db_close(&d);
    return ok ? STATUS_DONE : command_fail(call, &e);
}

const command command_spikes = {
    .name = "spikes",
    .group = COMMAND_COMPARE,
    .help = "loss spikes by arm, and whether an arm has fewer",
    .arguments = "STUDY",
    .summary = "Count the loss spikes of each arm's finished runs, and test each arm against its "
               "baseline.",
    .text = "A spike is a training loss more than K robust standard deviations (1.4826 x median "
            "absolute deviation) above the median of the steps before it. The rows are the arms' "
            "counts and their contrasts, or with --list the spikes.",
    .shared = SHARED_DB | SHARED_OUTPUT | SHARED_ALPHA,
    .options = OPTIONS,
    .size = sizeof(options),
    .run = run,
};
