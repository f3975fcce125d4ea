/* spikes.c - attnlab spikes STUDY: loss spikes by arm, and whether one arm has fewer. */
#include "analysis/answers/spikes.h"
#include "cli/verb.h"
#include "cli/verbs.h"

#include <math.h>
#include <stdlib.h>

typedef struct options {
    verb common;
    const char *study;
    spike_rule rule;
    double alpha; /* NaN: the study's */
    bool list;
} options;

enum { KEY_WINDOW = 1000, KEY_HEIGHT, KEY_GAP, KEY_ALPHA, KEY_LIST };

static const struct argp_option OPTIONS[] = {
    { "window", KEY_WINDOW, "STEPS", 0, "Compare a step with so many before it (100)", 0 },
    { "height", KEY_HEIGHT, "K", 0, "A spike stands K robust standard deviations above (7)", 0 },
    { "gap", KEY_GAP, "STEPS", 0, "Spikes with fewer steps in between are one (10)", 0 },
    { "alpha", KEY_ALPHA, "ALPHA", 0, "How often to err (the study's alpha)", 0 },
    { "list", KEY_LIST, NULL, 0, "Each spike: run, seed, step, height", 0 },
    { 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    options *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->common;
        return 0;
    case KEY_WINDOW:
        o->rule.window = (int)verb_number(state, "--window", arg, 3, 1e6);
        return 0;
    case KEY_HEIGHT:
        o->rule.height = verb_number(state, "--height", arg, 0, INFINITY);
        return 0;
    case KEY_GAP:
        o->rule.gap = (int)verb_number(state, "--gap", arg, 0, 1e6);
        return 0;
    case KEY_ALPHA:
        o->alpha = verb_number(state, "--alpha", arg, 0, 0.5);
        return 0;
    case KEY_LIST:
        o->list = true;
        return 0;
    case ARGP_KEY_ARG:
        if (o->study) argp_error(state, "one study");
        o->study = arg;
        return 0;
    case ARGP_KEY_END:
        if (!o->study) argp_error(state, "give a study: its name, or its study.yaml");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp ARGP = {
    .options = OPTIONS,
    .parser = parse,
    .args_doc = "STUDY",
    .doc = "Count the loss spikes of each arm's finished runs, and test each arm against its "
           "baseline.\vA spike is a training loss more than K robust standard deviations (1.4826 x "
           "median absolute deviation) above the median of the steps before it.  For programs the "
           "rows are the arms' counts and their contrasts, or with --list the spikes.",
    .children = verb_child,
};

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
    table_open(&t, f, stdout, 15,
               (const char *[]){ "arm", "runs", "diverged", "steps_watched", "spikes",
                                 "per_1000_steps", "runs_with_spikes", "largest", "base", "ratio",
                                 "ratio_lo", "ratio_hi", "p_adjusted", "test", "verdict" });
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
        table_real(&t, c ? c->lo : NAN, 2), table_real(&t, c && isfinite(c->hi) ? c->hi : NAN, 2);
        table_probability(&t, c ? c->p_adjusted : NAN);
        table_text(&t, !c || isnan(c->p) ? NULL : c->flips ? "sign-flips" : "binomial");
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

static void print_notes(const spikes *k)
{
    bool flips = false, binomial = false, any = false;
    for (int i = 0; i < k->contrasts; i++) {
        any = any || !isnan(k->row[i].p);
        flips = flips || (k->row[i].flips && !isnan(k->row[i].p));
        binomial = binomial || (!k->row[i].flips && !isnan(k->row[i].p));
    }
    printf("\nA spike: a training loss over %g robust standard deviations (1.4826 MAD) above the "
           "median of the %d steps\nbefore it; spikes with fewer than %d steps in between are one. "
           "The first %d steps are not watched.\n",
           k->rule.height, k->rule.window, k->rule.gap, k->rule.window / 2);
    if (flips)
        puts("Test: exact sign-flips of the paired differences of counts, Bonferroni over arms.");
    if (binomial)
        puts("Test: binomial given the sum of both arms, Bonferroni over arms: it assumes that "
             "spikes come at random,\nfor so few seeds can not show it otherwise.");
    if (any)
        puts("The ratio is of spikes a step; its interval assumes the same. A run that diverged is "
             "counted beside, not as a spike.");
}

int spikes_verb(int argc, char **argv)
{
    options o = { .rule = SPIKE_RULE, .alpha = NAN };
    verb_parse(&ARGP, argc, argv, &o);
    error e;
    db d;
    study s;
    spikes k;
    if (!db_open(&d, o.common.db, DB_READ, &e)) return verb_fail(argv[0], &e);
    bool ok = study_open(&s, &d, o.study, NULL, -1, &e);
    if (ok) {
        if (!isnan(o.alpha)) s.alpha = o.alpha;
        ok = spikes_open(&k, &s, &d, &o.rule, &e);
        if (ok) {
            const table_format f = o.common.format;
            o.list ? print_list(&k, f) : print_rows(&k, f);
            if (!o.list && (f == TABLE_TEXT || f == TABLE_MD)) print_notes(&k);
            spikes_close(&k);
        }
        study_free(&s);
    }
    db_close(&d);
    return ok ? verb_done(argv[0], STATUS_DONE) : verb_fail(argv[0], &e);
}
