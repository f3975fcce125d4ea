/* figure_memory.c - the bytes of weights and caches of the largest common batch against the
 * context.
 */
#include "analysis/figures/speeds.h"

#include <math.h>

enum { CONTEXTS = 16 };

/* The largest batch of which an arm at the longest context is known. */
static int64_t largest_batch(const speed *s, int64_t longest)
{
    int64_t batch = 1;
    for (int i = 0; i < s->cells; i++)
        if (s->cell[i].context == longest && s->cell[i].batch > batch) batch = s->cell[i].batch;
    return batch;
}

static bool make(figure *f, error *e)
{
    static const double MIB = 1 << 20;
    speed s;
    bool found;
    int64_t context[CONTEXTS];
    if (!speeds_open(&s, &found, f, e)) return false;
    if (!found) return true;
    const int contexts = speed_contexts(context, CONTEXTS, &s);
    const int64_t batch = largest_batch(&s, context[contexts - 1]);
    speeds_range x = { INFINITY, -INFINITY }, y = x;
    chart_add_panel(&f->chart, NULL, f->style->panel_width, f->style->panel_height);
    for (int a = 0; a < f->study->arms; a++) {
        chart_look look = f->look[a];
        look.every = 1;
        const int line =
            chart_add_series(&f->chart, 0, CHART_LINE, look, f->study->arm[a].label, "context MiB");
        for (int i = 0; i < contexts; i++) {
            const speed_cell *c = speed_at(&s, a, context[i], batch);
            if (c)
                speeds_point(f, line, (double)context[i], (c->weight_bytes + c->cache_bytes) / MIB,
                             &x, &y);
        }
        chart_add_entry(&f->chart, f->name[a], CHART_LINE, look);
    }
    char what[128];
    double tics[CONTEXTS];
    for (int i = 0; i < contexts; i++) tics[i] = (double)context[i];
    snprintf(what, sizeof what, "batch %lld, as measured", (long long)batch);
    chart_panel *at = &f->chart.panel[0];
    speeds_axis_at(&at->x, f->style, f->style->panel_width, tics, contexts, "context, tokens");
    speeds_axis(&at->y, f->style, f->style->panel_height, y, "weights and cache, MiB");
    speeds_remark(f, &s, what);
    speed_close(&s);
    return true;
}

const figure_kind figure_kind_memory = {
    .name = "memory",
    .help = "weights and cache while decoding against the context",
    .needs = "decoding speeds of its arms",
    .make = make,
};
