/* figure_throughput.c - tokens a second against the latency of a token, a line an arm, a point a
 * batch, a panel a context: the layout of figure 24 of Llama 2 (Touvron et al. 2023).
 */
#include "analysis/figures/speeds.h"

#include <math.h>

enum { PANELS = 4 };

static void draw_arm(figure *f, const speed *s, int arm, int panel, int64_t context,
                     speeds_range *x, speeds_range *y)
{
    chart_look look = f->look[arm];
    look.every = 1;
    const int line = chart_add_series(&f->chart, panel, CHART_LINE, look, f->study->arm[arm].label,
                                      "ms/token tokens/s");
    for (int i = 0; i < s->cells; i++) {
        const speed_cell *c = &s->cell[i];
        if (c->arm == arm && c->context == context && c->n)
            speeds_point(f, line, 1e3 * c->latency.x, (double)c->batch / c->latency.x, x, y);
    }
}

static bool make(figure *f, error *e)
{
    speed s;
    bool found;
    int64_t context[PANELS];
    if (!speeds_open(&s, &found, f, e)) return false;
    if (!found) return true;
    const int panels = speed_contexts(context, PANELS, &s);
    f->chart.columns = panels > 1 ? 2 : 1;
    for (int p = 0; p < panels; p++) {
        speeds_range x = { INFINITY, -INFINITY }, y = x;
        const int panel = speeds_panel(f, context[p]);
        for (int a = 0; a < f->study->arms; a++) draw_arm(f, &s, a, panel, context[p], &x, &y);
        if (!isfinite(x.lo)) x = y = (speeds_range){ 1, 10 }; /* nothing had room */
        chart_panel *at = &f->chart.panel[panel];
        speeds_axis(&at->x, f->style, f->style->panel_width, x, "latency of a token, ms");
        speeds_axis(&at->y, f->style, f->style->panel_height, y, "tokens per second");
    }
    for (int a = 0; a < f->study->arms; a++)
        chart_add_entry(&f->chart, f->name[a], CHART_LINE, f->look[a]);
    speeds_remark(f, &s,
                  "points: batches from the smallest to the largest that was measured, medians");
    speed_close(&s);
    return true;
}

const figure_kind figure_kind_throughput = {
    .name = "throughput",
    .help = "tokens a second against the latency of a token while decoding, by context",
    .needs = "decoding speeds of its arms",
    .make = make,
};
