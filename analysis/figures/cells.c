/* cells.c - a table as squares of colour, each with a text: what heat maps are made of.
 *
 * Column c (from 0) has its centre at x = c + 1 and row r at y = rows - r, so that the first row is
 * at the top.
 */
#include "analysis/figures/cells.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double widest(const style *s, char *const *text, int n, double least)
{
    for (int i = 0; i < n; i++) least = fmax(least, chart_text_width(s, text[i], false) + 12);
    return least;
}

cells cells_open(figure *f, const char *title, int rows, char *const *row, int cols,
                 char *const *col)
{
    enum { MOST = 36, LEAST = 9 }; /* characters of a label; height in ems, for the words beside */
    chart *k = &f->chart;
    const double size = f->style->font_size;
    cells g = { .rows = rows };
    char **short_col = error_zeroed((size_t)cols, sizeof *short_col);
    for (int c = 0; c < cols; c++) short_col[c] = chart_cut(col[c], MOST);
    g.panel = chart_add_panel(k, title, cols * widest(f->style, short_col, cols, 6.4 * size),
                              fmax(3 * rows, LEAST) * size);
    chart_panel *p = &k->panel[g.panel];
    p->x.names = p->y.names = true, p->x.grid = p->y.grid = false;
    p->x.lo = p->y.lo = 0.5, p->x.hi = cols + 0.5, p->y.hi = rows + 0.5;
    for (int c = 0; c < cols; c++) chart_tic(&p->x, c + 1, short_col[c]);
    for (int r = 0; r < rows; r++) {
        char *name = chart_cut(row[r], MOST);
        chart_tic(&p->y, rows - r, name);
        free(name);
    }
    for (int c = 0; c < cols; c++) free(short_col[c]);
    free(short_col);
    g.series = chart_add_series(k, g.panel, CHART_CELLS, chart_look_at(f->style, 0),
                                title && *title ? title : "cells", "column row value colour");
    return g;
}

void cells_put(figure *f, const cells *g, int row, int col, double value, const char *colour,
               const char *text)
{
    const double x = col + 1, y = g->rows - row;
    if (!isnan(value))
        chart_row(&f->chart, g->series,
                  (double[]){ x, y, value, (double)strtoul(colour + 1, NULL, 16) });
    chart_text t = { .panel = g->panel, .x = x, .y = y, .text = (char *)text };
    /* White text on dark squares, for contrast (WCAG 2.1). */
    if (style_luminance(colour) < 0.18) memcpy(t.colour, "#ffffff", STYLE_COLOUR);
    chart_add_text(&f->chart, t);
}

void cells_frame(figure *f, const cells *g, int row, int col)
{
    const double x = col + 1, y = g->rows - row;
    chart_box frame = { .panel = g->panel,
                        .x0 = x - CHART_CELL_HALF_WIDTH,
                        .x1 = x + CHART_CELL_HALF_WIDTH,
                        .y0 = y - CHART_CELL_HALF_HEIGHT,
                        .y1 = y + CHART_CELL_HALF_HEIGHT };
    memcpy(frame.border, f->style->ink, STYLE_COLOUR);
    chart_add_box(&f->chart, frame);
}
