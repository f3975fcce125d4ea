/* speeds.c - logarithmic axes with tics at 1, 2 and 5 times powers of ten. */
#include "analysis/figures/speeds.h"

#include <math.h>
#include <stdio.h>

void speeds_axis(chart_axis *a, const style *s, double length, speeds_range r, const char *title)
{
    const double room = r.hi > r.lo ? pow(r.hi / r.lo, 0.06) : 1.5;
    chart_set_title(a, title);
    if (r.hi < 4 * r.lo && r.hi > r.lo) { /* too short for tics of a logarithmic axis */
        figure_range(a, r.lo, r.hi, 0.08);
        chart_tics(a, 6);
        return;
    }
    chart_log(a, s, length, r.lo / room, r.hi * room);
}

void speeds_axis_at(chart_axis *a, const style *s, double length, const double *at, int n,
                    const char *title)
{
    const double room = n > 1 && at[n - 1] > at[0] ? pow(at[n - 1] / at[0], 0.08) : 1.5;
    chart_set_title(a, title);
    a->log = true, a->lo = at[0] / room, a->hi = at[n - 1] * room;
    for (int i = 0; i < n; i++) {
        char text[48];
        snprintf(text, sizeof text, "%.10g", at[i]);
        if (i == 0 || at[i] != at[i - 1]) chart_tic(a, at[i], text);
    }
    chart_thin(a, s, length);
}

void speeds_point(figure *f, int series, double x, double y, speeds_range *xs, speeds_range *ys)
{
    chart_row(&f->chart, series, (double[]){ x, y });
    figure_widen(&xs->lo, &xs->hi, x), figure_widen(&ys->lo, &ys->hi, y);
}

bool speeds_open(speed *s, bool *found, figure *f, error *e)
{
    int64_t context = 0, batch = 0;
    if (!speed_open(s, f->study, f->d, e)) return false;
    *found = speed_common(&context, &batch, s);
    if (*found) return true;
    speed_close(s);
    return figure_missing(f, "there is none: `attnlab bench decode --study %.80s` measures them",
                          f->study->name);
}

void speeds_remark(figure *f, const speed *s, const char *what)
{
    char text[512];
    snprintf(text, sizeof text, "%s; %.200s", what, s->where);
    chart_set_remark(&f->chart, text);
}

int speeds_panel(figure *f, int64_t context)
{
    char title[64];
    snprintf(title, sizeof title, "context %lld", (long long)context);
    return chart_add_panel(&f->chart, title, f->style->panel_width, f->style->panel_height);
}
