/* gnuplot.c - write a chart as gnuplot's data and script, and run gnuplot on them.
 *
 * Names reach gnuplot only as data or in single quotes, where it substitutes nothing, and gnuplot
 * is started without a shell.
 */
#include "analysis/figures/gnuplot.h"

#include "core/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LIMIT = 1 << 28, PATH_SIZE = 4096 };

/* Tags of labels within a panel: texts count from 1, lines of the remark from TAG_REMARK, entries
 * of the legend from TAG_ENTRY and their points from TAG_POINT. */
enum {
    TAG_Y_TITLE = 1000001,
    TAG_X_TITLE,
    TAG_PANEL_TITLE,
    TAG_REMARK = 2000000,
    TAG_ENTRY = 3000000,
    TAG_POINT = 4000000,
};

/* Latin, Greek, Cyrillic, punctuation and signs, which DejaVu Sans has.  Other characters are
 * written as U+XXXX: cairo draws a glyph that no font has as a large shape across the figure. */
static bool is_known(unsigned long code)
{
    return code < 0x530 || (code >= 0x1e00 && code < 0x2000) || (code >= 0x2010 && code < 0x2c00);
}

/* Write a string into the script.  A single quote becomes a typographic one, so that nothing can
 * end the string.  (gnuplot reads a doubled quote as one quote, but not at the start of a string.)
 * In the labels of tics gnuplot looks for number formats, so % is doubled there. */
static void quote(FILE *gp, const char *text, bool format)
{
    const char *start = text;
    fputc('\'', gp);
    for (int n; *text; text += n) {
        const unsigned long code = chart_character(&n, text);
        if (code == '\'')
            fputs("\u2019", gp);
        else if (chart_is_minus(text, start))
            fputs("\u2212", gp);
        else if (format && code == '%')
            fputs("%%", gp);
        else if (is_known(code))
            fwrite(text, 1, (size_t)n, gp);
        else
            fprintf(gp, "U+%lX", code);
    }
    fputc('\'', gp);
}

static void put_head(FILE *gp, const chart *k, const char *name)
{
    const style *s = k->style;
    fprintf(gp,
            "# gnuplot -d -c %s.gp svg   (or png, or pdf) makes %s.svg of %s.dat\n"
            "if (ARG1 eq 'svg') {\n  small = ',%g'\n"
            "  set terminal svg size %.0f,%.0f background 'white' font '%s,%g' noenhanced\n"
            "}\n"
            "if (ARG1 eq 'png') {\n  small = ',%g'\n"
            "  set terminal pngcairo size %.0f,%.0f font '%s,%g' linewidth %g pointscale %g "
            "noenhanced\n"
            "}\n"
            "if (ARG1 eq 'pdf') {\n  small = ',%g'\n"
            "  set terminal pdfcairo size %.3fin,%.3fin font '%s,%g' fontscale 0.75 noenhanced\n"
            "}\n"
            "set output '%s.'.ARG1\n"
            "set encoding utf8\n"
            "data = '%s.dat'\n"
            "set tics nomirror out scale 0.6 textcolor rgb '%s'\n"
            "set bars 0\n"
            "set multiplot\n",
            name, name, name, s->small_size, k->width, k->height, s->font, s->font_size,
            0.75 * s->png_scale * s->small_size, s->png_scale * k->width, s->png_scale * k->height,
            s->font, 0.75 * s->png_scale * s->font_size, s->png_scale, s->png_scale,
            0.75 * s->small_size, k->width / 96, k->height / 96, s->font, 0.75 * s->font_size, name,
            name, s->ink);
}

/* The remark, broken into lines of about the width of the figure. */
static void put_remark(FILE *gp, const chart *k)
{
    const char *rest = k->remark;
    for (int line = 0; rest && *rest; line++) {
        size_t n = strlen(rest), last = 0;
        char *part = chart_clean(rest);
        for (size_t i = 1; i <= n; i++) {
            if (rest[i] != ' ' && rest[i] != '\0') continue;
            part[i] = '\0';
            const bool fits = chart_text_width(k->style, part, true) <= k->width - 16;
            if (rest[i]) part[i] = ' ';
            if (!fits && last && line + 1 < k->remark_lines) break;
            last = i;
        }
        part[last] = '\0';
        fprintf(gp, "set label %d ", TAG_REMARK + line);
        quote(gp, part, false);
        fprintf(gp, " at screen %.4f,%.4f left font small textcolor rgb '%s'\n", 8 / k->width,
                1 - (8 + (line + 0.5) * k->line) / k->height, k->style->quiet);
        free(part);
        rest += last;
        rest += strspn(rest, " ");
    }
}

static void put_tics(FILE *gp, char name, const chart_axis *a)
{
    fprintf(gp, "set %ctics scale %g (", name, a->names ? 0 : 0.6);
    for (int i = 0; i < a->tics; i++) {
        if (i) fputs(", ", gp);
        quote(gp, a->label[i], true);
        fprintf(gp, " %.9g", a->at[i]);
    }
    fputs(")\n", gp);
}

static void put_axis(FILE *gp, const chart *k, char name, const chart_axis *a)
{
    fprintf(gp, "set %crange [%.9g:%.9g]\n", name, a->lo, a->hi);
    fprintf(gp, a->log ? "set logscale %c\n" : "unset logscale %c\n", name);
    if (!a->tics) fprintf(gp, "unset %ctics\n", name); /* an empty list means tics of its own */
    if (a->tics) put_tics(gp, name, a);
    if (a->grid)
        fprintf(gp, "set grid %ctics lt 1 lw 0.7 dt solid lc rgb '%s'\n", name, k->style->grid);
}

static void put_boxes(FILE *gp, const chart *k, int panel)
{
    for (int i = 0; i < k->boxes; i++) {
        const chart_box *b = &k->box[i];
        const double at[] = { b->x0, b->y0, b->x1, b->y1 };
        if (b->panel != panel) continue;
        fprintf(gp, "set object %d rectangle from ", i + 1);
        for (int c = 0; c < 4; c++) {
            if (isfinite(at[c]))
                fprintf(gp, "first %.9g", at[c]);
            else
                fprintf(gp, "graph %d", at[c] > 0);
            fputs(c == 0 || c == 2 ? "," : c == 1 ? " to " : "", gp);
        }
        if (*b->fill)
            fprintf(gp, " fc rgb '%s' fs solid 1 noborder behind\n", b->fill);
        else
            fprintf(gp, " fs empty border rgb '%s' lw 2 front\n", b->border);
    }
}

/* Titles are placed here: gnuplot guesses the width of labels, in SVG even beyond the edge. */
static void put_title(FILE *gp, const chart *k, int tag, const char *text, double x, double y)
{
    if (!text) return;
    fprintf(gp, "set label %d ", tag);
    quote(gp, text, false);
    fprintf(gp, " at screen %.4f,%.4f center%s textcolor rgb '%s'\n", x / k->width,
            1 - y / k->height, tag == TAG_Y_TITLE ? " rotate by 90" : "", k->style->ink);
}

static void put_texts(FILE *gp, const chart *k, int panel)
{
    const chart_panel *p = &k->panel[panel];
    const double em = k->style->font_size, mid = p->left + p->width / 2;
    put_title(gp, k, TAG_Y_TITLE, p->y.title,
              p->left - chart_room(&p->y, k->style, false) + 0.7 * em, p->top + p->height / 2);
    put_title(gp, k, TAG_X_TITLE, p->x.title, mid,
              p->top + p->height + chart_room(&p->x, k->style, true) - 0.55 * em);
    put_title(gp, k, TAG_PANEL_TITLE, p->title, mid, p->top - 0.8 * em);
    for (int i = 0; i < k->texts; i++) {
        const chart_text *t = &k->text[i];
        if (t->panel != panel) continue;
        fprintf(gp, "set label %d ", i + 1);
        quote(gp, t->text, false);
        /* Screen coordinates, because gnuplot has no shift in pixels. */
        const double x = (t->x - p->x.lo) / (p->x.hi - p->x.lo),
                     lx = p->x.log ? log(t->x / p->x.lo) / log(p->x.hi / p->x.lo) : x;
        fprintf(gp, " at screen %.4f, first %.9g %s%s textcolor rgb '%s' front\n",
                (p->left + lx * p->width + t->shift) / k->width, t->y,
                t->align < 0    ? "right"
                : t->align == 0 ? "center"
                                : "left",
                t->small ? " font small" : "", t->colour);
    }
}

static const int POINT[CHART_POINT_KINDS] = { 7, 5, 9, 11, 13, 15, 6, 4, 8, 10, 12, 14 };
static const char *const DASH[CHART_DASHES] = { "solid",      "(12,6)", "(3,5)",
                                                "(12,5,3,5)", "(6,4)",  "(12,4,3,4,3,4)" };

static unsigned transparency(const chart_look *l)
{
    return (unsigned)lround(255 * (1 - l->opacity)) & 255;
}

/* The legend is drawn here, because gnuplot's key leaves out, in silence, the entries for which it
 * sees no room. */
static void put_legend(FILE *gp, const chart *k)
{
    for (int i = 0; i < k->entries; i++) {
        const chart_entry *t = &k->entry[i];
        const chart_look *l = &t->look;
        const double y = 1 - t->y / k->height;
        fprintf(gp, "set label %d ", TAG_ENTRY + i);
        quote(gp, t->text, false);
        fprintf(gp, " at screen %.4f,%.4f left textcolor rgb '%s'\n",
                (t->x + CHART_TEXT) / k->width, y, k->style->ink);
        if (t->mark == CHART_LINE)
            fprintf(gp,
                    "set arrow %d from screen %.4f,%.4f to screen %.4f,%.4f nohead lw %g lc rgb "
                    "'#%02x%s' dt %s\n",
                    i + 1, t->x / k->width, y, (t->x + CHART_SAMPLE) / k->width, y, l->width,
                    transparency(l), l->colour + 1, DASH[l->dash]);
        if (l->point >= 0)
            fprintf(
                gp,
                "set label %d '' at screen %.4f,%.4f point pt %d ps %g lw %g lc rgb '#%02x%s'\n",
                TAG_POINT + i, (t->x + CHART_SAMPLE / 2.0) / k->width, y, POINT[l->point], l->size,
                l->width, transparency(l), l->colour + 1);
    }
}

static void put_look(FILE *gp, const chart_look *l, chart_mark mark)
{
    const bool line = mark == CHART_LINE, point = l->point >= 0;
    fputs(line && point          ? "with linespoints"
          : line                 ? "with lines"
          : mark == CHART_BARS_X ? "with xerrorbars"
          : mark == CHART_BARS_Y ? "with yerrorbars"
                                 : "with points",
          gp);
    fprintf(gp, " lw %g lc rgb '#%02x%s'", l->width, transparency(l), l->colour + 1);
    if (line) fprintf(gp, " dt %s", DASH[l->dash]);
    if (point) fprintf(gp, " pt %d ps %g", POINT[l->point], l->size);
    if (!point && !line) fputs(" pt 0", gp); /* a dot */
    if (line && point && l->every > 1) fprintf(gp, " pointinterval %d", l->every);
}

static void put_series(FILE *gp, const chart *k, int panel)
{
    fputs("plot \\\n", gp);
    for (int i = 0; i < k->many; i++) {
        const chart_series *s = &k->series[i];
        if (s->panel != panel || !s->n) continue;
        fprintf(gp, "  data index %d using ", i);
        switch (s->mark) {
        case CHART_BAND:
            fprintf(gp, "1:2:3 with filledcurves fc rgb '#%02x%s' fs solid noborder",
                    transparency(&s->look), s->look.colour + 1);
            break;
        case CHART_CELLS:
            fprintf(gp,
                    "1:2:($1-%g):($1+%g):($2-%g):($2+%g):4 with boxxyerror fs solid 1 noborder lc "
                    "rgb variable",
                    CHART_CELL_HALF_WIDTH, CHART_CELL_HALF_WIDTH, CHART_CELL_HALF_HEIGHT,
                    CHART_CELL_HALF_HEIGHT);
            break;
        default:
            fputs(s->width == 2 ? "1:2 " : "1:2:3:4 ", gp);
            put_look(gp, &s->look, s->mark);
        }
        fputs(" notitle, \\\n", gp);
    }
    fputs("  NaN notitle\n", gp);
}

static void put_panel(FILE *gp, const chart *k, int panel)
{
    const chart_panel *p = &k->panel[panel];
    fprintf(gp,
            "\nunset label\nunset arrow\nunset object\nunset grid\nunset key\n"
            "set border %d lw 0.8 lc rgb '%s'\n"
            "set lmargin at screen %.4f\nset rmargin at screen %.4f\n"
            "set tmargin at screen %.4f\nset bmargin at screen %.4f\n",
            (p->x.names ? 0 : 1) + (p->y.names ? 0 : 2), k->style->ink, p->left / k->width,
            (p->left + p->width) / k->width, 1 - p->top / k->height,
            1 - (p->top + p->height) / k->height);
    put_axis(gp, k, 'x', &p->x), put_axis(gp, k, 'y', &p->y);
    put_boxes(gp, k, panel), put_texts(gp, k, panel);
    if (panel == 0) put_remark(gp, k), put_legend(gp, k);
    put_series(gp, k, panel);
}

static void put_data(FILE *dat, const chart *k)
{
    for (int i = 0; i < k->many; i++) {
        const chart_series *s = &k->series[i];
        fprintf(dat, "%s# %s\n# %s\n", i ? "\n\n" : "", s->comment, s->columns);
        for (int r = 0; r < s->n; r++)
            for (int c = 0; c < s->width; c++)
                fprintf(dat, "%.9g%c", s->value[r * s->width + c], c + 1 < s->width ? ' ' : '\n');
        if (!s->n) fputs("NaN NaN\n", dat); /* gnuplot counts blocks, so none may be empty */
    }
}

static bool path_of(char path[PATH_SIZE], const char *folder, const char *name, const char *ending,
                    error *e)
{
    if (snprintf(path, PATH_SIZE, "%s/%s.%s", folder, name, ending) < PATH_SIZE) return true;
    return error_usage(e, "%s: the path is too long", folder);
}

bool gnuplot_write(const chart *k, const char *folder, const char *name, error *e)
{
    char path[PATH_SIZE];
    file_draft d;
    if (!path_of(path, folder, name, "dat", e) || !file_draft_open(&d, path, e)) return false;
    put_data(d.f, k);
    if (!file_draft_close(&d, e)) return false;
    if (!path_of(path, folder, name, "gp", e) || !file_draft_open(&d, path, e)) return false;
    put_head(d.f, k, name);
    for (int p = 0; p < k->panels; p++) put_panel(d.f, k, p);
    fputs("unset multiplot\n", d.f);
    return file_draft_close(&d, e);
}

/* In the child process: run gnuplot in the folder of the figure, with stderr going to `errors`. */
static void start(const char *folder, const char *name, const char *format, int errors)
{
    char script[256];
    snprintf(script, sizeof script, "%s.gp", name);
    const int nothing = open("/dev/null", O_RDWR);
    if (nothing < 0 || chdir(folder) != 0) _exit(126);
    dup2(nothing, 0), dup2(nothing, 1), dup2(errors, 2);
    execlp("gnuplot", "gnuplot", "-d", "-c", script, format, (char *)NULL);
    _exit(errno == ENOENT ? 127 : 126);
}

/* The first place of `what` in `bytes`; NULL if it is not there. */
static char *find(char *bytes, size_t size, const char *what)
{
    const size_t n = strlen(what);
    for (size_t i = 0; i + n <= size; i++)
        if (memcmp(bytes + i, what, n) == 0) return bytes + i;
    return NULL;
}

/* Overwrite /CreationDate (D:20260131...) with a date in 2000.  In place, because the length of a
 * PDF's objects must not change. */
static bool forget_date(const char *path, error *e)
{
    static const char KEY[] = "/CreationDate (D:", NEW_YEAR[] = "20000101000000";
    char *bytes;
    size_t size;
    if (!file_read(&bytes, &size, path, LIMIT, e)) return false;
    char *at = find(bytes, size, KEY), *end = bytes + size;
    if (at) at += strlen(KEY);
    for (size_t i = 0; at && at < end && *at != ')'; at++, i++)
        if (*at >= '0' && *at <= '9') *at = i < sizeof NEW_YEAR - 1 ? NEW_YEAR[i] : '0';
    const bool ok = file_write(path, bytes, size, e);
    free(bytes);
    return ok;
}

bool gnuplot_run(const char *folder, const char *name, const char *format, error *e)
{
    char path[PATH_SIZE];
    if (!path_of(path, folder, name, format, e)) return false;
    FILE *errors = tmpfile();
    if (!errors) return error_set(e, "cannot create a temporary file: %s", strerror(errno));
    const pid_t child = fork();
    if (child == 0) start(folder, name, format, fileno(errors));
    int status = -1;
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    char line[256] = "";
    rewind(errors);
    while (fgets(line, sizeof line, errors) && line[strspn(line, " ^\n")] == '\0') continue;
    line[strcspn(line, "\n")] = '\0';
    fclose(errors);
    if (child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return strcmp(format, "pdf") != 0 || forget_date(path, e);
    if (child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 127)
        return error_set(e, "gnuplot is not installed (Debian: gnuplot-nox)");
    return error_set(e, "%s: gnuplot failed%s%s", path, *line ? ": " : "", line);
}
