/* figure.h - a figure while it is made, and what all kinds of figures use. */
#ifndef ANALYSIS_FIGURES_FIGURE_H
#define ANALYSIS_FIGURES_FIGURE_H

#include "analysis/figures/chart.h"
#include "analysis/figures/figures.h"

struct figure {
    const figure_kind *kind;
    const figures_request *asked;
    const comparison *c;
    const study *study;
    db *d;
    const style *style;
    chart chart;
    char **name;      /* (arms): labels, long ones shortened but still distinct */
    chart_look *look; /* (arms): figures_looks */
    char *missing;    /* of FIGURES_MISSING characters */
};

/* Report that the study lacks what the kind needs; the text says what was found instead.  Always
 * returns true: this is no error, but there is nothing to draw. */
bool figure_missing(figure *f, const char *found, ...) __attribute__((format(printf, 2, 3)));

/* The metric with its unit: "val_loss@512, nats". */
enum { FIGURE_TITLE = 160 };
void figure_metric(char title[FIGURE_TITLE], const study *s);

/* Widen a range so that it holds x, unless x is not finite. */
void figure_widen(double *lo, double *hi, double x);

/* Set the range of an axis, with room (a fraction of the range) at both ends. */
void figure_range(chart_axis *a, double lo, double hi, double room);

/* A difference with its sign and the digits that compare prints. */
void figure_difference(char text[32], const comparison *c, double x);

/* Mean and half-width of the 95 % t-interval of n values (half-width 0 if n is 1). */
void figure_mean(double *mean, double *half, const double *x, int n);

#endif
