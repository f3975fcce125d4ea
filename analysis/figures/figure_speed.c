/* figure_speed.c - the metric against the measured time of a decoded token, with intervals on both
 * axes: what an arm loses, and what it buys.
 *
 * Across: the median and its 95 % interval.  Upright: the mean, with the simultaneous interval of
 * its difference from the baseline.
 */
#include "analysis/figures/speeds.h"
#include "core/base/number.h"

#include <math.h>

/* The interval of an arm's difference, moved to its mean; only the mean for a baseline. */
static void interval_of(double *lo, double *hi, const comparison *c, int arm, double mean)
{
    const int pair = comparison_pair(c, arm);
    const contrast *r = pair < 0 ? NULL : &c->result.row[pair];
    *lo = *hi = mean;
    if (r && isfinite(r->hi - r->lo))
        *lo = mean - (r->diff - r->lo), *hi = mean + (r->hi - r->diff);
}

static int draw(figure *f, const speed *s, int64_t context, int64_t batch, speeds_range *x,
                speeds_range *y)
{
    int drawn = 0;
    for (int a = 0; a < f->study->arms; a++) {
        double mean, sd, lo, hi;
        const speed_cell *c = speed_at(s, a, context, batch);
        if (!c || !c->n || !comparison_arm(&mean, &sd, f->c, a)) continue;
        interval_of(&lo, &hi, f->c, a, mean);
        chart_look look = f->look[a];
        look.width = f->style->bar_width, look.size *= 1.2;
        const char *label = f->study->arm[a].label;
        const median ms = { 1e3 * c->latency.x, 1e3 * c->latency.low, 1e3 * c->latency.high, 0 };
        const int across =
            chart_add_series(&f->chart, 0, CHART_BARS_X, look, label, "ms/token mean lower upper");
        const int upright =
            chart_add_series(&f->chart, 0, CHART_BARS_Y, look, label, "ms/token mean lower upper");
        chart_row(&f->chart, across, (double[]){ ms.x, mean, ms.low, ms.high });
        chart_row(&f->chart, upright, (double[]){ ms.x, mean, lo, hi });
        figure_widen(&x->lo, &x->hi, ms.low), figure_widen(&x->lo, &x->hi, ms.high);
        figure_widen(&y->lo, &y->hi, lo), figure_widen(&y->lo, &y->hi, hi);
        chart_add_entry(&f->chart, f->name[a], CHART_POINTS, look);
        drawn++;
    }
    return drawn;
}

static bool make(figure *f, error *e)
{
    speed s;
    bool found;
    int64_t context = 0, batch = 0;
    if (!speeds_open(&s, &found, f, e)) return false;
    if (!found) return true;
    speed_common(&context, &batch, &s);
    speeds_range x = { INFINITY, -INFINITY }, y = x;
    chart_add_panel(&f->chart, NULL, f->style->panel_width, f->style->panel_height);
    const int drawn = draw(f, &s, context, batch, &x, &y);
    char title[FIGURE_TITLE], what[256];
    if (drawn) {
        chart_panel *at = &f->chart.panel[0];
        speeds_axis(&at->x, f->style, f->style->panel_width, x, "latency of a token, ms");
        figure_range(&at->y, y.lo, y.hi, 0.08);
        chart_tics(&at->y, 6);
        figure_metric(title, f->study);
        chart_set_title(&at->y, title);
        snprintf(
            what, sizeof what,
            "context %lld, batch %lld; bars: 95 %% interval of the median across, simultaneous "
            "%.*g %% interval of the difference from the baseline upright",
            (long long)context, (long long)batch, number_level_digits(f->c->asked.alpha),
            100 * (1 - f->c->asked.alpha));
        speeds_remark(f, &s, what);
    }
    speed_close(&s);
    return drawn || figure_missing(f, "no arm has both a finished run and a speed");
}

const figure_kind figure_kind_speed = {
    .name = "speed",
    .help = "the metric against the measured time of a decoded token",
    .needs = "finished runs and decoding speeds of its arms",
    .make = make,
};
