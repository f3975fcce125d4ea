/* figure.h - what the kinds of figures.h have in common, while one is put together. */
#ifndef ANALYSIS_FIGURES_FIGURE_H
#define ANALYSIS_FIGURES_FIGURE_H

#include "analysis/figures/chart.h"
#include "analysis/figures/figures.h"

typedef struct figure {
    const figures_request *asked;
    const comparison *c;
    const study *study;
    db *d;
    const style *style;
    chart chart;
    char **name;      /* (arms): labels, the long ones cut but no two alike */
    chart_look *look; /* (arms): colour and point by variant, dash by what else varies */
    char *needs;
} figure;

/* Say what it would take, and return true: no error, but nothing to draw. */
bool figure_needs(figure *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* "val_loss@512, nats". */
enum { FIGURE_TITLE = 160 };
void figure_metric(char title[FIGURE_TITLE], const study *s);

/* Widen a range by a number, unless that is not finite. */
void figure_widen(double *lo, double *hi, double x);

/* A range of its own for a, with room at both ends. */
void figure_range(chart_axis *a, double lo, double hi, double room);

/* A difference as compare prints it, with a sign. */
void figure_difference(char text[32], const comparison *c, double x);

/* Mean and half a 95 % t-interval of n values (0 for one). */
void figure_mean(double *mean, double *half, const double *x, int n);

bool figure_loss(figure *f, error *e);
bool figure_diff(figure *f, error *e);
bool figure_heat(figure *f, error *e);
bool figure_interaction(figure *f, error *e);
bool figure_position(figure *f, error *e);
bool figure_matrix(figure *f, error *e);
bool figure_frontier(figure *f, error *e);
bool figure_rate(figure *f, error *e);

#endif
