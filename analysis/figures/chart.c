/* chart.c - build a chart, clean its texts, choose its tics and compute its layout. */
#include "analysis/figures/chart.h"

#include "core/base/growing.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The number of bytes of the character at `text`; 0 if it is not printable. */
static size_t character(const char *text)
{
    const unsigned char *b = (const unsigned char *)text;
    if (*b < 0x80) return *b >= ' ' && *b != 127;
    const size_t n = *b >= 0xf0 ? 4 : *b >= 0xe0 ? 3 : 2;
    if (*b < 0xc2 || *b > 0xf4) return 0;
    for (size_t i = 1; i < n; i++)
        if ((b[i] & 0xc0) != 0x80) return 0;
    if (*b == 0xc2 && b[1] < 0xa0) return 0;                                  /* C1 controls    */
    if ((*b == 0xe0 && b[1] < 0xa0) || (*b == 0xf0 && b[1] < 0x90)) return 0; /* overlong       */
    if ((*b == 0xed && b[1] > 0x9f) || (*b == 0xf4 && b[1] > 0x8f)) return 0; /* not characters */
    if (*b == 0xe2 && b[1] == 0x80 && (b[2] & 0xfe) == 0xa8) return 0;        /* line separators */
    if (*b == 0xe2 && b[1] == 0x80 && b[2] >= 0xaa && b[2] <= 0xae) return 0; /* change direction */
    if (*b == 0xe2 && b[1] == 0x81 && b[2] >= 0xa6 && b[2] <= 0xa9) return 0; /* as above       */
    if (*b == 0xef && b[1] == 0xbf && b[2] >= 0xbe) return 0;                 /* U+FFFE, U+FFFF  */
    return n;
}

char *chart_clean(const char *text)
{
    char *out = malloc(strlen(text) + 1), *to = out;
    if (!out) error_memory();
    while (*text) {
        const size_t n = character(text);
        if (n)
            memcpy(to, text, n), to += n, text += n;
        else
            *to++ = (unsigned char)*text < 0x80 ? ' ' : '?', text++;
    }
    *to = '\0';
    return out;
}

unsigned long chart_character(int *bytes, const char *text)
{
    const unsigned char b = (unsigned char)*text;
    *bytes = b >= 0xf0 ? 4 : b >= 0xe0 ? 3 : b >= 0x80 ? 2 : 1;
    unsigned long code = *bytes == 4 ? b & 7u : *bytes == 3 ? b & 15u : *bytes == 2 ? b & 31u : b;
    for (int i = 1; i < *bytes; i++) code = code << 6 | ((unsigned char)text[i] & 63u);
    return code;
}

static int length_of(const char *text)
{
    int n = 0;
    for (; *text; text++) n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

char *chart_cut(const char *text, int most)
{
    static const char DOTS[] = "\u2026";
    char *clean = chart_clean(text);
    const int n = length_of(clean), head = (most - 1) / 2, tail = most - 1 - head;
    if (n <= most) return clean;
    char *out = malloc(strlen(clean) + sizeof DOTS), *to = out;
    if (!out) error_memory();
    int i = -1;
    for (const char *at = clean; *at; at++) {
        i += ((unsigned char)*at & 0xc0) != 0x80;
        if (i < head || i >= n - tail) *to++ = *at;
        if (i == head && ((unsigned char)*at & 0xc0) != 0x80) {
            memcpy(to, DOTS, sizeof DOTS - 1);
            to += sizeof DOTS - 1;
        }
    }
    *to = '\0';
    free(clean);
    return out;
}

bool chart_is_minus(const char *text, const char *start)
{
    return *text == '-' && text[1] >= '0' && text[1] <= '9' &&
           (text == start || text[-1] == ' ' || text[-1] == '[');
}

double chart_text_width(const style *s, const char *text, bool small)
{
    /* Advance widths of " " to "~" in DejaVu Sans, in 1/100 em; it is wider than most fonts. */
    static const unsigned char ADVANCE[] = {
        32, 40, 46, 84, 64, 95, 78, 27, 39, 39, 50, 84, 32, 36,  32, 34, 64, 64, 64,
        64, 64, 64, 64, 64, 64, 64, 34, 34, 84, 84, 84, 53, 100, 68, 69, 70, 77, 63,
        58, 77, 75, 29, 29, 66, 56, 86, 75, 79, 60, 79, 69, 63,  61, 73, 68, 99, 69,
        61, 69, 39, 34, 39, 84, 50, 50, 61, 63, 55, 63, 62, 35,  63, 63, 28, 28, 58,
        28, 97, 63, 61, 63, 63, 41, 52, 39, 63, 59, 82, 59, 59,  52, 64, 34, 64, 84
    };
    enum { LATIN = 70, SIGN = 84, WIDE = 105 }; /* beyond ASCII: estimates */
    const char *start = text;
    double n = 0;
    for (; *text; text++) {
        const unsigned char b = (unsigned char)*text;
        if ((b & 0xc0) == 0x80) continue;
        n += chart_is_minus(text, start)                      ? SIGN
             : b >= 0xe3                                      ? WIDE
             : b >= 0xe0                                      ? SIGN
             : b >= 0x80                                      ? LATIN
             : b >= ' ' && (size_t)(b - ' ') < sizeof ADVANCE ? ADVANCE[b - ' ']
                                                              : 0;
    }
    return n / 100 * (small ? s->small_size : s->font_size);
}

void chart_open(chart *k, const style *s)
{
    *k = (chart){ .style = s, .columns = 1 };
}

static void close_axis(chart_axis *a)
{
    for (int i = 0; i < a->tics; i++) free(a->label[i]);
    free(a->title), free(a->at), free(a->label);
}

void chart_close(chart *k)
{
    for (int i = 0; i < k->panels; i++) {
        free(k->panel[i].title);
        close_axis(&k->panel[i].x), close_axis(&k->panel[i].y);
    }
    for (int i = 0; i < k->many; i++) free(k->series[i].comment), free(k->series[i].value);
    for (int i = 0; i < k->texts; i++) free(k->text[i].text);
    for (int i = 0; i < k->entries; i++) free(k->entry[i].text);
    free(k->panel), free(k->series), free(k->text), free(k->box), free(k->entry), free(k->remark);
    *k = (chart){ 0 };
}

int chart_add_panel(chart *k, const char *title, double width, double height)
{
    k->panel = growing_list(k->panel, k->panels, sizeof *k->panel);
    k->panel[k->panels] = (chart_panel){ .title = title ? chart_clean(title) : NULL,
                                         .width = width,
                                         .height = height,
                                         .x.grid = true,
                                         .y.grid = true };
    return k->panels++;
}

int chart_add_series(chart *k, int panel, chart_mark mark, chart_look look, const char *comment,
                     const char *columns)
{
    static const int WIDTH[] = { 2, 3, 2, 4, 4, 4 };
    k->series = growing_list(k->series, k->many, sizeof *k->series);
    k->series[k->many] = (chart_series){ .panel = panel,
                                         .mark = mark,
                                         .look = look,
                                         .comment = chart_clean(comment),
                                         .columns = columns,
                                         .width = WIDTH[mark] };
    return k->many++;
}

void chart_row(chart *k, int series, const double *value)
{
    chart_series *s = &k->series[series];
    s->value = growing_list(s->value, s->n, (size_t)s->width * sizeof *s->value);
    memcpy(s->value + (size_t)s->n++ * (size_t)s->width, value, (size_t)s->width * sizeof *value);
}

void chart_add_text(chart *k, chart_text t)
{
    k->text = growing_list(k->text, k->texts, sizeof *k->text);
    t.text = chart_clean(t.text);
    if (!*t.colour) memcpy(t.colour, k->style->ink, STYLE_COLOUR);
    k->text[k->texts++] = t;
}

void chart_add_box(chart *k, chart_box b)
{
    k->box = growing_list(k->box, k->boxes, sizeof *k->box);
    k->box[k->boxes++] = b;
}

void chart_add_entry(chart *k, const char *text, chart_mark mark, chart_look look)
{
    k->entry = growing_list(k->entry, k->entries, sizeof *k->entry);
    k->entry[k->entries++] = (chart_entry){ chart_clean(text), mark, look };
}

void chart_set_remark(chart *k, const char *text)
{
    free(k->remark);
    k->remark = chart_clean(text);
}

void chart_set_title(chart_axis *a, const char *text)
{
    free(a->title);
    a->title = chart_clean(text);
}

void chart_rule(chart *k, int panel, char axis, double at, int dash)
{
    const chart_panel *p = &k->panel[panel];
    chart_look look = { .opacity = 1, .width = 1, .point = -1, .dash = dash };
    memcpy(look.colour, k->style->quiet, STYLE_COLOUR);
    const int s = chart_add_series(k, panel, CHART_LINE, look, "a line across", "x y");
    const bool x = axis == 'x';
    chart_row(k, s, (double[]){ x ? at : p->x.lo, x ? p->y.lo : at });
    chart_row(k, s, (double[]){ x ? at : p->x.hi, x ? p->y.hi : at });
}

void chart_tic(chart_axis *a, double at, const char *label)
{
    a->at = growing_list(a->at, a->tics, sizeof *a->at);
    a->label = growing_list(a->label, a->tics, sizeof *a->label);
    a->at[a->tics] = at, a->label[a->tics++] = chart_clean(label);
}

void chart_tics(chart_axis *a, int count)
{
    if (!(a->hi > a->lo) || !isfinite(a->hi - a->lo)) return;
    const double rough = (a->hi - a->lo) / count, ten = pow(10, floor(log10(rough)));
    const double step = ten * (rough < 1.5 * ten   ? 1
                               : rough < 3.5 * ten ? 2
                               : rough < 7.5 * ten ? 5
                                                   : 10);
    const int digits = step < 1 ? (int)ceil(-log10(step) - 1e-9) : 0;
    const double first = ceil(a->lo / step - 1e-9), last = floor(a->hi / step + 1e-9);
    for (double i = first; i <= last; i++) {
        char label[64];
        snprintf(label, sizeof label, "%.*f", digits, i == 0 ? 0.0 : i * step);
        chart_tic(a, i * step, label);
    }
}

void chart_thin(chart_axis *a, const style *s, double length)
{
    double end = -INFINITY;
    int kept = 0;
    for (int i = 0; i < a->tics; i++) {
        const double at = a->log ? log(a->at[i] / a->lo) / log(a->hi / a->lo)
                                 : (a->at[i] - a->lo) / (a->hi - a->lo);
        const double half = chart_text_width(s, a->label[i], false) / 2;
        if (at * length - half < end + s->font_size / 2) {
            free(a->label[i]);
            continue;
        }
        end = at * length + half;
        a->at[kept] = a->at[i], a->label[kept++] = a->label[i];
    }
    a->tics = kept;
}

void chart_log(chart_axis *a, const style *s, double length, double lo, double hi)
{
    static const double TIMES[] = { 1, 2, 5 };
    a->log = true, a->lo = lo, a->hi = hi;
    for (int tens = (int)floor(log10(lo)); tens <= (int)ceil(log10(hi)); tens++)
        for (int i = 0; i < 3; i++) {
            char text[48];
            const double at = TIMES[i] * pow(10, tens);
            if (at < lo || at > hi) continue;
            snprintf(text, sizeof text, "%.10g", at);
            chart_tic(a, at, text);
        }
    chart_thin(a, s, length);
}

chart_look chart_look_of(const style *s, int first, int second)
{
    /* 7 and 12 have no common divisor, so the points of one colour are all different.  It also
     * turns filled points into hollow ones and back, since points hide dashes. */
    enum { STEP = CHART_POINT_KINDS / 2 + 1 };
    chart_look look = { .opacity = 1,
                        .width = s->mean_width,
                        .point = (first + STEP * second) % CHART_POINT_KINDS,
                        .size = s->point_size,
                        .every = 1,
                        .dash = second % CHART_DASHES };
    const int greyer = second / CHART_POINT_KINDS;
    style_blend(look.colour, style_colour(s, first), "#808080", 1 - pow(0.6, greyer));
    return look;
}

chart_look chart_look_at(const style *s, int i)
{
    return chart_look_of(s, i % s->colours, i / s->colours);
}

/* The row of a band at x, between two of its rows. */
static void between(double out[3], const double *from, const double *to, double x)
{
    const double t = (x - from[0]) / (to[0] - from[0]);
    for (int i = 0; i < 3; i++) out[i] = from[i] + t * (to[i] - from[i]);
    out[0] = x;
}

static void clip_band(chart_series *s, double lo, double hi)
{
    double *out = malloc(((size_t)s->n + 3) * 3 * sizeof *out);
    if (!out) error_memory();
    int n = 0;
    for (int i = 0; i < s->n; i++) {
        const double *row = s->value + i * 3, *before = i ? row - 3 : row;
        if (before[0] < lo && row[0] > lo) between(out + 3 * n++, before, row, lo);
        if (before[0] < hi && row[0] > hi) between(out + 3 * n++, before, row, hi);
        if (row[0] >= lo && row[0] <= hi) memcpy(out + 3 * n++, row, 3 * sizeof *row);
    }
    free(s->value);
    s->value = out, s->n = n;
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The x between two rows at which an edge of the band crosses lo or hi, in order; returns how many.
 */
static int crossings(double out[4], const double *from, const double *to, double lo, double hi)
{
    int n = 0;
    for (int edge = 1; edge < 3; edge++)
        for (int side = 0; side < 2; side++) {
            const double t = ((side ? hi : lo) - from[edge]) / (to[edge] - from[edge]);
            if (t > 0 && t < 1) out[n++] = from[0] + t * (to[0] - from[0]);
        }
    qsort(out, (size_t)n, sizeof *out, by_size);
    return n;
}

/* Where an edge leaves the panel, the band gets a row; then no edge is beyond lo or hi. */
static void clip_edges(chart_series *s, double lo, double hi)
{
    double *out = malloc((size_t)s->n * 5 * 3 * sizeof *out);
    if (!out) error_memory();
    int n = 0;
    for (int i = 0; i < s->n; i++) {
        const double *row = s->value + i * 3;
        double x[4];
        const int cross = i ? crossings(x, row - 3, row, lo, hi) : 0;
        for (int j = 0; j < cross; j++) between(out + 3 * n++, row - 3, row, x[j]);
        memcpy(out + 3 * n++, row, 3 * sizeof *row);
    }
    for (int i = 0; i < n; i++)
        for (int edge = 1; edge < 3; edge++) {
            double *y = &out[i * 3 + edge];
            *y = fmin(fmax(*y, lo), hi);
        }
    free(s->value);
    s->value = out, s->n = n;
}

void chart_clip(chart *k, int panel)
{
    const chart_axis *x = &k->panel[panel].x, *y = &k->panel[panel].y;
    for (int i = 0; i < k->many; i++) {
        chart_series *s = &k->series[i];
        if (s->panel != panel || s->mark != CHART_BAND || !s->n) continue;
        clip_band(s, x->lo, x->hi);
        if (s->n) clip_edges(s, y->lo, y->hi);
    }
}

double chart_room(const chart_axis *a, const style *s, bool below)
{
    enum { GAP = 12 };
    double labels = 0;
    for (int i = 0; i < a->tics; i++)
        labels = fmax(labels, below ? 1.2 * s->font_size : chart_text_width(s, a->label[i], false));
    return labels + GAP + (a->title ? 1.7 * s->font_size : 0);
}

/* How far the texts and the last label extend beyond the right edge. */
static double reach_of(const chart *k, int panel)
{
    const chart_axis *a = &k->panel[panel].x;
    double reach = k->style->font_size;
    if (a->tics) reach = fmax(reach, chart_text_width(k->style, a->label[a->tics - 1], false) / 2);
    for (int i = 0; i < k->texts; i++) {
        const chart_text *t = &k->text[i];
        if (t->panel == panel && t->align > 0 && t->x >= a->hi)
            reach = fmax(reach, t->shift + chart_text_width(k->style, t->text, t->small));
    }
    return reach;
}

/* How far the title extends beyond either edge, with a gap to the next panel. */
static double overhang_of(const chart *k, int panel)
{
    const chart_panel *p = &k->panel[panel];
    if (!p->title) return 0;
    return (chart_text_width(k->style, p->title, false) + k->style->font_size - p->width) / 2;
}

enum { EDGE = 8 }; /* of the figure */

/* Place the panels horizontally, and return the right end of the last column's panels and of what
 * reaches beyond them. */
static double place_columns(double *beyond, chart *k)
{
    double x = EDGE;
    *beyond = 0;
    for (int c = 0; c < k->columns; c++) {
        double left = 0, width = 0, reach = 0;
        for (int i = c; i < k->panels; i += k->columns) {
            const double over = overhang_of(k, i);
            left = fmax(left, fmax(over, chart_room(&k->panel[i].y, k->style, false)));
            width = fmax(width, k->panel[i].width);
            reach = fmax(reach, fmax(over, reach_of(k, i)));
        }
        for (int i = c; i < k->panels; i += k->columns) k->panel[i].left = x + left;
        x += left + width + reach;
        *beyond = reach;
    }
    return x;
}

/* Place the panels vertically from y on; returns the lower end. */
static double place_rows(chart *k, double y)
{
    const style *s = k->style;
    for (int r = 0; r < k->panels; r += k->columns) {
        double above = 0.8 * s->font_size, height = 0, below = 0;
        for (int i = r; i < k->panels && i < r + k->columns; i++) {
            if (k->panel[i].title) above = 1.9 * s->font_size;
            height = fmax(height, k->panel[i].height);
            below = fmax(below, chart_room(&k->panel[i].x, s, true));
        }
        for (int i = r; i < k->panels && i < r + k->columns; i++) k->panel[i].top = y + above;
        y += above + height + below;
    }
    return y;
}

/* Place the entries of the legend row by row. */
static void place_entries(chart *k, double left, double top, double step, double room)
{
    for (int i = 0; i < k->entries; i++) {
        k->entry[i].x = left + i % k->legend_columns * room;
        k->entry[i].y = top + (i / k->legend_columns + 0.5) * step;
    }
}

void chart_place(chart *k)
{
    enum { LEAST = 360 };
    const style *s = k->style;
    const double step = 1.5 * s->font_size, gap = 1.5 * s->font_size;
    double beyond, room = 0, below = 0;
    k->line = 1.35 * s->small_size;
    const double x = place_columns(&beyond, k), panels = place_rows(k, 0);
    const double beside = x - beyond + fmax(beyond, s->font_size);
    for (int i = 0; i < k->entries; i++)
        room = fmax(room, CHART_TEXT + chart_text_width(s, k->entry[i].text, false));
    k->legend_below = k->narrow || k->entries * step > panels;
    k->width = fmax(x + EDGE, k->narrow ? 0 : LEAST);
    k->legend_columns = k->entries > 0;
    if (k->entries && !k->legend_below) k->width = fmax(k->width, beside + room + EDGE);
    if (k->entries && k->legend_below) {
        /* Wide enough that the legend is not higher than the panels. */
        const double columns = k->narrow ? 1 : ceil(k->entries * step / panels);
        k->width = fmax(k->width, columns * (room + gap) - gap + 2 * EDGE);
        const int most = (int)((k->width - 2 * EDGE + gap) / (room + gap) + 1e-9);
        const int rows = (k->entries + most - 1) / most;
        k->legend_columns = (k->entries + rows - 1) / rows;
        below = rows * step + 0.5 * step;
    }
    const double remark = k->remark ? chart_text_width(s, k->remark, true) : 0;
    k->remark_lines = (int)ceil(1.12 * remark / (k->width - 2 * EDGE));
    const double top = EDGE + k->remark_lines * k->line, end = place_rows(k, top);
    if (k->legend_below)
        place_entries(k, EDGE, end + 0.5 * step, step, room + gap);
    else if (k->entries)
        place_entries(k, beside, k->panel[0].top - 0.8 * s->font_size, step, room);
    k->height = end + below + EDGE;
}
