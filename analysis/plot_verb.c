/* plot_verb.c - attnlab plot STUDY --out DIR: the figures of a study. */
#include "analysis/analysis.h"
#include "analysis/figures.h"
#include "analysis/verb.h"
#include "core/file.h"

#include <string.h>

enum { LOSS, DIFF, FRONTIER, POSITION, KINDS };
static const char *const KIND[] = { "loss", "diff", "frontier", "position" };

typedef struct options {
    verb common;
    const char *study, *out, *metric;
    bool kind[KINDS], some;
} options;

enum { KEY_OUT = 1000, KEY_KIND, KEY_METRIC };

static const struct argp_option OPTIONS[] = {
    { "out", KEY_OUT, "DIR", 0, "Write the figures into this folder (made if need be)", 0 },
    { "kind", KEY_KIND, "KIND", 0, "Only loss, diff, frontier or position; may be repeated", 0 },
    { "metric", KEY_METRIC, "METRIC", 0, "Plot this, such as val_bpb@512 (the study's metric)", 0 },
    { 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    options *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->common;
        return 0;
    case KEY_OUT:
        o->out = arg;
        return 0;
    case KEY_METRIC:
        o->metric = arg;
        return 0;
    case KEY_KIND:
        for (int k = 0; k < KINDS; k++)
            if (strcmp(arg, KIND[k]) == 0) {
                o->kind[k] = o->some = true;
                return 0;
            }
        argp_failure(state, STATUS_USAGE, 0, "--kind '%s': loss, diff, frontier or position", arg);
        return 0;
    case ARGP_KEY_ARG:
        if (o->study) argp_error(state, "one study");
        o->study = arg;
        return 0;
    case ARGP_KEY_END:
        if (!o->study || !o->out) argp_error(state, "give a study and --out DIR");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp ARGP = {
    .options = OPTIONS,
    .parser = parse,
    .args_doc = "STUDY --out DIR",
    .doc = "Draw the figures of a study: loss against tokens, differences from the baseline, loss "
           "against KV bytes, and loss by position where it is on record.\vEach is written as "
           "KIND.svg, KIND.png and KIND.pdf, beside the "
           "data (KIND.dat) and the gnuplot script (KIND.gp) that made them.",
    .children = verb_child_db,
};

static bool draw(const options *o, const comparison *c, db *d, error *e)
{
    for (int k = 0; k < KINDS; k++) {
        if (o->some && !o->kind[k]) continue;
        bool drawn = true;
        const bool ok = k == LOSS       ? figures_loss(o->out, c, d, e)
                        : k == DIFF     ? figures_diff(o->out, c, e)
                        : k == FRONTIER ? figures_frontier(o->out, c, e)
                                        : figures_position(o->out, c, d, &drawn, e);
        if (!ok) return false;
        if (!drawn && o->some)
            return error_set(e, "study '%s': no loss by position is on record", c->study->name);
        if (!drawn) continue;
        printf("%s/%s.svg\n%s/%s.png\n%s/%s.pdf\n", o->out, KIND[k], o->out, KIND[k], o->out,
               KIND[k]);
    }
    return true;
}

int plot_verb(int argc, char **argv)
{
    options o = { 0 };
    verb_parse(&ARGP, argc, argv, &o);
    error e;
    db d;
    study s;
    comparison c;
    if (!db_open(&d, o.common.db, DB_READ, &e)) return verb_fail(argv[0], &e);
    bool ok = study_open(&s, &d, o.study, o.metric, -1, &e);
    if (ok) {
        ok = comparison_open(&c, &s, &d, false, &e);
        if (ok) {
            ok = file_make_folder(o.out, &e) && draw(&o, &c, &d, &e);
            comparison_close(&c);
        }
        study_free(&s);
    }
    db_close(&d);
    return ok ? verb_done(argv[0], STATUS_DONE) : verb_fail(argv[0], &e);
}
