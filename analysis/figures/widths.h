/* widths.h - the width of an interval against what it costs: a chart that a figure and `attnlab
 * plan` share.
 *
 * Each line is a recipe: a size, length and study.  Along it the number of seeds grows from
 * PROMISE_SEEDS on; x is core-minutes of all arms, y half the width of a contrast's interval that a
 * study with so many seeds will have, with the range of promise.h.
 */
#ifndef ANALYSIS_FIGURES_WIDTHS_H
#define ANALYSIS_FIGURES_WIDTHS_H

#include "analysis/figures/chart.h"
#include "analysis/statistics/promise.h"
#include "core/base/error.h"

enum { WIDTHS_NAME = 96, WIDTHS_LINES = 16, WIDTHS_SEEDS = 48 };

typedef struct widths_line {
    char name[WIDTHS_NAME];
    promise_spread spread;
    procedure_plan plan; /* the family is the caller's */
    double minutes;      /* core-minutes of one seed of all arms */
    int seeds;           /* the most to draw; at most WIDTHS_SEEDS */
    int mark;            /* seeds at which to put a point; 0: none */
    double mark_half;    /* its half-width; NaN: as promised */
} widths_line;

/* Fill an open chart.  margin NaN: none.  At most WIDTHS_LINES lines are drawn. */
void widths_draw(chart *k, const widths_line *line, double margin, const char *title, int lines);

/* The same as a figure of its own: FOLDER/plan.svg etc., for what `attnlab plan` proposes.  The
 * folder is made if need be; only earlier figures are replaced. */
bool widths_write(const char *folder, const widths_line *line, double margin, int lines, error *e);

#endif
