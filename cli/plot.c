/* plot.c - attnlab plot STUDY --out DIR: the figures of a study. */
#include "analysis/figures/figures.h"
#include "analysis/figures/outputs.h"
#include "cli/command.h"
#include "cli/look.h"
#include "core/base/file.h"

#include <stdlib.h>
#include <string.h>

static const char *const FORMATS[] = { "svg", "png", "pdf", "tex", NULL };
static const char *const MEASURES[] = { "tokens", "flops", "seconds", NULL };

typedef struct options {
    const char *out, *style, *rows, *cols;
    option_texts kind, with;
    uint64_t formats;
    int64_t x;
    bool print_style, list;
} options;

// clang-format off
#define AT(field) offsetof(options, field)
static const option OPTIONS[] = {
    { "out",         0, OPTION_TEXT,    "DIR",     AT(out),         "write the figures into this folder, which is made if need be" },
    { "kind",        0, OPTION_TEXTS,   "KIND",    AT(kind),        "draw only this figure (--list shows them)" },
    { "format",      0, OPTION_CHOICES, "FORMAT",  AT(formats),     "write only", NULL, 0, 0, FORMATS },
    { "x",           0, OPTION_CHOICE,  "MEASURE", AT(x),           "the axis of loss", "tokens", 0, 0, MEASURES },
    { "with",        0, OPTION_TEXTS,   "STUDY",   AT(with),        "width: draw this study as well" },
    { "rows",        0, OPTION_TEXT,    "KEY",     AT(rows),        "heat: the axis that goes down, such as model.attention" },
    { "cols",        0, OPTION_TEXT,    "KEY",     AT(cols),        "heat: the axis that goes across, such as model.context" },
    { "style",       0, OPTION_TEXT,    "FILE",    AT(style),       "colours, fonts, sizes and widths" },
    { "print-style", 0, OPTION_FLAG,    NULL,      AT(print_style), "print a style file to change, and stop" },
    { "list",        0, OPTION_FLAG,    NULL,      AT(list),        "list the kinds of figures, and stop" },
    { 0 },
};
// clang-format on

static void print_kinds(command_call *call)
{
    table t;
    command_rows(call);
    table_open(&t, command_format(call), stdout, 3, (const char *[]){ "kind", "help", "needs" });
    for (int k = 0; figure_kinds[k]; k++) {
        table_text(&t, figure_kinds[k]->name), table_text(&t, figure_kinds[k]->help);
        table_text(&t, figure_kinds[k]->needs);
    }
    table_close(&t);
}

/* Was this figure asked for?  Without --kind all are. */
static bool wanted(const options *o, const char *name)
{
    for (int i = 0; i < o->kind.n; i++)
        if (strcmp(o->kind.item[i], name) == 0) return true;
    return !o->kind.n;
}

static bool check_kinds(const options *o, error *e)
{
    for (int i = 0; i < o->kind.n; i++) {
        if (!figures_find(o->kind.item[i]))
            return error_usage(e,
                               "--kind: there is no figure '%.100s': `attnlab plot --list` shows "
                               "them",
                               o->kind.item[i]);
    }
    return true;
}

static void print_files(const options *o, unsigned formats, const char *name)
{
    for (int i = 0; FORMATS[i]; i++)
        if (formats >> i & 1) printf("%s/%s.%s\n", o->out, name, FORMATS[i]);
}

/* Draw into the folder `scratch`, then put everything in its place.  *missed: a figure that was
 * asked for by name could not be drawn; *drawn: how many were. */
static bool draw(bool *missed, int *drawn, command_call *call, const options *o,
                 const figures_request *r, const char *scratch, error *e)
{
    int kinds = 0;
    while (figure_kinds[kinds]) kinds++;
    const char **name = error_zeroed((size_t)kinds, sizeof *name);
    bool ok = true;
    for (int k = 0; k < kinds && ok; k++) {
        char missing[FIGURES_MISSING];
        if (!wanted(o, figure_kinds[k]->name)) continue;
        ok = figures_draw(missing, scratch, figure_kinds[k], r, e);
        if (ok && !*missing) name[(*drawn)++] = figure_kinds[k]->name;
        if (!ok || !*missing) continue;
        *missed = *missed || o->kind.n;
        command_note(call, NOTE_INFO, "study '%s': no figure '%s': %s", r->c->study->name,
                     figure_kinds[k]->name, missing);
    }
    ok = ok && outputs_place(o->out, scratch, name, r->formats, *drawn, e);
    for (int i = 0; i < *drawn && ok; i++) print_files(o, r->formats, name[i]);
    free(name);
    return ok;
}

static bool draw_apart(bool *missed, int *drawn, command_call *call, const options *o,
                       const figures_request *r, error *e)
{
    char scratch[4096];
    if (!file_output_folder(o->out, e) || !file_scratch(scratch, sizeof scratch, "plot", e))
        return false;
    const bool ok = draw(missed, drawn, call, o, r, scratch, e);
    file_scratch_remove(scratch);
    return ok;
}

static bool plot(bool *missed, command_call *call, const options *o, const style *chosen, error *e)
{
    look l;
    if (!look_open(&l, call, false, e)) return false;
    const figures_request r = { .c = &l.comparison,
                                .d = &l.d,
                                .style = chosen,
                                .formats = o->formats ? (unsigned)o->formats : FIGURES_ALL,
                                .x = (study_measure)(STUDY_TOKENS + o->x),
                                .rows = o->rows,
                                .cols = o->cols,
                                .with = o->with.item,
                                .withs = o->with.n };
    int drawn = 0;
    bool ok = draw_apart(missed, &drawn, call, o, &r, e);
    if (drawn) look_record(&l.comparison, call);
    ok = ok && look_changes(call, &l.comparison, &l.d, e);
    look_close(&l);
    return ok;
}

static int run(command_call *call, const void *given)
{
    const options *o = given;
    error e;
    style chosen;
    bool missed = false;
    if (!check_kinds(o, &e)) return command_refuse(call, "%s", e.msg);
    if (o->list) {
        print_kinds(call);
        return STATUS_DONE;
    }
    style_default(&chosen);
    if (o->style && !style_read(&chosen, o->style, &e)) return command_fail(call, &e);
    if (o->print_style) {
        style_print(stdout, &chosen);
        return STATUS_DONE;
    }
    if (!call->arguments) return command_missing(call, "STUDY");
    if (!o->out) return command_refuse(call, "missing option: --out DIR");
    if (!plot(&missed, call, o, &chosen, &e)) return command_fail(call, &e);
    return missed ? STATUS_FAILED : STATUS_DONE;
}

const command command_plot = {
    .name = "plot",
    .group = COMMAND_LOOK,
    .help = "the figures of a study",
    .arguments = "[STUDY]",
    .summary =
        "Draw the figures of a study: those that --kind names, or all that the database has the "
        "data for. STUDY and --out are required.",
    .text = "Each figure is written as KIND.svg, KIND.png, KIND.pdf (by gnuplot) and KIND.tex "
            "(pgfplots; pdflatex makes a page of it, \\input puts it into a paper), with its data "
            "(KIND.dat) and its gnuplot script (KIND.gp). Earlier figures are replaced; if any "
            "other file has one of these names, nothing is written. `attnlab plot --list` lists "
            "the kinds. Together they are one look at the data, and are recorded as one.",
    .shared = SHARED_DB | SHARED_OUTPUT | SHARED_METRIC,
    .options = OPTIONS,
    .size = sizeof(options),
    .run = run,
};
