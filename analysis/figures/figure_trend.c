/* figure_trend.c - does a difference grow, close or stay with the size of the model?
 *
 * Differences from the baseline against the parameters of the baseline, with their simultaneous
 * intervals; for each kind of arm the fitted line, dashed beyond the largest size, and the band of
 * its prediction interval (trend.h), as far again as the sizes reach, but at most a factor of 8.
 */
#include "analysis/answers/trends.h"
#include "analysis/figures/figure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS = 60 };

/* How far the line is drawn beyond the sizes tried, in units of log2. */
static double beyond(const trends_row *r)
{
    const double span = r->u[r->levels - 1] - r->u[0];
    return span < 3 ? span : 3;
}

static void put_band(figure *f, const trends *t, const trends_row *r, double *lo, double *hi)
{
    const double from = r->u[0], last = r->u[r->levels - 1], to = last + beyond(r);
    chart_look look = f->look[r->arm];
    look.point = -1, look.opacity = f->style->band_opacity;
    if (r->levels < 3) return;
    const int band = chart_add_series(&f->chart, 0, CHART_BAND, look, r->name,
                                      "size lower upper, 1 - alpha prediction interval");
    for (int i = 0; i <= STEPS; i++) {
        const double u = from + (to - from) * i / STEPS;
        const trend_point p = trend_predict(&r->line, u, t->alpha);
        chart_row(&f->chart, band, (double[]){ exp2(u), p.lo, p.hi });
        if (u > last) continue; /* beyond, a wide band is cut */
        figure_widen(lo, hi, p.lo), figure_widen(lo, hi, p.hi);
    }
}

static void put_line(figure *f, const trends_row *r)
{
    const double from = r->u[0], last = r->u[r->levels - 1], to = last + beyond(r);
    chart_look look = f->look[r->arm];
    look.point = -1;
    const int line =
        chart_add_series(&f->chart, 0, CHART_LINE, look, r->name, "size fitted difference");
    chart_row(&f->chart, line, (double[]){ exp2(from), trend_at(&r->line, from) });
    chart_row(&f->chart, line, (double[]){ exp2(last), trend_at(&r->line, last) });
    look.dash = CHART_DASHED;
    const int rest = chart_add_series(&f->chart, 0, CHART_LINE, look, r->name,
                                      "size fitted difference, beyond the sizes tried");
    chart_row(&f->chart, rest, (double[]){ exp2(last), trend_at(&r->line, last) });
    chart_row(&f->chart, rest, (double[]){ exp2(to), trend_at(&r->line, to) });
}

static void put_levels(figure *f, const trends_row *r, double aside, double *lo, double *hi)
{
    chart_axis *x = &f->chart.panel[0].x;
    chart_look own = f->look[r->arm];
    own.width = f->style->bar_width;
    const int bars = chart_add_series(&f->chart, 0, CHART_BARS_Y, own, r->name,
                                      "size (shifted a little) difference lower upper, "
                                      "simultaneous 1 - alpha");
    for (int l = 0; l < r->levels; l++) {
        const contrast *p = &f->c->result.row[r->pair[l]];
        const bool known = isfinite(p->hi - p->lo);
        const double low = known ? p->lo : p->diff, high = known ? p->hi : p->diff;
        char number[32];
        chart_row(&f->chart, bars, (double[]){ r->size[l] * aside, p->diff, low, high });
        figure_widen(lo, hi, low), figure_widen(lo, hi, high);
        trends_number(number, sizeof number, r->size[l]);
        bool there = false;
        for (int i = 0; i < x->tics; i++) there = there || x->at[i] == r->size[l];
        if (!there) chart_tic(x, r->size[l], number);
    }
}

/* "mqa: -0.0053 [-0.0080, -0.0026] a doubling, closes" */
static void put_entry(figure *f, const trends *t, const trends_row *r)
{
    char text[256];
    const int digits = trends_digits(r);
    char *name = chart_cut(r->name, 36);
    int n = snprintf(text, sizeof text, "%s: %+.*f", name, digits,
                     table_rounded(r->line.slope, digits));
    if (isfinite(r->hi - r->lo))
        n += snprintf(text + n, sizeof text - (size_t)n, " [%+.*f, %+.*f]", digits,
                      table_rounded(r->lo, digits), digits, table_rounded(r->hi, digits));
    snprintf(text + n, sizeof text - (size_t)n, " a doubling, %s", trends_verdict(t, r));
    chart_add_entry(&f->chart, text, CHART_LINE, f->look[r->arm]);
    free(name);
}

static void draw(figure *f, const trends *t)
{
    double lo = 0, hi = 0, first = INFINITY, last = 0;
    char title[FIGURE_TITLE], text[512];
    chart *k = &f->chart;
    chart_add_panel(k, NULL, f->style->panel_width, f->style->panel_height);
    for (int i = 0; i < t->n; i++) put_band(f, t, &t->row[i], &lo, &hi);
    for (int i = 0; i < t->n; i++) put_line(f, &t->row[i]);
    for (int i = 0; i < t->n; i++) {
        const trends_row *r = &t->row[i];
        put_levels(f, r, exp2(0.04 * (i - 0.5 * (t->n - 1))), &lo, &hi);
        put_entry(f, t, r);
        first = fmin(first, r->size[0]);
        last = fmax(last, exp2(r->u[r->levels - 1] + beyond(r)));
    }
    chart_axis *x = &k->panel[0].x, *y = &k->panel[0].y;
    x->log = true, x->lo = first / pow(last / first, 0.06), x->hi = last;
    chart_thin(x, f->style, f->style->panel_width);
    if (!isnan(t->margin)) {
        chart_box b = { 0, -INFINITY, -t->margin, INFINITY, t->margin, "", "" };
        memcpy(b.fill, f->style->margin, STYLE_COLOUR);
        chart_add_box(k, b);
        figure_widen(&lo, &hi, t->margin), figure_widen(&lo, &hi, -t->margin);
    }
    figure_range(y, lo, hi, 0.06);
    chart_tics(y, 6);
    chart_clip(k, 0);
    chart_rule(k, 0, 'y', 0, CHART_SOLID);
    figure_metric(title, f->study);
    snprintf(text, sizeof text, "difference in %s", title);
    chart_set_title(x, "parameters of the baseline"), chart_set_title(y, text);
    snprintf(text, sizeof text,
             "bars: simultaneous %g %% intervals; band: prediction interval of the line for a size "
             "that was not tried, for each kind of arm; dashed: beyond the sizes tried",
             100 * (1 - t->alpha));
    chart_set_remark(k, text);
}

static bool make(figure *f, error *e)
{
    char *axis = trends_axis(f->c);
    trends t;
    if (!axis) return figure_missing(f, "there is none");
    const bool ok = trends_open(&t, f->c, axis, TRENDS_PARAMS, e);
    if (ok) draw(f, &t), trends_close(&t);
    free(axis);
    return ok;
}

const figure_kind figure_kind_trend = {
    .name = "trend",
    .help = "differences from the baseline against the size of the model",
    .needs = "arms compared with a baseline at two or more sizes (an axis that changes parameters)",
    .make = make,
};
