/* figure_lr.c - the metric against the learning rate, with a line for each kind of arm.
 *
 * Each mean looks as its arm does on every figure.  The parabola in log lr around the best mean of
 * each line, its optimum and the optimum's interval are those that tuning uses (optimum.h); they
 * are drawn where the parabola has its optimum within the rates tried.
 */
#include "analysis/data/axes.h"
#include "analysis/figures/figure.h"
#include "analysis/statistics/optimum.h"
#include "analysis/statistics/student.h"
#include "core/base/growing.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

extern const char sql_lr_tuned[]; /* figure_lr.sql */

static const char KEY[] = "train.lr";

enum { CIRCLE = 6 }; /* the point of single seeds */

typedef struct rates {
    figure *f;
    axes_groups rate, line; /* levels of lr; kinds of arm */
    double lo, hi;
    int fits, diverged;
} rates;

static int arm_at(const rates *k, int line, int rate)
{
    for (int a = 0; a < k->f->study->arms; a++)
        if (k->line.of[a] == line && k->rate.of[a] == rate) return a;
    return -1;
}

/* A line looks as its first arm. */
static chart_look look_of(const rates *k, int line)
{
    int r = 0;
    while (arm_at(k, line, r) < 0) r++;
    return k->f->look[arm_at(k, line, r)];
}

/* The parabola of a line where it was fitted, and its optimum with the 95 % interval; y (n,
 * seeds). */
static void put_fit(rates *k, int line, optimum *o, const double *x, const double *y, int n)
{
    enum { STEPS = 60 };
    chart *ch = &k->f->chart;
    const study *s = k->f->study;
    optimum_find(o, x, y, s->metric.larger_is_better, n, s->seeds);
    if (!o->fitted) return;
    chart_look look = look_of(k, line), mark = look;
    look.width = 1, look.point = -1, look.dash = CHART_DASHED;
    const int curve = chart_add_series(ch, 0, CHART_LINE, look,
                                       "parabola in log lr fitted around the best mean", "lr fit");
    for (int i = 0; i <= STEPS; i++) {
        const double u = log(x[o->first]) + log(x[o->last] / x[o->first]) * i / STEPS - o->centre;
        chart_row(ch, curve,
                  (double[]){ exp(u + o->centre), o->c[0] + o->c[1] * u + o->c[2] * u * u });
    }
    mark.width = k->f->style->bar_width, mark.dash = CHART_SOLID, mark.size *= 1.4;
    const int best =
        chart_add_series(ch, 0, CHART_BARS_X, mark,
                         "optimum of the parabola, and its 95 % interval", "lr metric lower upper");
    const bool known = isfinite(o->hi - o->lo) && o->lo > 0; /* cut at the rates tried */
    chart_row(ch, best,
              (double[]){ o->x, o->y, known ? fmax(o->lo, x[0]) : o->x,
                          known ? fmin(o->hi, x[n - 1]) : o->x });
    k->fits++;
}

/* "mha: best 0.0021 [0.0018, 0.0025]" */
static char *name_of(const char *text, const optimum *o)
{
    growing words;
    char *name = chart_cut(text, 40);
    growing_open(&words);
    fputs(name, words.f);
    free(name);
    if (o->fitted) fprintf(words.f, ": best %.3g", o->x);
    if (o->fitted && o->lo > 0 && isfinite(o->hi)) fprintf(words.f, " [%.3g, %.3g]", o->lo, o->hi);
    return growing_close(&words);
}

static void put_line(rates *k, int line)
{
    const figure *f = k->f;
    chart *ch = &k->f->chart;
    /* If only the rate varies, the line is named after the attention. */
    const char *text = *k->line.text[line] ? k->line.text[line] : f->study->arm[0].attention;
    chart_look look = look_of(k, line), bar = look, seed = look;
    look.point = bar.point = -1, bar.width = f->style->bar_width;
    seed.opacity = fmin(1, 2 * f->style->seed_opacity), seed.size *= 0.6, seed.point = CIRCLE;
    const int seeds =
        chart_add_series(ch, 0, CHART_POINTS, seed, text, "lr (shifted a little) value of a seed");
    const int bars = chart_add_series(ch, 0, CHART_BARS_Y, bar, text,
                                      "lr (shifted a little) mean lower upper, 95 % t-interval");
    const int means = chart_add_series(ch, 0, CHART_LINE, look, text, "lr (shifted a little) mean");
    const size_t most = (size_t)k->rate.n;
    double *x = error_zeroed(most, sizeof *x),
           *y = error_zeroed(most * (size_t)f->study->seeds, sizeof *y);
    int n = 0;
    optimum best;
    /* Shift the lines a little, so that their intervals do not overlap. */
    const double range = log(k->rate.number[k->rate.n - 1] / k->rate.number[0]),
                 aside = exp(0.008 * range * (line - 0.5 * (k->line.n - 1)));
    for (int r = 0; r < k->rate.n; r++) {
        const int a = arm_at(k, line, r);
        double mean, sd;
        if (a < 0) continue;
        k->diverged += f->study->arm[a].diverged;
        for (int s = 0; s < f->study->seeds; s++) {
            const double value = study_at(f->study, a, s)->value;
            y[n * f->study->seeds + s] = value;
            if (isnan(value)) continue;
            chart_row(ch, seeds, (double[]){ k->rate.number[r] * aside, value });
            figure_widen(&k->lo, &k->hi, value);
        }
        const int count = comparison_arm(&mean, &sd, f->c, a);
        x[n++] = k->rate.number[r];
        if (!count) continue;
        const double at = k->rate.number[r] * aside;
        chart_row(ch, means, (double[]){ at, mean });
        const int point = chart_add_series(ch, 0, CHART_POINTS, f->look[a], f->study->arm[a].label,
                                           "lr (shifted a little) mean");
        chart_row(ch, point, (double[]){ at, mean });
        if (count > 2) { /* for two seeds the interval is too wide to be useful */
            const double half = student_critical(0.025, count - 1) * sd / sqrt(count);
            chart_row(ch, bars, (double[]){ at, mean, mean - half, mean + half });
            figure_widen(&k->lo, &k->hi, mean - half), figure_widen(&k->lo, &k->hi, mean + half);
        }
    }
    put_fit(k, line, &best, x, y, n);
    char *name = name_of(text, &best);
    if (n) chart_add_entry(ch, name, CHART_LINE, look_of(k, line));
    free(name), free(x), free(y);
}

/* "x 2/4" above a rate at which runs diverged, with a line of text for each kind of arm. */
static void put_diverged(rates *k)
{
    chart_axis *y = &k->f->chart.panel[0].y;
    const double height = k->f->style->panel_height, step = 1.25 * k->f->style->small_size;
    const double room = (k->line.n + 0.5) * step / height; /* fraction of the axis, at the top */
    if (k->diverged) y->hi = y->lo + (y->hi - y->lo) / (1 - room);
    for (int l = 0; l < k->line.n; l++)
        for (int r = 0; r < k->rate.n; r++) {
            const int a = arm_at(k, l, r);
            if (a < 0 || !k->f->study->arm[a].diverged) continue;
            const study_arm *arm = &k->f->study->arm[a];
            char text[64];
            snprintf(text, sizeof text, "× %d/%d", arm->diverged, arm->diverged + arm->done);
            chart_text t = { .x = k->rate.number[r],
                             .y = y->hi - (l + 0.5) * step / height * (y->hi - y->lo),
                             .small = true,
                             .text = text };
            style_ink(t.colour, k->f->look[a].colour);
            chart_add_text(&k->f->chart, t);
        }
}

static void draw(rates *k)
{
    figure *f = k->f;
    const int n = k->rate.n;
    chart_add_panel(&f->chart, NULL, f->style->panel_width, f->style->panel_height);
    for (int l = 0; l < k->line.n; l++) put_line(k, l);
    chart_axis *x = &f->chart.panel[0].x, *y = &f->chart.panel[0].y;
    const double room = pow(k->rate.number[n - 1] / k->rate.number[0], 0.06);
    x->log = true, x->lo = k->rate.number[0] / room, x->hi = k->rate.number[n - 1] * room;
    for (int r = 0; r < n; r++) {
        char text[32];
        snprintf(text, sizeof text, "%g", k->rate.number[r]);
        chart_tic(x, k->rate.number[r], text);
    }
    chart_thin(x, f->style, f->style->panel_width);
    figure_range(y, k->lo, k->hi, 0.06);
    put_diverged(k);
    chart_tics(y, 6);
    char title[FIGURE_TITLE], text[512];
    figure_metric(title, f->study);
    chart_set_title(x, KEY), chart_set_title(y, title);
    snprintf(text, sizeof text, "means over seeds with 95 %% t-intervals; faint: single seeds%s%s",
             k->fits ? "; dashed: parabola in log lr around the best mean; horizontal bar: its "
                       "optimum with the 95 % interval"
                     : "",
             k->diverged ? "; ×: runs that diverged, which are left out of the means" : "");
    chart_set_remark(&f->chart, text);
}

/* Where the rates are, if they are no axis. */
static bool say_missing(figure *f, error *e)
{
    int64_t tuned;
    if (!db_integer(f->d, &tuned, 0, e, sql_lr_tuned, "it", f->study->sweep_id, KEY)) return false;
    return tuned ? figure_missing(f, "each arm's rate was tuned in the study '%s.tune'",
                                  f->study->name)
                 : figure_missing(f, "the study does not vary it");
}

static bool make(figure *f, error *e)
{
    axes x;
    axes_open(&x, f->study);
    const bool has = axes_numeric(&x, KEY);
    if (has) {
        rates k = { .f = f,
                    .rate = axes_by(&x, KEY),
                    .line = axes_without(&x, KEY, NULL),
                    .lo = INFINITY,
                    .hi = -INFINITY };
        draw(&k);
        if (k.lo > k.hi) figure_missing(f, "no run is done");
        axes_groups_close(&k.rate), axes_groups_close(&k.line);
    }
    axes_close(&x);
    return has || say_missing(f, e);
}

const figure_kind figure_kind_lr = {
    .name = "lr",
    .help = "the metric against the learning rate",
    .needs = "an axis of learning rates (train.lr) with two or more values",
    .make = make,
};
