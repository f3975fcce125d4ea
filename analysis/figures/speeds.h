/* speeds.h - what the figures of decoding speed share: axes and lines of an arm. */
#ifndef ANALYSIS_FIGURES_SPEEDS_H
#define ANALYSIS_FIGURES_SPEEDS_H

#include "analysis/answers/speed.h"
#include "analysis/figures/figure.h"

/* The range of what is drawn; begins as { INFINITY, -INFINITY }. */
typedef struct speeds_range {
    double lo, hi;
} speeds_range;

/* A logarithmic axis over a range, with tics at 1, 2 and 5 times powers of ten that fit into
 * `length` pixels. */
void speeds_axis(chart_axis *a, const style *s, double length, speeds_range r, const char *title);

/* The same with tics at n ascending numbers. */
void speeds_axis_at(chart_axis *a, const style *s, double length, const double *at, int n,
                    const char *title);

/* Add a row to a series and widen the ranges by it. */
void speeds_point(figure *f, int series, double x, double y, speeds_range *xs, speeds_range *ys);

/* Read the speeds of a figure's study.  *found is false, and the figure is missing, if none were
 * measured. */
bool speeds_open(speed *s, bool *found, figure *f, error *e);

/* A panel for what was measured at a context. */
int speeds_panel(figure *f, int64_t context);

/* The remark of every such figure: `what`, then where it was measured. */
void speeds_remark(figure *f, const speed *s, const char *what);

#endif
