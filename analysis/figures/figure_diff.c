/* figure_diff.c - a forest plot of the paired differences: one row per arm and baseline.
 *
 * Each row shows the simultaneous 1 - alpha interval (thin), the 1 - 2 alpha interval that the
 * equivalence test uses (thick), the difference at each seed, and the verdict; the margin is
 * shaded.  The mean's point looks as its arm does on every figure; bars and seeds are grey.  On a
 * narrow page the words stand above each row instead of beside it.
 */
#include "analysis/figures/figure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Heights of a row in pixels; the panel has room for at least so many rows. */
enum { ROW = 44, ROW_NARROW = 72, LEAST = 3 };

static bool one_base(const comparison *c)
{
    for (int i = 1; i < c->asked.pairs; i++)
        if (c->pair[i].base != c->pair[0].base) return false;
    return true;
}

/* Series in drawing order: seeds, 1 - alpha intervals, 1 - 2 alpha intervals, means. */
static void put_series(figure *f, double *lo, double *hi)
{
    const comparison *c = f->c;
    chart *k = &f->chart;
    chart_look look = chart_look_at(f->style, 0), seed;
    memcpy(look.colour, f->style->quiet, STYLE_COLOUR);
    seed = look, seed.point = 6, seed.size *= 0.5, seed.opacity = 0.8; /* circles */
    look.point = -1, look.width = f->style->bar_width;
    const int seeds = chart_add_series(k, 0, CHART_POINTS, seed, "the seeds", "difference row");
    const int outer = chart_add_series(k, 0, CHART_BARS_X, look, "simultaneous 1 - alpha",
                                       "difference row lower upper");
    look.width *= 2.7;
    const int inner = chart_add_series(k, 0, CHART_BARS_X, look, "simultaneous 1 - 2 alpha",
                                       "difference row lower upper");
    for (int i = 0; i < c->asked.pairs; i++) {
        const contrast *r = &c->result.row[i];
        const double row = c->asked.pairs - i;
        for (int s = 0; s < c->asked.seeds; s++) {
            const double d = c->y[c->pair[i].arm * c->asked.seeds + s] -
                             c->y[c->pair[i].base * c->asked.seeds + s];
            if (isnan(d)) continue;
            chart_row(k, seeds, (double[]){ d, row - 0.24 });
            figure_widen(lo, hi, d);
        }
        if (isnan(r->diff)) continue;
        const int mean = chart_add_series(k, 0, CHART_POINTS, f->look[c->pair[i].arm],
                                          f->study->arm[c->pair[i].arm].label, "difference row");
        chart_row(k, mean, (double[]){ r->diff, row });
        figure_widen(lo, hi, r->diff);
        if (!isfinite(r->hi - r->lo)) continue;
        chart_row(k, outer, (double[]){ r->diff, row, r->lo, r->hi });
        chart_row(k, inner, (double[]){ r->diff, row, r->inner_lo, r->inner_hi });
        figure_widen(lo, hi, r->lo), figure_widen(lo, hi, r->hi);
    }
}

static void put_above(figure *f, const char *words, double row)
{
    char *fits = chart_cut(words, 36);
    chart_add_text(
        &f->chart,
        (chart_text){
            .x = f->chart.panel[0].x.lo, .y = row, .align = 1, .shift = -4, .text = fits });
    free(fits);
}

/* Names to the left of the rows, verdicts to the right; both above if the page is narrow. */
static void put_rows(figure *f)
{
    const comparison *c = f->c;
    chart_axis *y = &f->chart.panel[0].y;
    for (int i = 0; i < c->asked.pairs; i++) {
        const contrast *r = &c->result.row[i];
        char name[512], number[32], text[96] = "not enough runs";
        snprintf(name, sizeof name, "%s%s%s", f->name[c->pair[i].arm], one_base(c) ? "" : " − ",
                 one_base(c) ? "" : f->name[c->pair[i].base]);
        if (f->chart.narrow)
            put_above(f, f->name[c->pair[i].arm], c->asked.pairs - i + 0.44);
        else
            chart_tic(y, c->asked.pairs - i, name);
        figure_difference(number, c, r->diff);
        if (!isnan(r->diff))
            snprintf(text, sizeof text, "%s  %s", number, contrast_verdict_name(r->verdict));
        if (f->chart.narrow)
            put_above(f, text, c->asked.pairs - i + 0.21);
        else
            chart_add_text(&f->chart, (chart_text){ .x = f->chart.panel[0].x.hi,
                                                    .y = c->asked.pairs - i,
                                                    .align = 1,
                                                    .shift = 10,
                                                    .text = text });
    }
}

static bool make(figure *f, error *e)
{
    (void)e;
    const comparison *c = f->c;
    const metric *m = &f->study->metric;
    const double margin = c->asked.margin;
    const int rows = c->asked.pairs;
    if (!rows) return figure_missing(f, "no arm has one");
    int compared = 0;
    for (int i = 0; i < rows; i++) compared += !isnan(c->result.row[i].diff);
    if (!compared) return figure_missing(f, "too few runs are done to compare any");
    chart *k = &f->chart;
    double lo = 0, hi = 0;
    chart_add_panel(k, NULL, f->style->panel_width,
                    f->chart.narrow ? ROW_NARROW * rows : ROW * fmax(rows, LEAST));
    put_series(f, &lo, &hi);
    if (!isnan(margin)) figure_widen(&lo, &hi, margin), figure_widen(&lo, &hi, -margin);
    chart_axis *x = &k->panel[0].x, *y = &k->panel[0].y;
    figure_range(x, lo, hi, 0.05);
    chart_tics(x, k->narrow ? 4 : 6);
    chart_thin(x, f->style, f->style->panel_width);
    y->lo = 0.4, y->hi = rows + 0.6, y->names = true, y->grid = false;
    char text[512], title[FIGURE_TITLE];
    const char *better = m->larger_is_better ? "right" : "left";
    figure_metric(title, f->study);
    if (k->narrow)
        snprintf(text, sizeof text, "difference%s%s (%s is better)", *m->unit ? ", " : "", m->unit,
                 better);
    else
        snprintf(text, sizeof text, "difference%s%s in %s (%s is better)",
                 one_base(c) ? " from " : "", one_base(c) ? f->name[c->pair[0].base] : "", title,
                 better);
    chart_set_title(x, text);
    put_rows(f);
    if (!isnan(margin)) {
        chart_box b = { .x0 = -margin, .x1 = margin, .y0 = -INFINITY, .y1 = INFINITY };
        memcpy(b.fill, f->style->margin, STYLE_COLOUR);
        chart_add_box(k, b);
    }
    chart_rule(k, 0, 'x', 0, CHART_SOLID);
    snprintf(
        text, sizeof text,
        "bars: simultaneous intervals, %g %% (thin) and, for equivalence, %g %% (thick); circles: "
        "single seeds",
        100 * (1 - c->asked.alpha), 100 * (1 - 2 * c->asked.alpha));
    if (!isnan(margin))
        snprintf(text + strlen(text), sizeof text - strlen(text), "; shaded: margin ±%g", margin);
    chart_set_remark(k, text);
    return true;
}

const figure_kind figure_kind_diff = {
    .name = "diff",
    .help = "paired differences from the baseline, with the margin",
    .needs = "an arm with a baseline",
    .make = make,
};
