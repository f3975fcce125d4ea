/* frontier.c - attnlab frontier STUDY: loss against what it costs, dominated arms marked. */
#include "analysis/answers/frontier.h"
#include "cli/verb.h"
#include "cli/verbs.h"

#include <math.h>
#include <stdlib.h>

typedef struct options {
    verb common;
    const char *study, *metric;
    double alpha, margin; /* NaN: the study's */
} options;

enum { KEY_METRIC = 1000, KEY_ALPHA, KEY_MARGIN };

static const struct argp_option OPTIONS[] = {
    { "metric", KEY_METRIC, "METRIC", 0, "Such as val_bpb@512 (the study's metric)", 0 },
    { "alpha", KEY_ALPHA, "ALPHA", 0, "How often to err (the study's alpha)", 0 },
    { "margin", KEY_MARGIN, "MARGIN", 0,
      "Differences below this are equivalent (the study's margin)", 0 },
    { 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    options *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->common;
        return 0;
    case KEY_METRIC:
        o->metric = arg;
        return 0;
    case KEY_ALPHA:
        o->alpha = verb_number(state, "--alpha", arg, 0, 0.5);
        return 0;
    case KEY_MARGIN:
        o->margin = verb_number(state, "--margin", arg, 0, INFINITY);
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
    .doc =
        "Loss against KV bytes, parameters and training FLOPs, dominated arms marked.\vAn arm is "
        "dominated where another costs no more and is better, or costs less and is equivalent, "
        "by one simultaneous comparison of all pairs; it is on the frontier where all that cost "
        "no more are worse.",
    .children = verb_child,
};

static void print(const frontier *f, table_format format)
{
    const study *s = f->c->study;
    const bool people = table_for_people(format);
    table t;
    table_open(&t, format, stdout, 9,
               people
                   ? (const char *[]){ "arm", "n", "mean", "KV bytes/token", "parameters", "FLOPs",
                                       "against KV bytes", "against parameters", "against FLOPs" }
                   : (const char *[]){ "arm", "n", "mean", "kv_bytes_per_token", "n_params",
                                       "train_flops", "against_kv", "against_params",
                                       "against_flops" });
    for (int a = 0; a < s->arms; a++) {
        const frontier_arm *x = &f->arm[a];
        char text[320];
        table_text(&t, s->arm[a].label), table_int(&t, x->n), table_real(&t, x->mean, 3);
        table_real(&t, x->cost[FRONTIER_KV], 0), table_real(&t, x->cost[FRONTIER_PARAMS], 0);
        snprintf(text, sizeof text, "%.3g", x->cost[FRONTIER_FLOPS]);
        if (people && !isnan(x->cost[FRONTIER_FLOPS]))
            table_text(&t, text);
        else
            table_real(&t, x->cost[FRONTIER_FLOPS], 0);
        for (int k = 0; k < FRONTIER_COSTS; k++) {
            frontier_describe(text, sizeof text, f, a, k);
            table_text(&t, *text ? text : NULL);
        }
    }
    table_close(&t);
    if (format != TABLE_TEXT && format != TABLE_MD) return;
    char procedure[256];
    contrast_describe(procedure, sizeof procedure, &f->c->result);
    printf("\nDominated: another arm costs no more and is better, or costs less and is equivalent"
           "%s.\nFrontier: all that cost no more are worse. Costs within 0.5 %% are equal. All "
           "%d pairs at once, alpha %g:\n%s.\n",
           isnan(f->c->asked.margin) ? " (no margin is stated, so none is)" : "", f->c->asked.pairs,
           f->c->asked.alpha, procedure);
}

int frontier_verb(int argc, char **argv)
{
    options o = { .alpha = NAN, .margin = NAN };
    verb_parse(&ARGP, argc, argv, &o);
    error e;
    db d;
    study s;
    comparison c;
    frontier f;
    if (!db_open(&d, o.common.db, DB_READ, &e)) return verb_fail(argv[0], &e);
    bool ok = study_open(&s, &d, o.study, o.metric, -1, &e);
    if (ok) {
        if (!isnan(o.alpha)) s.alpha = o.alpha;
        if (!isnan(o.margin)) s.margin = o.margin;
        ok = comparison_open(&c, &s, &d, true, &e);
        if (ok) {
            frontier_open(&f, &c);
            print(&f, o.common.format);
            frontier_close(&f);
            comparison_close(&c);
        }
        study_free(&s);
    }
    db_close(&d);
    return ok ? verb_done(argv[0], STATUS_DONE) : verb_fail(argv[0], &e);
}
