/* pgfplots.c - write a chart as LaTeX: TikZ by pgfplots, meant to be edited.
 *
 * Names from the database are text: every character that TeX would act upon is written as a command
 * that prints it.
 */
#include "analysis/figures/pgfplots.h"

#include "core/base/file.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Characters that TeX acts upon, or that the fonts of plain LaTeX print as something else. */
static const char *escape_of(char c)
{
    static const char SPECIAL[] = "\\{}$&#%_^~\"`'<>|-[],=";
    static const char *const TEXT[] = { "\\textbackslash{}",
                                        "\\{",
                                        "\\}",
                                        "\\$",
                                        "\\&",
                                        "\\#",
                                        "\\%",
                                        "\\_",
                                        "\\textasciicircum{}",
                                        "\\textasciitilde{}",
                                        "\\char34{}",
                                        "\\textasciigrave{}",
                                        "\\textquotesingle{}",
                                        "\\textless{}",
                                        "\\textgreater{}",
                                        "\\textbar{}",
                                        "{-}",
                                        "{[}",
                                        "{]}",
                                        "{,}",
                                        "{=}" };
    const char *at = strchr(SPECIAL, c);
    return at ? TEXT[at - SPECIAL] : NULL;
}

/* A character beyond ASCII; \attnlabchar prints it if the engine or the fonts know it. */
static const char *put_wide(FILE *tex, const char *text)
{
    int n;
    const unsigned long code = chart_character(&n, text);
    if (code == 0xa0)
        fputc('~', tex);
    else if (code == 0x2212)
        fputs("\\ensuremath{-}", tex);
    else if (code == 0xb1)
        fputs("\\ensuremath{\\pm}", tex);
    else if (code == 0xd7)
        fputs("\\ensuremath{\\times}", tex);
    else if (code == 0x2026)
        fputs("\\dots{}", tex);
    else
        fprintf(tex, "\\attnlabchar{%lu}{%lX}{%.*s}", code, code, n, text);
    return text + n;
}

static void put_text(FILE *tex, const char *text)
{
    const char *start = text;
    while (*text) {
        const char *safe = chart_is_minus(text, start) ? "\\ensuremath{-}" : escape_of(*text);
        if ((unsigned char)*text >= 0x80) {
            text = put_wide(tex, text);
            continue;
        }
        if (safe)
            fputs(safe, tex);
        else
            fputc(*text, tex);
        text++;
    }
}

/* The label of a tic or a cell: a number with a proper minus sign, or text. */
static void put_label(FILE *tex, const char *text)
{
    const size_t n = strspn(text, "+-0123456789.");
    if (n == 0 || !strpbrk(text, "0123456789")) {
        put_text(tex, text);
        return;
    }
    fprintf(tex, "$%.*s$", (int)n, text);
    if (strcmp(text + n, " ~") == 0)
        fputs("\\,$\\sim$", tex);
    else
        put_text(tex, text + n);
}

static void put_head(FILE *tex, const chart *k, const char *name)
{
    fprintf(tex,
            "%% %s.tex - pdflatex (or lualatex, xelatex) makes a page of its size; in a paper that "
            "loads\n"
            "%% pgfplots, \\input it.  Panels are in units of \\attnlabunit: set it before, as by\n"
            "%%   \\newdimen\\attnlabunit \\attnlabunit=0.5bp\n",
            name);
    if (k->remark) {
        fputs("% For the caption: ", tex);
        put_text(tex, k->remark);
        fputc('\n', tex);
    }
    fprintf(tex,
            "\\expandafter\\ifx\\csname @twoclasseserror\\endcsname\\documentclass\n"
            "  \\def\\attnlabend{}%%\n"
            "\\else\n"
            "  \\documentclass{article}\n"
            "  \\usepackage[T1]{fontenc}\n"
            "  \\usepackage{lmodern,textcomp,pgfplots}\n"
            "  \\pgfplotsset{compat=1.14}\n"
            "  \\ifdefined\\pdfpagewidth\\else\\let\\pdfpagewidth\\pagewidth"
            "\\let\\pdfpageheight\\pageheight\\fi\n"
            "  \\begin{document}\n"
            "  \\hoffset-1in \\voffset-1in\n"
            "  \\newbox\\attnlabbox\n"
            "  \\def\\attnlabend{\\egroup\\pdfpagewidth\\wd\\attnlabbox\n"
            "    \\pdfpageheight\\dimexpr\\ht\\attnlabbox+\\dp\\attnlabbox\\relax\n"
            "    \\shipout\\box\\attnlabbox\\end{document}}\n"
            "  \\setbox\\attnlabbox\\hbox\\bgroup\n"
            "\\fi\n"
            "\\ifdefined\\attnlabunit\\else\\newdimen\\attnlabunit \\attnlabunit=%gbp\\fi\n"
            /* Beyond ASCII: by number if the engine knows Unicode, otherwise as the fonts allow. */
            "\\ifdefined\\Umathchar\n"
            "  \\def\\attnlabchar#1#2#3{\\char#1\\relax}%%\n"
            "\\else\n"
            "  \\def\\attnlabchar#1#2#3{\\ifcsname u8:\\detokenize{#3}\\endcsname#3\\else"
            " U+#2\\fi}%%\n"
            "\\fi\n",
            k->style->tex_scale);
}

/* Name the colours of the style, so that a paper can change them in one place. */
static void put_colours(FILE *tex, const style *s)
{
    const struct {
        const char *name, *colour;
    } other[] = {
        { "ink", s->ink }, { "quiet", s->quiet }, { "grid", s->grid }, { "margin", s->margin }
    };
    for (size_t i = 0; i < sizeof other / sizeof *other; i++)
        fprintf(tex, "\\definecolor{attnlab-%s}{HTML}{%s}\n", other[i].name, other[i].colour + 1);
    for (int i = 0; i < s->colours; i++)
        fprintf(tex, "\\definecolor{attnlab-%d}{HTML}{%s}\n", i + 1, s->colour[i] + 1);
}

/* The name of a colour, or the colour itself. */
static void put_colour(FILE *tex, const style *s, const char *colour)
{
    for (int i = 0; i < s->colours; i++)
        if (strcmp(s->colour[i], colour) == 0) {
            fprintf(tex, "attnlab-%d", i + 1);
            return;
        }
    const char *name = strcmp(colour, s->ink) == 0      ? "ink"
                       : strcmp(colour, s->quiet) == 0  ? "quiet"
                       : strcmp(colour, s->grid) == 0   ? "grid"
                       : strcmp(colour, s->margin) == 0 ? "margin"
                                                        : NULL;
    const unsigned long rgb = strtoul(colour + 1, NULL, 16);
    if (name)
        fprintf(tex, "attnlab-%s", name);
    else
        fprintf(tex, "{rgb,255:red,%lu;green,%lu;blue,%lu}", rgb >> 16, rgb >> 8 & 255, rgb & 255);
}

static void put_axis(FILE *tex, char name, const chart_axis *a)
{
    fprintf(tex, "  %cmin=%.9g, %cmax=%.9g,%s%s\n", name, a->lo, name, a->hi,
            a->log ? (name == 'x' ? " xmode=log," : " ymode=log,") : "",
            a->grid ? (name == 'x' ? " xmajorgrids," : " ymajorgrids,") : "");
    fprintf(tex, a->tics ? "  %ctick={" : "  %ctick={\\empty", name);
    for (int i = 0; i < a->tics; i++) fprintf(tex, "%s%.9g", i ? "," : "", a->at[i]);
    fprintf(tex, "}, %cticklabels={", name);
    for (int i = 0; i < a->tics; i++) {
        fputs(i ? ",{" : "{", tex);
        put_label(tex, a->label[i]);
        fputc('}', tex);
    }
    fputs("},\n", tex);
    if (!a->title) return;
    fprintf(tex, "  %clabel={", name);
    put_text(tex, a->title);
    fputs("},\n", tex);
}

static void put_look(FILE *tex, const chart *k, const chart_look *l, bool line)
{
    /* All of about the same area, as gnuplot's are.  After the first six, the points are hollow. */
    static const struct {
        const char *name;
        double size;
        int turn;
    } MARK[] = { { "*", 1, 0 },
                 { "square*", 0.9, 0 },
                 { "triangle*", 1.25, 0 },
                 { "triangle*", 1.25, 180 },
                 { "diamond*", 1.25, 0 },
                 { "pentagon*", 1.1, 0 } };
    static const char *const DASH[CHART_DASHES] = { "solid",    "dashed",         "dotted",
                                                    "dash dot", "densely dashed", "dash dot dot" };
    enum { RADIUS = 4, FILLED = sizeof MARK / sizeof *MARK }; /* pixels, of a point of size 1 */
    const double scale = k->style->tex_scale;
    fputs("color=", tex);
    put_colour(tex, k->style, l->colour);
    if (l->opacity < 1) fprintf(tex, ", opacity=%g", l->opacity);
    if (line)
        fprintf(tex, ", %s, line width=%.2fpt", DASH[l->dash], scale * l->width);
    else
        fputs(", only marks", tex);
    if (l->point < 0) {
        fputs(", mark=none", tex);
        return;
    }
    const int kind = l->point % FILLED;
    const bool hollow = l->point >= FILLED;
    fprintf(tex, ", mark=%s, mark size=%.2fpt, mark options={solid, line width=%.2fpt",
            MARK[kind].name, scale * RADIUS * l->size * MARK[kind].size, scale);
    if (MARK[kind].turn) fprintf(tex, ", rotate=%d", MARK[kind].turn);
    fputs(hollow ? ", fill=white}" : "}", tex);
    if (line && l->every > 1) fprintf(tex, ", mark repeat=%d", l->every);
}

static void put_numbers(FILE *tex, const chart_series *s, int column, bool backwards)
{
    for (int i = 0; i < s->n; i++) {
        const double *v = s->value + (size_t)(backwards ? s->n - 1 - i : i) * (size_t)s->width;
        fprintf(tex, "(%.9g,%.9g)%s", v[0], v[column], i % 6 == 5 ? "\n    " : " ");
    }
}

/* The comment cannot end early, since a cleaned text has no line end. */
static void put_series(FILE *tex, const chart *k, const chart_series *s)
{
    if (!s->n) return;
    const double width = k->style->tex_scale * s->look.width;
    fprintf(tex, "  %% %s\n", s->comment);
    if (s->mark == CHART_CELLS) {
        for (int i = 0; i < s->n; i++) {
            const double *v = s->value + i * 4;
            const unsigned rgb = (unsigned)v[3];
            fprintf(tex,
                    "  \\fill[fill={rgb,255:red,%u;green,%u;blue,%u}] (axis cs:%g,%g) rectangle "
                    "(axis cs:%g,%g); %% %.9g\n",
                    rgb >> 16, rgb >> 8 & 255, rgb & 255, v[0] - CHART_CELL_HALF_WIDTH,
                    v[1] - CHART_CELL_HALF_HEIGHT, v[0] + CHART_CELL_HALF_WIDTH,
                    v[1] + CHART_CELL_HALF_HEIGHT, v[2]);
        }
        return;
    }
    if (s->mark == CHART_BAND) {
        fputs("  \\addplot[draw=none, fill=", tex);
        put_colour(tex, k->style, s->look.colour);
        fprintf(tex, ", fill opacity=%g] coordinates {\n    ", s->look.opacity);
        put_numbers(tex, s, 1, false), put_numbers(tex, s, 2, true);
        fputs("} -- cycle;\n", tex);
        return;
    }
    fputs("  \\addplot[", tex);
    put_look(tex, k, &s->look, s->mark == CHART_LINE);
    if (s->mark == CHART_BARS_X || s->mark == CHART_BARS_Y) {
        const char axis = s->mark == CHART_BARS_X ? 'x' : 'y';
        const int of = s->mark == CHART_BARS_X ? 0 : 1;
        fprintf(tex,
                ", error bars/%c dir=both, error bars/%c explicit, error bars/error mark=none, "
                "error bars/error bar style={line width=%.2fpt}] coordinates {\n    ",
                axis, axis, width);
        for (int i = 0; i < s->n; i++) {
            const double *v = s->value + (size_t)i * 4;
            const double up = v[3] - v[of], down = v[of] - v[2];
            if (of == 0)
                fprintf(tex, "(%.9g,%.9g) += (%.9g,0) -= (%.9g,0)\n    ", v[0], v[1], up, down);
            else
                fprintf(tex, "(%.9g,%.9g) += (0,%.9g) -= (0,%.9g)\n    ", v[0], v[1], up, down);
        }
        fputs("};\n", tex);
        return;
    }
    fputs("] coordinates {\n    ", tex);
    put_numbers(tex, s, 1, false);
    fputs("};\n", tex);
}

static double edge(double at, double lo, double hi)
{
    return isfinite(at) ? at : at < 0 ? lo : hi;
}

static void put_boxes(FILE *tex, const chart *k, int panel, bool filled)
{
    const chart_axis *x = &k->panel[panel].x, *y = &k->panel[panel].y;
    for (int i = 0; i < k->boxes; i++) {
        const chart_box *b = &k->box[i];
        if (b->panel != panel || (*b->fill != '\0') != filled) continue;
        fputs(filled ? "  \\fill[fill=" : "  \\draw[line width=0.8pt, draw=", tex);
        put_colour(tex, k->style, filled ? b->fill : b->border);
        fprintf(tex, "] (axis cs:%.9g,%.9g) rectangle (axis cs:%.9g,%.9g);\n",
                edge(b->x0, x->lo, x->hi), edge(b->y0, y->lo, y->hi), edge(b->x1, x->lo, x->hi),
                edge(b->y1, y->lo, y->hi));
    }
}

/* The panel that the legend belongs to: at the right of the first row, or at the left of the last.
 */
static int legend_panel(const chart *k)
{
    if (k->legend_below) return (k->panels - 1) / k->columns * k->columns;
    return (k->panels < k->columns ? k->panels : k->columns) - 1;
}

static void put_legend_style(FILE *tex, const chart *k, int panel, double points)
{
    fprintf(tex, "  legend style={draw=none, fill=none, legend columns=%d, ",
            k->legend_columns > 1 ? k->legend_columns : 1);
    if (k->legend_below)
        fprintf(tex, "at={(0,0)}, xshift=-%.1fpt, yshift=-%.1fpt, ",
                points * chart_room(&k->panel[panel].y, k->style, false),
                points * chart_room(&k->panel[panel].x, k->style, true));
    else
        fputs("at={(1,1)}, xshift=6pt, ", tex);
    fputs("anchor=north west,\n    row sep=0pt, inner sep=1pt, /tikz/every even column/.append "
          "style={column sep=6pt}},\n",
          tex);
}

static void put_legend(FILE *tex, const chart *k)
{
    for (int i = 0; i < k->entries; i++) {
        const chart_entry *t = &k->entry[i];
        chart_look look = t->look;
        look.every = 1;
        fputs("  \\addlegendimage{", tex);
        put_look(tex, k, &look, t->mark == CHART_LINE);
        fputs("} \\addlegendentry{", tex);
        put_text(tex, t->text);
        fputs("}\n", tex);
    }
}

/* A panel goes to the right of the previous one, or below the previous row.  The gaps hold words,
 * so their size follows the font and not the panels. */
static void put_place(FILE *tex, const chart *k, int panel, double points)
{
    const chart_panel *p = &k->panel[panel];
    if (panel % k->columns) {
        const chart_panel *b = p - 1;
        fprintf(tex, "at={(panel%d.north east)}, anchor=north west, xshift=%.1fpt,\n", panel,
                points * (p->left - b->left - b->width));
    } else if (panel) {
        const chart_panel *b = p - k->columns;
        fprintf(tex, "at={(panel%d.south west)}, anchor=north west, yshift=-%.1fpt,\n",
                panel + 1 - k->columns, points * (p->top - b->top - b->height));
    } else {
        fputc('\n', tex);
    }
}

static void put_panel(FILE *tex, const chart *k, int panel)
{
    const chart_panel *p = &k->panel[panel];
    const style *s = k->style;
    const double points = style_tex_points(s) / s->font_size; /* a pixel of words */
    fprintf(tex, "\\begin{axis}[name=panel%d, ", panel + 1);
    put_place(tex, k, panel, points);
    fprintf(tex, "  scale only axis, width=%.1f\\attnlabunit, height=%.1f\\attnlabunit,\n",
            p->width, p->height);
    put_axis(tex, 'x', &p->x), put_axis(tex, 'y', &p->y);
    if (p->title) {
        fputs("  title={", tex);
        put_text(tex, p->title);
        fputs("},\n", tex);
    }
    fprintf(tex,
            "  axis x line*=bottom, axis y line*=left, tick align=outside, tick pos=left,\n"
            "  scaled ticks=false,\n"
            "%s%s"
            "  grid style={attnlab-grid, line width=0.3pt}, axis line style={attnlab-ink},\n"
            "  title style={yshift=-4pt, text height=1.6ex, text depth=0.4ex}, legend cell "
            "align=left, axis on top=false,\n",
            p->x.names ? "  x axis line style={draw=none}, xtick style={draw=none},\n" : "",
            p->y.names ? "  y axis line style={draw=none}, ytick style={draw=none},\n" : "");
    put_legend_style(tex, k, panel, points);
    fputs("  every axis plot/.append style={line join=round, forget plot}]\n", tex);
    put_boxes(tex, k, panel, true);
    for (int i = 0; i < k->many; i++)
        if (k->series[i].panel == panel) put_series(tex, k, &k->series[i]);
    put_boxes(tex, k, panel, false);
    if (panel == legend_panel(k)) put_legend(tex, k);
    for (int i = 0; i < k->texts; i++)
        if (k->text[i].panel == panel)
            fprintf(tex, "  \\coordinate (text%d) at (axis cs:%.9g,%.9g);\n", i + 1, k->text[i].x,
                    k->text[i].y);
    fputs("\\end{axis}\n", tex);
    for (int i = 0; i < k->texts; i++) { /* outside the axis, so that nothing is clipped */
        const chart_text *t = &k->text[i];
        if (t->panel != panel) continue;
        fprintf(tex, "\\node[anchor=%s, inner sep=0pt, xshift=%.1fpt, text=",
                t->align < 0    ? "east"
                : t->align == 0 ? "center"
                                : "west",
                s->tex_scale * t->shift);
        put_colour(tex, s, t->colour);
        fprintf(tex, "] at (text%d) {", i + 1);
        put_label(tex, t->text);
        fputs("};\n", tex);
    }
}

bool pgfplots_write(const chart *k, const char *folder, const char *name, error *e)
{
    char path[4096];
    file_draft d;
    if (snprintf(path, sizeof path, "%s/%s.tex", folder, name) >= (int)sizeof path)
        return error_usage(e, "%s: the path is too long", folder);
    if (!file_draft_open(&d, path, e)) return false;
    put_head(d.f, k, name);
    fprintf(d.f, "\\begin{tikzpicture}[font=\\%s]\n", k->style->tex_font);
    put_colours(d.f, k->style);
    for (int p = 0; p < k->panels; p++) put_panel(d.f, k, p);
    fputs("\\end{tikzpicture}%\n\\attnlabend\n", d.f);
    return file_draft_close(&d, e);
}
