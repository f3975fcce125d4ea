/* figure_groups.c - the time of a token against the number of key/value heads, a line a batch, a
 * panel a context: the question of figure 6 of Ainslie et al. (2023).
 */
#include "analysis/figures/speeds.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PANELS = 4, BATCHES = 8 };

/* The arms that have key/value heads, by their number; without the window's, which also reads less.
 */
static int arms_by_heads(int *arm, const study *s)
{
    int n = 0;
    for (int a = 0; a < s->arms; a++) {
        int i = n;
        if (s->arm[a].n_kv_heads <= 0 || strncmp(s->arm[a].attention, "window", 6) == 0) continue;
        for (; i > 0 && s->arm[arm[i - 1]].n_kv_heads > s->arm[a].n_kv_heads; i--)
            arm[i] = arm[i - 1];
        arm[i] = a, n++;
    }
    return n;
}

/* The batches of a context, ascending. */
static int batches_of(int64_t *batch, const speed *s, int64_t context)
{
    int n = 0;
    for (int64_t above = 0; n < BATCHES;) {
        int64_t next = 0;
        for (int i = 0; i < s->cells; i++) {
            const speed_cell *c = &s->cell[i];
            if (c->context == context && c->n && c->batch > above && (!next || c->batch < next))
                next = c->batch;
        }
        if (!next) break;
        batch[n++] = above = next;
    }
    return n;
}

static void draw_batch(figure *f, const speed *s, int panel, int64_t context, int64_t batch, int i,
                       speeds_range *x, speeds_range *y)
{
    char name[64];
    int *arm = error_zeroed((size_t)f->study->arms, sizeof *arm);
    const int n = arms_by_heads(arm, f->study);
    chart_look look = chart_look_at(f->style, i), bar = look;
    look.every = 1, bar.width = f->style->bar_width;
    snprintf(name, sizeof name, "batch %lld", (long long)batch);
    const int bars = chart_add_series(&f->chart, panel, CHART_BARS_Y, bar, name,
                                      "key/value_heads ms/token lower upper");
    const int line =
        chart_add_series(&f->chart, panel, CHART_LINE, look, name, "key/value_heads ms/token");
    for (int k = 0; k < n; k++) {
        const speed_cell *c = speed_at(s, arm[k], context, batch);
        const double heads = (double)f->study->arm[arm[k]].n_kv_heads;
        if (!c || !c->n) continue;
        chart_row(
            &f->chart, bars,
            (double[]){ heads, 1e3 * c->latency.x, 1e3 * c->latency.low, 1e3 * c->latency.high });
        speeds_point(f, line, heads, 1e3 * c->latency.x, x, y);
        figure_widen(&y->lo, &y->hi, 1e3 * c->latency.low);
        figure_widen(&y->lo, &y->hi, 1e3 * c->latency.high);
    }
    if (panel == 0) chart_add_entry(&f->chart, name, CHART_LINE, look);
    free(arm);
}

/* `heads` arms have key/value heads: tics (heads). */
static bool draw(figure *f, const double *tics, int heads, error *e)
{
    speed s;
    bool found;
    int64_t context[PANELS], batch[BATCHES];
    if (!speeds_open(&s, &found, f, e)) return false;
    if (!found) return true;
    if (heads < 2) {
        speed_close(&s);
        return figure_missing(f, "fewer than two arms have key/value heads");
    }
    const int panels = speed_contexts(context, PANELS, &s);
    f->chart.columns = panels > 1 ? 2 : 1;
    for (int p = 0; p < panels; p++) {
        speeds_range x = { INFINITY, -INFINITY }, y = x;
        const int panel = speeds_panel(f, context[p]);
        const int n = batches_of(batch, &s, context[p]);
        for (int i = 0; i < n; i++) draw_batch(f, &s, panel, context[p], batch[i], i, &x, &y);
        if (!isfinite(x.lo)) x = y = (speeds_range){ 1, 10 }; /* nothing had room */
        chart_panel *at = &f->chart.panel[panel];
        speeds_axis_at(&at->x, f->style, f->style->panel_width, tics, heads, "key/value heads");
        speeds_axis(&at->y, f->style, f->style->panel_height, y, "latency of a token, ms");
    }
    speeds_remark(f, &s, "medians with 95 % intervals (order statistics)");
    speed_close(&s);
    return true;
}

static bool make(figure *f, error *e)
{
    int *arm = error_zeroed((size_t)f->study->arms, sizeof *arm);
    const int heads = arms_by_heads(arm, f->study);
    double *tics = error_zeroed((size_t)heads + 1, sizeof *tics);
    for (int i = 0; i < heads; i++) tics[i] = (double)f->study->arm[arm[i]].n_kv_heads;
    const bool ok = draw(f, tics, heads, e);
    free(arm), free(tics);
    return ok;
}

const figure_kind figure_kind_groups = {
    .name = "groups",
    .help = "the time of a token against the number of key/value heads, by context and batch",
    .needs = "decoding speeds of two arms with key/value heads",
    .make = make,
};
