/* figure_frontier.c - the metric against the KV cache's bytes per token, with the frontier.
 *
 * Arms are marked as frontier.h classifies them, from one simultaneous comparison of all pairs.
 */
#include "analysis/answers/frontier.h"
#include "analysis/figures/figure.h"
#include "core/base/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct place {
    int arm;
    double at;               /* on the axis: next to kv if several arms share it */
    double kv, mean, lo, hi; /* lo, hi: the interval of the difference, moved to the mean; equal to
                                the mean for a baseline */
} place;

static int by_kv(const void *a, const void *b)
{
    const place *x = a, *y = b;
    return x->kv != y->kv ? (x->kv > y->kv) - (x->kv < y->kv) : x->arm - y->arm;
}

static int find_places(place *p, const comparison *c)
{
    int n = 0;
    for (int a = 0; a < c->study->arms; a++) {
        double sd, mean;
        if (!comparison_arm(&mean, &sd, c, a) || !(c->study->arm[a].kv_bytes > 0)) continue;
        p[n] = (place){ a, NAN, c->study->arm[a].kv_bytes, mean, mean, mean };
        const int pair = comparison_pair(c, a);
        const contrast *r = pair < 0 ? NULL : &c->result.row[pair];
        if (r && isfinite(r->hi - r->lo))
            p[n].lo = mean - (r->diff - r->lo), p[n].hi = mean + (r->hi - r->diff);
        n++;
    }
    qsort(p, (size_t)n, sizeof *p, by_kv);
    return n;
}

/* Put arms with equal caches side by side; otherwise their intervals would overlap. */
static void spread(place *p, int n)
{
    const double range = n ? log(p[n - 1].kv / p[0].kv) : 0;
    for (int i = 0, same; i < n; i += same) {
        for (same = 1; i + same < n && p[i + same].kv == p[i].kv;) same++;
        const double step = fmin(0.016, 0.12 / same) * (range > 0 ? range : log(4));
        for (int k = 0; k < same; k++) p[i + k].at = p[i].kv * exp(step * (k - 0.5 * (same - 1)));
    }
}

static void put_tics(figure *f, const place *p, int n)
{
    static const char *const UNIT[] = { "B", "KiB", "MiB", "GiB" };
    chart_axis *x = &f->chart.panel[0].x;
    const double room = p[n - 1].kv > p[0].kv ? pow(p[n - 1].kv / p[0].kv, 0.1) : 2;
    x->log = true, x->lo = p[0].kv / room, x->hi = p[n - 1].kv * room;
    for (int i = 0; i < n; i++) {
        char text[48];
        double bytes = p[i].kv;
        int u = 0;
        if (i && p[i].kv == p[i - 1].kv) continue;
        while (bytes >= 1024 && u < 3) bytes /= 1024, u++;
        snprintf(text, sizeof text, "%.4g %s", bytes, UNIT[u]);
        chart_tic(x, p[i].kv, text);
    }
    chart_thin(x, f->style, f->style->panel_width);
}

static void put_remark(figure *f, int drawn, const int count[FRONTIER_OPEN + 1])
{
    const comparison *c = f->c;
    char text[512];
    int n = snprintf(text, sizeof text, "means over seeds");
    if (c->asked.pairs)
        n = snprintf(text, sizeof text,
                     "bars: simultaneous %.*g %% interval of the difference from the baseline",
                     number_level_digits(c->asked.alpha), 100 * (1 - c->asked.alpha));
    n += snprintf(
        text + n, sizeof text - (size_t)n, "%s%s%s",
        count[FRONTIER_BEST] > 1 ? "; dashed: the frontier" : "",
        !count[FRONTIER_DOMINATED] ? ""
        : isnan(c->asked.margin)   ? "; dominated: another arm is better and needs no more cache"
                                   : "; dominated: another arm is better and needs no more "
                                     "cache, or is equivalent and needs less",
        count[FRONTIER_OPEN] ? "; undecided: not distinguishable from an arm with no more cache"
                             : "");
    if (drawn < f->study->arms)
        snprintf(text + n, sizeof text - (size_t)n,
                 "; not drawn: %d of %d arms, without a cache or without a finished run",
                 f->study->arms - drawn, f->study->arms);
    chart_set_remark(&f->chart, text);
}

static void put_places(figure *f, const place *p, int n, const frontier *front)
{
    static const char *const MARK[] = { "", "", " (dominated)", " (undecided)" };
    chart *k = &f->chart;
    int count[FRONTIER_OPEN + 1] = { 0 };
    double lo = INFINITY, hi = -INFINITY;
    chart_look dashed = { .opacity = 1, .width = 1, .point = -1, .dash = CHART_DASHED };
    memcpy(dashed.colour, f->style->quiet, STYLE_COLOUR);
    const int line = chart_add_series(k, 0, CHART_LINE, dashed, "frontier", "bytes mean");
    for (int i = 0; i < n; i++) {
        const frontier_place at = front->arm[p[i].arm].place[FRONTIER_KV];
        chart_look look = f->look[p[i].arm];
        look.width = f->style->bar_width, look.size *= 1.2;
        const int point = chart_add_series(k, 0, CHART_BARS_Y, look, f->study->arm[p[i].arm].label,
                                           "bytes (side by side where equal) mean lower upper");
        chart_row(k, point, (double[]){ p[i].at, p[i].mean, p[i].lo, p[i].hi });
        figure_widen(&lo, &hi, p[i].lo), figure_widen(&lo, &hi, p[i].hi);
        char text[256];
        snprintf(text, sizeof text, "%s%s", f->name[p[i].arm], MARK[at]);
        chart_add_entry(k, text, CHART_POINTS, look);
        if (at == FRONTIER_BEST) chart_row(k, line, (double[]){ p[i].at, p[i].mean });
        count[at]++;
    }
    figure_range(&k->panel[0].y, lo, hi, 0.08);
    put_remark(f, n, count);
}

static bool make(figure *f, error *e)
{
    chart *k = &f->chart;
    frontier front;
    comparison all;
    place *p = error_zeroed((size_t)f->study->arms, sizeof *p);
    const int n = find_places(p, f->c);
    spread(p, n);
    /* Classify the arms by a comparison of all pairs, as attnlab frontier does. */
    if (!n || !comparison_open(&all, f->study, f->d, true, e)) {
        free(p);
        return n ? false : figure_missing(f, "there is none");
    }
    frontier_open(&front, &all);
    char title[FIGURE_TITLE];
    chart_add_panel(k, NULL, f->style->panel_width, f->style->panel_height);
    put_places(f, p, n, &front);
    put_tics(f, p, n);
    chart_tics(&k->panel[0].y, 6);
    figure_metric(title, f->study);
    chart_set_title(&k->panel[0].y, title);
    chart_set_title(&k->panel[0].x, "KV cache, bytes per token");
    frontier_close(&front), comparison_close(&all);
    free(p);
    return true;
}

const figure_kind figure_kind_frontier = {
    .name = "frontier",
    .help = "the metric against the KV cache's bytes per token",
    .needs = "a finished arm with a KV cache",
    .make = make,
};
