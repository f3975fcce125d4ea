/* plot.c - attnlab plot STUDY --out DIR: the figures of a study. */
#include "analysis/figures/figures.h"
#include "cli/verb.h"
#include "cli/verbs.h"
#include "core/base/file.h"
#include "core/base/table.h"

#include <string.h>

enum { MOST = 32 }; /* kinds that may be asked for */

typedef struct options {
    verb common;
    const char *study, *out, *metric, *style, *rows, *cols;
    const figure_kind *kind[MOST]; /* those asked for; none: all */
    int kinds;
    bool list, print_style;
    unsigned formats;
    study_measure x;
} options;

enum {
    KEY_OUT = 1000,
    KEY_KIND,
    KEY_LIST,
    KEY_METRIC,
    KEY_FORMAT,
    KEY_X,
    KEY_ROWS,
    KEY_COLS,
    KEY_STYLE,
    KEY_PRINT
};

static const struct argp_option OPTIONS[] = {
    { "out", KEY_OUT, "DIR", 0, "Write the figures into this folder (made if need be)", 0 },
    { "kind", KEY_KIND, "KIND", 0, "Only this figure (--list names them); may be repeated", 0 },
    { "list", KEY_LIST, NULL, 0, "List the figures, what they show and what they need, and stop",
      0 },
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
    const figure_kind *kind = figures_find(text);
    if (!kind)
        argp_failure(state, STATUS_USAGE, 0, "--kind '%s': no such figure (--list names them)",
                     text);
    if (o->kinds == MOST) argp_failure(state, STATUS_USAGE, 0, "--kind: at most %d", MOST);
    o->kind[o->kinds++] = kind;
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
    case KEY_LIST:
        o->list = true;
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
        if (!o->list && !o->print_style && (!o->study || !o->out))
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
    .doc =
        "Draw the figures of a study.\vEvery figure that the database has the data for, or those "
        "that --kind names; --list says what there is.\n\n"
        "Each is written as KIND.svg, KIND.png, KIND.pdf (by gnuplot) and KIND.tex (pgfplots; "
        "pdflatex makes a page of it, \\input puts it into a paper), next to the data (KIND.dat) "
        "and the gnuplot script (KIND.gp).",
    .children = verb_child_db,
};

static void list_kinds(table_format f)
{
    table t;
    table_open(&t, f, stdout, 3, (const char *[]){ "figure", "shows", "needs" });
    for (int i = 0; figure_kinds[i]; i++) {
        table_text(&t, figure_kinds[i]->name), table_text(&t, figure_kinds[i]->help);
        table_text(&t, figure_kinds[i]->needs);
    }
    table_close(&t);
}

static void list_files(const options *o, const figure_kind *kind)
{
    static const char *const ENDING[] = { "svg", "png", "pdf", "tex" };
    for (unsigned i = 0; i < 4; i++)
        if (o->formats & 1u << i) printf("%s/%s.%s\n", o->out, kind->name, ENDING[i]);
}

/* *missed: a figure that was asked for by name could not be drawn. */
static bool draw(bool *missed, const options *o, const figures_request *r, const char *self,
                 error *e)
{
    const figure_kind *const *kind = o->kinds ? o->kind : figure_kinds;
    for (int i = 0; o->kinds ? i < o->kinds : kind[i] != NULL; i++) {
        char missing[FIGURES_MISSING];
        if (!figures_draw(missing, o->out, kind[i], r, e)) return false;
        if (!*missing) {
            list_files(o, kind[i]);
            continue;
        }
        *missed = *missed || o->kinds;
        fprintf(stderr, "%s: study '%s': no figure '%s': %s\n", self, r->c->study->name,
                kind[i]->name, missing);
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
    if (o.list) {
        list_kinds(TABLE_TEXT);
        return verb_done(argv[0], STATUS_DONE);
    }
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
