/* chart.h - a figure as data: panels of series, with their texts and positions.
 *
 * gnuplot.h and pgfplots.h draw the same chart.  What a figure shows is decided here, once; how it
 * looks is decided by the style.  All strings are copied, and control characters and invalid UTF-8
 * are removed from them.  Lengths are pixels of the SVG, 96 per inch.
 */
#ifndef ANALYSIS_FIGURES_CHART_H
#define ANALYSIS_FIGURES_CHART_H

#include "analysis/figures/style.h"

#include <stdbool.h>
#include <stddef.h>

typedef enum chart_mark {
    CHART_LINE,   /* x y       */
    CHART_BAND,   /* x lo hi   */
    CHART_POINTS, /* x y       */
    CHART_BARS_X, /* x y lo hi */
    CHART_BARS_Y, /* x y lo hi */
    CHART_CELLS,  /* x y value colour: a square around (x, y), the colour as a number */
} chart_mark;

/* Half the size of the square of a cell: a little less than half a unit, which leaves a gap. */
#define CHART_CELL_HALF_WIDTH  0.485
#define CHART_CELL_HALF_HEIGHT 0.47

enum {
    CHART_SOLID,
    CHART_DASHED,
    CHART_DOTTED,
    CHART_DASHDOT,
    CHART_SHORT,
    CHART_DASHDOTS,
    CHART_DASHES
};
enum { CHART_POINT_KINDS = 12 };

typedef struct chart_look {
    char colour[STYLE_COLOUR];
    double opacity, width;
    int point; /* kind of point, or -1 for none */
    double size;
    int every; /* a line has a point at every so many values */
    int dash;
} chart_look;

typedef struct chart_series {
    int panel;
    chart_mark mark;
    chart_look look;
    char *comment; /* written above the data, together with the columns */
    const char *columns;
    int n, width;
    double *value; /* (n, width) */
} chart_series;

typedef struct chart_axis {
    char *title;
    double lo, hi;
    bool log, names, grid; /* names: tics are words, so there is no line and no marks */
    int tics;
    double *at;
    char **label;
} chart_axis;

typedef struct chart_panel {
    char *title;
    chart_axis x, y;
    double width, height; /* of the plotting area, as asked for */
    double left, top;     /* its position (chart_place) */
} chart_panel;

/* A text at a point of a panel: to its left (`align` -1), centred (0) or to its right (1). */
typedef struct chart_text {
    int panel, align;
    double x, y, shift; /* shift: pixels to the right */
    bool small;
    char colour[STYLE_COLOUR];
    char *text;
} chart_text;

/* A rectangle behind everything, or a frame in front; an infinite side is the panel's edge. */
typedef struct chart_box {
    int panel;
    double x0, y0, x1, y1;
    char fill[STYLE_COLOUR], border[STYLE_COLOUR]; /* "": none */
} chart_box;

typedef struct chart_entry {
    char *text;
    chart_mark mark;
    chart_look look;
    double x, y; /* left edge and middle of its line (chart_place) */
} chart_entry;

/* An entry of the legend: a sample of this width, then the text from CHART_TEXT on. */
enum { CHART_SAMPLE = 30, CHART_TEXT = 38 };

typedef struct chart {
    const style *style;
    int columns;  /* panels side by side */
    char *remark; /* what the caption should say */
    int panels, many, texts, boxes, entries;
    chart_panel *panel;
    chart_series *series; /* (many), drawn in this order */
    chart_text *text;
    chart_box *box;
    chart_entry *entry; /* the legend: to the right of the panels if it fits, else below them */
    bool narrow;        /* for a narrow page: the legend is always below */
    /* Computed by chart_place: */
    double width, height; /* of the figure */
    bool legend_below;
    int legend_columns; /* 0: no legend */
    double line;        /* height of a line of the remark */
    int remark_lines;
} chart;

void chart_open(chart *k, const style *s);
void chart_close(chart *k);

/* Add a part.  Panels and series return their index. */
int chart_add_panel(chart *k, const char *title, double width, double height);
int chart_add_series(chart *k, int panel, chart_mark mark, chart_look look, const char *comment,
                     const char *columns);
void chart_add_text(chart *k, chart_text t); /* t.text is copied */
void chart_add_box(chart *k, chart_box b);
void chart_add_entry(chart *k, const char *text, chart_mark mark, chart_look look);
void chart_set_remark(chart *k, const char *text);
void chart_set_title(chart_axis *a, const char *text);

/* Add a row to a series: as many values as its mark has. */
void chart_row(chart *k, int series, const double *value);

/* A line across a panel at x or y; the ranges of the panel must be set. */
void chart_rule(chart *k, int panel, char axis, double at, int dash);

/* Add about `count` tics at round numbers, with as many digits as their step needs. */
void chart_tics(chart_axis *a, int count);
void chart_tic(chart_axis *a, double at, const char *label);

/* Drop tics whose labels would touch each other on an axis of `length` pixels. */
void chart_thin(chart_axis *a, const style *s, double length);

/* A logarithmic axis from lo to hi, of `length` pixels, with tics at 1, 2 and 5 times powers of 10.
 */
void chart_log(chart_axis *a, const style *s, double length, double lo, double hi);

/* The look of a thing that has two numbers, both from 0: the first chooses the colour, the second
 * the dash, and both together the point.  Two things with the same colour differ in their point;
 * after CHART_POINT_KINDS seconds, colours become greyer.  first must be less than s->colours. */
chart_look chart_look_of(const style *s, int first, int second);

/* The same for a thing that has one number: as (i % colours, i / colours). */
chart_look chart_look_at(const style *s, int i);

/* The approximate width of a text. */
double chart_text_width(const style *s, const char *text, bool small);

/* Cut the bands of a panel at the ends of its axes, by interpolation: gnuplot's PNG would fill what
 * lies outside. */
void chart_clip(chart *k, int panel);

/* The room for labels and title to the left of a panel (axis y) or below it (axis x). */
double chart_room(const chart_axis *a, const style *s, bool below);

/* Compute the position and size of everything; call it when the chart is complete. */
void chart_place(chart *k);

/* A copy without control characters and invalid UTF-8; the caller frees it. */
char *chart_clean(const char *text);

/* The same with at most `most` characters; the middle is left out. */
char *chart_cut(const char *text, int most);

/* Is the hyphen at `text` a minus sign, as in "-0.02" or "[-0.02, ..."?  `start`: where the whole
 * text begins. */
bool chart_is_minus(const char *text, const char *start);

/* The code point at `text`, which must be clean, and its number of bytes. */
unsigned long chart_character(int *bytes, const char *text);

#endif
