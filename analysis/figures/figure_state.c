/* figure_state.c - the score of each task against the bytes of the cache at full context.
 *
 * The picture of papers on efficient attention: what an arm recalls against the state that it
 * keeps. State: the KV cache's bytes a token times the context.  Bars are 95 % intervals over seeds
 * (Student's t).
 */
#include "analysis/figures/task_items.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An arm's place on the axis; NaN: it has no cache. */
static double state_of(const study_arm *a)
{
    const double bytes = a->kv_bytes * (double)a->context;
    return bytes > 0 ? bytes : NAN;
}

static int by_state(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Values of an arm on a row, over seeds; returns how many. */
static int values(double *x, const figure *f, int row, int arm)
{
    int n = 0;
    for (int s = 0; s < f->study->seeds; s++) {
        const double value = scores_value(f->c->scored->scores, row, arm, s);
        if (!isnan(value)) x[n++] = value;
    }
    return n;
}

/* A task: a line through its arms in the order of their states. */
static void put_task(figure *f, int task, int row, double *lo, double *hi)
{
    const study *s = f->study;
    chart_look look = chart_look_at(f->style, task);
    double *x = error_zeroed((size_t)s->seeds, sizeof *x),
           (*at)[2] = error_zeroed((size_t)s->arms, sizeof *at);
    int n = 0;
    for (int a = 0; a < s->arms; a++)
        if (!isnan(state_of(&s->arm[a]))) at[n][0] = state_of(&s->arm[a]), at[n++][1] = a;
    qsort(at, (size_t)n, sizeof *at, by_state);
    const char *name = f->c->scored->scores->task[task].name;
    chart_look bare = look;
    bare.point = -1;
    const int line = chart_add_series(&f->chart, 0, CHART_LINE, bare, name, "bytes score"),
              bars = chart_add_series(&f->chart, 0, CHART_BARS_Y, look, name,
                                      "bytes score lower upper");
    for (int i = 0; i < n; i++) {
        double mean, half;
        const int m = values(x, f, row, (int)at[i][1]);
        if (!m) continue;
        figure_mean(&mean, &half, x, m);
        chart_row(&f->chart, line, (double[]){ at[i][0], mean });
        chart_row(&f->chart, bars, (double[]){ at[i][0], mean, mean - half, mean + half });
        figure_widen(lo, hi, mean - half), figure_widen(lo, hi, mean + half);
    }
    chart_add_entry(&f->chart, name, CHART_LINE, look);
    free(x), free(at);
}

/* A tic for each state, with the names of its arms at the top. */
static void put_arms(figure *f, double first, double last)
{
    static const char *const UNIT[] = { "B", "KiB", "MiB", "GiB" };
    const study *s = f->study;
    const double room = last > first ? pow(last / first, 0.1) : 2;
    chart_axis *x = &f->chart.panel[0].x;
    const chart_axis *y = &f->chart.panel[0].y;
    double *state = error_zeroed((size_t)s->arms, sizeof *state);
    int n = 0;
    x->log = true, x->lo = first / room, x->hi = last * room;
    for (int a = 0; a < s->arms; a++)
        if (!isnan(state_of(&s->arm[a]))) state[n++] = state_of(&s->arm[a]);
    qsort(state, (size_t)n, sizeof *state, by_state);
    for (int i = 0; i < n; i++) {
        double bytes = state[i], line = 0;
        char text[48];
        int u = 0;
        if (i && state[i] == state[i - 1]) continue;
        while (bytes >= 1024 && u < 3) bytes /= 1024, u++;
        snprintf(text, sizeof text, "%.4g %s", bytes, UNIT[u]);
        chart_tic(x, state[i], text);
        for (int a = 0; a < s->arms; a++) {
            if (state_of(&s->arm[a]) != state[i]) continue;
            chart_text name = { .x = state[i], .small = true, .text = f->name[a] };
            name.y = y->hi - (y->hi - y->lo) * (0.03 + 0.05 * line++);
            memcpy(name.colour, f->style->quiet, STYLE_COLOUR);
            chart_add_text(&f->chart, name);
        }
    }
    chart_thin(x, f->style, f->style->panel_width);
    free(state);
}

static bool make(figure *f, error *e)
{
    bool ok;
    if (task_items_none(&ok, f, e)) return ok;
    const scores *k = f->c->scored->scores;
    double first = INFINITY, last = -INFINITY, lo = 0, hi = 1;
    int drawn = 0, arms = 0;
    for (int a = 0; a < f->study->arms; a++) {
        figure_widen(&first, &last, state_of(&f->study->arm[a]));
        arms += !isnan(state_of(&f->study->arm[a]));
    }
    if (arms < 2) return figure_missing(f, "%d arm%s a cache", arms, arms == 1 ? " has" : "s have");
    chart_add_panel(&f->chart, NULL, f->style->panel_width, f->style->panel_height);
    for (int t = 0; t < k->tasks; t++)
        if (k->task[t].kind->accuracy) put_task(f, t, task_items_row(k, t), &lo, &hi), drawn++;
    if (!drawn) return figure_missing(f, "no task of %s is scored so", f->study->metric.name);
    figure_range(&f->chart.panel[0].y, lo, hi, 0.03);
    f->chart.panel[0].y.hi += 0.12 * (hi - lo); /* for the names of the arms */
    put_arms(f, first, last);
    chart_tics(&f->chart.panel[0].y, 6);
    chart_set_title(&f->chart.panel[0].x, "cache of a full context, bytes");
    chart_set_title(&f->chart.panel[0].y, "share of right answers");
    chart_set_remark(&f->chart, "means over items and seeds; bars: 95 % intervals over seeds, each "
                                "by itself");
    return true;
}

const figure_kind figure_kind_state = {
    .name = "state",
    .help = "right answers against the bytes of the cache",
    .needs = "a suite with right and wrong answers, and two arms with a cache",
    .make = make,
};
