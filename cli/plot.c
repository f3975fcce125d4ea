/* plot.c - attnlab plot STUDY --out DIR: the figures of a study. */
#include "analysis/figures/figures.h"
#include "cli/verb.h"
#include "cli/verbs.h"
#include "core/base/file.h"

#include <string.h>

typedef struct options {
    verb common;
    const char *study, *out, *metric, *style, *rows, *cols;
    bool kind[FIGURES_KINDS], some, print_style;
    unsigned formats;
    study_measure x;
} options;

enum {
    KEY_OUT = 1000,
    KEY_KIND,
    KEY_METRIC,
    KEY_FORMAT,
    KEY_X,
    KEY_ROWS,
    KEY_COLS,
    KEY_STYLE,
    KEY_PRINT
};

#define KINDS "loss, diff, heat, interaction, position, matrix, frontier or lr"

static const struct argp_option OPTIONS[] = {
    { "out", KEY_OUT, "DIR", 0, "Write the figures into this folder (made if need be)", 0 },
    { "kind", KEY_KIND, "KIND", 0, "Only " KINDS "; may be repeated", 0 },
    { "format", KEY_FORMAT, "FORMAT", 0, "Only svg, png, pdf or tex; may be repeated", 0 },
    { "metric", KEY_METRIC, "METRIC", 0, "Plot this, such as val_bpb@512 (the study's metric)", 0 },
    { "x", KEY_X, "MEASURE", 0, "loss: against tokens (the default), flops or seconds", 0 },
    { "rows", KEY_ROWS, "KEY", 0, "heat: the axis that goes down, such as model.attention", 0 },
    { "cols", KEY_COLS, "KEY", 0, "heat: the axis that goes across, such as model.context", 0 },
    { "style", KEY_STYLE, "FILE", 0, "Colours, fonts, sizes and widths", 0 },
    { "print-style", KEY_PRINT, NULL, 0, "Print a style file to change, and stop", 0 },
    { 0 },
};

static void set_kind(options *o, const struct argp_state *state, const char *text)
{
    for (int k = 0; k < FIGURES_KINDS; k++)
        if (strcmp(text, figures_name((figures_kind)k)) == 0) {
            o->kind[k] = o->some = true;
            return;
        }
    argp_failure(state, STATUS_USAGE, 0, "--kind '%s': " KINDS, text);
}

static void set_format(options *o, const struct argp_state *state, const char *text)
{
    static const char *const NAME[] = { "svg", "png", "pdf", "tex" };
    for (unsigned i = 0; i < 4; i++)
        if (strcmp(text, NAME[i]) == 0) {
            o->formats |= 1u << i;
            return;
        }
    argp_failure(state, STATUS_USAGE, 0, "--format '%s': svg, png, pdf or tex", text);
}

static void set_x(options *o, const struct argp_state *state, const char *text)
{
    static const char *const NAME[] = { "tokens", "flops", "seconds" };
    for (int i = 0; i < 3; i++)
        if (strcmp(text, NAME[i]) == 0) {
            o->x = (study_measure)(STUDY_TOKENS + i);
            return;
        }
    argp_failure(state, STATUS_USAGE, 0, "--x '%s': tokens, flops or seconds", text);
}

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
        set_kind(o, state, arg);
        return 0;
    case KEY_FORMAT:
        set_format(o, state, arg);
        return 0;
    case KEY_X:
        set_x(o, state, arg);
        return 0;
    case KEY_ROWS:
        o->rows = arg;
        return 0;
    case KEY_COLS:
        o->cols = arg;
        return 0;
    case KEY_STYLE:
        o->style = arg;
        return 0;
    case KEY_PRINT:
        o->print_style = true;
        return 0;
    case ARGP_KEY_ARG:
        if (o->study) argp_error(state, "one study");
        o->study = arg;
        return 0;
    case ARGP_KEY_END:
        if (!o->print_style && (!o->study || !o->out))
            argp_error(state, "give a study and --out DIR");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp ARGP = {
    .options = OPTIONS,
    .parser = parse,
    .args_doc = "STUDY --out DIR",
    .doc = "Draw the figures of a study.\vEvery figure that the record has the data for, or those "
           "that --kind names:\n\n"
           "  loss         against tokens, FLOPs or seconds: means, bands, seeds\n"
           "  diff         paired differences from the baseline, with the margin\n"
           "  heat         the same by two axes, ~ where undecided\n"
           "  interaction  the same along an axis of numbers\n"
           "  position     loss by position in the window\n"
           "  matrix       by training context and evaluation context\n"
           "  frontier     loss against KV bytes\n"
           "  lr           loss against the learning rate\n\n"
           "Each is written as KIND.svg, KIND.png, KIND.pdf (by gnuplot) and KIND.tex (pgfplots; "
           "pdflatex makes a page of it, \\input puts it into a paper), beside the data (KIND.dat) "
           "and the gnuplot script (KIND.gp).",
    .children = verb_child_db,
};

static void list(const options *o, figures_kind kind)
{
    static const char *const ENDING[] = { "svg", "png", "pdf", "tex" };
    for (unsigned i = 0; i < 4; i++)
        if (o->formats & 1u << i) printf("%s/%s.%s\n", o->out, figures_name(kind), ENDING[i]);
}

/* *missed: one that was asked for by name could not be drawn. */
static bool draw(bool *missed, const options *o, const figures_request *r, const char *self,
                 error *e)
{
    for (int k = 0; k < FIGURES_KINDS; k++) {
        const figures_kind kind = (figures_kind)k;
        char needs[FIGURES_NEEDS];
        if (o->some && !o->kind[k]) continue;
        if (!figures_draw(needs, o->out, kind, r, e)) return false;
        if (!*needs) {
            list(o, kind);
            continue;
        }
        *missed = *missed || o->some;
        fprintf(stderr, "%s: study '%s': no figure '%s': %s\n", self, r->c->study->name,
                figures_name(kind), needs);
    }
    return true;
}

static bool plot(bool *missed, const options *o, const style *look, db *d, const char *self,
                 error *e)
{
    study s;
    comparison c;
    if (!study_open(&s, d, o->study, o->metric, -1, e)) return false;
    bool ok = comparison_open(&c, &s, d, false, e);
    if (ok) {
        const figures_request r = { .c = &c,
                                    .d = d,
                                    .style = look,
                                    .formats = o->formats,
                                    .x = o->x,
                                    .rows = o->rows,
                                    .cols = o->cols };
        ok = file_make_folder(o->out, e) && draw(missed, o, &r, self, e);
        comparison_close(&c);
    }
    study_free(&s);
    return ok;
}

int plot_verb(int argc, char **argv)
{
    options o = { .x = STUDY_TOKENS };
    verb_parse(&ARGP, argc, argv, &o);
    if (!o.formats) o.formats = FIGURES_ALL;
    error e;
    db d;
    style look;
    bool missed = false;
    style_default(&look);
    if (o.style && !style_read(&look, o.style, &e)) return verb_fail(argv[0], &e);
    if (o.print_style) {
        style_print(stdout, &look);
        return verb_done(argv[0], STATUS_DONE);
    }
    if (!db_open(&d, o.common.db, DB_READ, &e)) return verb_fail(argv[0], &e);
    const bool ok = plot(&missed, &o, &look, &d, argv[0], &e);
    db_close(&d);
    return ok ? verb_done(argv[0], missed ? STATUS_FAILED : STATUS_DONE) : verb_fail(argv[0], &e);
}
