/* widths.c - lines of half-widths, with their ranges as bands, on logarithmic axes. */
#include "analysis/figures/widths.h"

#include "analysis/figures/figure.h"
#include "analysis/figures/outputs.h"
#include "core/base/file.h"

#include <math.h>
#include <stdio.h>

typedef struct range {
    double lo, hi;
} range;

static void draw_line(chart *k, const widths_line *l, int i, range *x, range *y)
{
    const int line_colour = i % k->style->colours;
    chart_look look = chart_look_of(k->style, line_colour, i / k->style->colours), faint = look;
    faint.opacity = k->style->band_opacity;
    look.every = 1, look.size *= 0.6;
    const int band = chart_add_series(k, 0, CHART_BAND, faint, l->name, "core-minutes, range"),
              line = chart_add_series(k, 0, CHART_LINE, look, l->name,
                                      "core-minutes, half-width of the interval");
    forecast f;
    forecast_open(&f, &l->plan, true);
    const int most = l->seeds < WIDTHS_SEEDS ? l->seeds : WIDTHS_SEEDS;
    for (int n = PROMISE_SEEDS; n <= most; n += n < 12 ? 1 : n < 24 ? 3 : 6) {
        const promise p = promise_make(&f, l->spread, NAN, NAN, n);
        const double at = n * l->minutes;
        chart_row(k, band, (double[]){ at, p.lo, p.hi });
        chart_row(k, line, (double[]){ at, p.half });
        x->lo = fmin(x->lo, at), x->hi = fmax(x->hi, at);
        y->lo = fmin(y->lo, p.lo), y->hi = fmax(y->hi, fmin(p.hi, 4 * p.half));
    }
    if (l->mark) {
        chart_look big = look;
        big.size *= 3;
        const double half = isnan(l->mark_half)
                                ? promise_make(&f, l->spread, NAN, NAN, l->mark).half
                                : l->mark_half,
                     at = l->mark * l->minutes;
        const int point =
            chart_add_series(k, 0, CHART_POINTS, big, l->name, "core-minutes, half-width");
        chart_row(k, point, (double[]){ at, half });
        x->lo = fmin(x->lo, at), x->hi = fmax(x->hi, at);
        y->lo = fmin(y->lo, half), y->hi = fmax(y->hi, half);
    }
    forecast_close(&f);
    chart_add_entry(k, l->name, CHART_LINE, look);
}

void widths_draw(chart *k, const widths_line *line, double margin, const char *title, int lines)
{
    range x = { INFINITY, 0 }, y = { INFINITY, 0 };
    const style *s = k->style;
    chart_add_panel(k, NULL, s->panel_width, s->panel_height);
    for (int i = 0; i < lines && i < WIDTHS_LINES; i++) draw_line(k, &line[i], i, &x, &y);
    if (margin > 0) y.lo = fmin(y.lo, margin), y.hi = fmax(y.hi, margin);
    chart_log(&k->panel[0].x, s, s->panel_width, x.lo / 1.15, x.hi * 1.15);
    chart_log(&k->panel[0].y, s, s->panel_height, y.lo / 1.15, y.hi * 1.15);
    if (margin > 0) chart_rule(k, 0, 'y', margin, CHART_DOTTED);
    chart_set_title(&k->panel[0].x, "core-minutes of the whole study");
    chart_set_title(&k->panel[0].y, title);
    chart_clip(k, 0);
}

static bool draw_into(const char *folder, const char *scratch, const widths_line *line,
                      double margin, int lines, error *e)
{
    static const char *const NAME[] = { "plan" };
    style looks;
    chart k;
    style_default(&looks);
    chart_open(&k, &looks);
    widths_draw(&k, line, margin, "half-width of the interval", lines);
    chart_set_remark(&k, "bands: the middle 80 % of what is expected; large point: the design that "
                         "was chosen; dotted: the margin");
    chart_place(&k);
    const bool ok = figures_write(&k, scratch, NAME[0], FIGURES_ALL, e) &&
                    outputs_place(folder, scratch, NAME, FIGURES_ALL, 1, e);
    chart_close(&k);
    return ok;
}

bool widths_write(const char *folder, const widths_line *line, double margin, int lines, error *e)
{
    char scratch[4096];
    if (!file_output_folder(folder, e) || !file_scratch(scratch, sizeof scratch, "plan", e))
        return false;
    const bool ok = draw_into(folder, scratch, line, margin, lines, e);
    file_scratch_remove(scratch);
    return ok;
}
