/* figure_distance.c - the score of each task against the distance to the evidence, arm by arm.
 *
 * Means over the items of a span of distances, then over seeds; bands are 95 % intervals over seeds
 * (Student's t).  Up to SPANS distances are taken as they are; more are put into spans between
 * powers of 2.
 */
#include "analysis/figures/task_items.h"

#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SPANS = 12, COLUMNS = 3 };

/* The span of a distance among n levels. */
static double span_of(double distance, int levels)
{
    return levels <= SPANS ? distance : exp2(floor(log2(distance)));
}

/* One arm: a point and a band for each span. */
static void put_arm(figure *f, int panel, int task, int arm, const double *span,
                    const double *level, int levels)
{
    const scores *k = f->c->scored->scores;
    chart_look look = f->look[arm], pale = look;
    pale.opacity = 0.15, pale.point = -1;
    bool *in = error_zeroed((size_t)k->task[task].items, sizeof *in);
    double *x = error_zeroed((size_t)k->seeds, sizeof *x);
    const int band = chart_add_series(&f->chart, panel, CHART_BAND, pale, f->study->arm[arm].label,
                                      "distance lower upper"),
              line = chart_add_series(&f->chart, panel, CHART_LINE, look, f->study->arm[arm].label,
                                      "distance score");
    for (int l = 0; l < levels; l++) {
        int n = 0;
        double mean, half;
        for (int i = 0; i < k->task[task].items; i++) in[i] = span[i] == level[l];
        for (int s = 0; s < k->seeds; s++) {
            const double score = task_items_mean(k, task, arm, s, in);
            if (!isnan(score)) x[n++] = score;
        }
        if (!n) continue;
        figure_mean(&mean, &half, x, n);
        chart_row(&f->chart, line, (double[]){ level[l], mean });
        if (n > 1) chart_row(&f->chart, band, (double[]){ level[l], mean - half, mean + half });
    }
    free(in), free(x);
}

static void put_axes(figure *f, int panel, const scores_task *t, const double *level, int levels)
{
    chart_panel *p = &f->chart.panel[panel];
    const double room = levels > 1 ? pow(level[levels - 1] / level[0], 0.06) : 2;
    char text[32];
    p->x.log = true, p->x.lo = level[0] / room, p->x.hi = level[levels - 1] * room;
    for (int l = 0; l < levels; l++) {
        snprintf(text, sizeof text, "%.6g", level[l]);
        chart_tic(&p->x, level[l], text);
    }
    chart_thin(&p->x, f->style, p->width);
    double lo = t->kind->accuracy ? 0 : INFINITY, hi = t->kind->accuracy ? 1 : -INFINITY;
    for (int s = 0; s < f->chart.many; s++) {
        const chart_series *x = &f->chart.series[s];
        for (int i = 0; i < x->n && x->panel == panel && !t->kind->accuracy; i++)
            for (int c = 1; c < x->width; c++) figure_widen(&lo, &hi, x->value[i * x->width + c]);
    }
    figure_range(&p->y, lo, hi, 0.03);
    chart_tics(&p->y, 5);
    if (!isnan(t->chance) && t->kind->accuracy)
        chart_rule(&f->chart, panel, 'y', t->chance, CHART_DOTTED);
    chart_clip(&f->chart, panel);
    snprintf(text, sizeof text, "%s", t->kind->name);
    chart_set_title(&p->y, text), chart_set_title(&p->x, "distance to the evidence, tokens");
}

static bool put_task(figure *f, int task, bool *drawn, error *e)
{
    const scores_task *t = &f->c->scored->scores->task[task];
    double *span;
    int known;
    *drawn = false;
    if (!task_items_read(&span, &known, f, task, TASK_ITEMS_DISTANCE, e)) return false;
    double *level = error_zeroed((size_t)t->items, sizeof *level);
    for (int i = 0; i < t->items; i++)
        if (!(span[i] > 0)) span[i] = NAN;
    int levels = task_items_levels(level, span, t->items);
    for (int i = 0, many = levels; i < t->items; i++)
        if (!isnan(span[i])) span[i] = span_of(span[i], many);
    levels = task_items_levels(level, span, t->items);
    if (levels > 1) {
        const int panel =
            chart_add_panel(&f->chart, t->name, f->style->panel_width, f->style->panel_height);
        for (int a = 0; a < f->study->arms; a++) put_arm(f, panel, task, a, span, level, levels);
        put_axes(f, panel, t, level, levels);
        *drawn = true;
    }
    free(span), free(level);
    return true;
}

static bool make(figure *f, error *e)
{
    bool ok;
    if (task_items_none(&ok, f, e)) return ok;
    int panels = 0;
    for (int t = 0; ok && t < f->c->scored->scores->tasks; t++) {
        bool drawn = false;
        ok = put_task(f, t, &drawn, e);
        panels += drawn;
    }
    if (!ok) return false;
    if (!panels) return figure_missing(f, "no task of %s has them", f->study->metric.name);
    for (int a = 0; a < f->study->arms; a++)
        chart_add_entry(&f->chart, f->name[a], CHART_LINE, f->look[a]);
    f->chart.columns = panels < COLUMNS ? panels : COLUMNS;
    chart_set_remark(
        &f->chart, "means over items and seeds; bands: 95 % intervals over seeds, each by itself; "
                   "dotted: chance");
    return true;
}

const figure_kind figure_kind_distance = {
    .name = "distance",
    .help = "the score of a task against the distance to the evidence",
    .needs = "a suite with a task whose items have several distances",
    .make = make,
};
