/* figure_lr.c - the metric against the learning rate, with a line for each kind of arm.
 *
 * Each mean looks as its arm does on every figure.  A parabola in log lr is fitted to the means of
 * each line by least squares.  It is drawn if it is informative: there are at least four rates, it
 * has a minimum (a maximum where larger is better) within the rates tried, and no mean is farther
 * from it than a tenth of the range of the means.
 */
#include "analysis/data/axes.h"
#include "analysis/figures/figure.h"
#include "analysis/statistics/student.h"

#include <gsl/gsl_multifit.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const char KEY[] = "train.lr";

enum { CIRCLE = 6 }; /* the point of single seeds */

/* y = c[0] + c[1] log x + c[2] log^2 x; returns false if the fit is not informative. */
static bool fit(double c[3], const double *x, const double *y, int n, bool largest)
{
    enum { FEWEST = 4 };
    if (n < FEWEST) return false;
    gsl_matrix *X = gsl_matrix_alloc((size_t)n, 3), *cov = gsl_matrix_alloc(3, 3);
    gsl_vector *v = gsl_vector_alloc((size_t)n), *b = gsl_vector_alloc(3);
    gsl_multifit_linear_workspace *w = gsl_multifit_linear_alloc((size_t)n, 3);
    double lo = INFINITY, hi = -INFINITY, off = 0, square;
    for (int i = 0; i < n; i++) {
        for (int p = 0; p < 3; p++) gsl_matrix_set(X, (size_t)i, (size_t)p, pow(log(x[i]), p));
        gsl_vector_set(v, (size_t)i, y[i]);
        figure_widen(&lo, &hi, y[i]);
    }
    const bool ok = gsl_multifit_linear(X, v, b, cov, &square, w) == 0;
    for (int p = 0; p < 3; p++) c[p] = gsl_vector_get(b, (size_t)p);
    for (int i = 0; i < n; i++) {
        const double l = log(x[i]);
        off = fmax(off, fabs(y[i] - (c[0] + c[1] * l + c[2] * l * l)));
    }
    gsl_multifit_linear_free(w);
    gsl_matrix_free(X), gsl_matrix_free(cov), gsl_vector_free(v), gsl_vector_free(b);
    const double at = exp(-c[1] / (2 * c[2]));
    return ok && (largest ? c[2] < 0 : c[2] > 0) && at > x[0] && at < x[n - 1] &&
           off <= 0.1 * (hi - lo);
}

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

static void put_fit(rates *k, int line, const double *x, const double *y, int n)
{
    enum { STEPS = 60 };
    double c[3];
    if (!fit(c, x, y, n, k->f->study->metric.larger_is_better)) return;
    chart_look look = look_of(k, line);
    look.width = 1, look.point = -1, look.dash = CHART_DASHED;
    const int curve = chart_add_series(&k->f->chart, 0, CHART_LINE, look,
                                       "parabola in log lr fitted to the means", "lr fit");
    for (int i = 0; i <= STEPS; i++) {
        const double l = log(x[0]) + (log(x[n - 1]) - log(x[0])) * i / STEPS;
        chart_row(&k->f->chart, curve, (double[]){ exp(l), c[0] + c[1] * l + c[2] * l * l });
    }
    k->fits++;
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
    double *x = error_zeroed((size_t)k->rate.n, sizeof *x),
           *y = error_zeroed((size_t)k->rate.n, sizeof *y);
    int n = 0;
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
            if (isnan(value)) continue;
            chart_row(ch, seeds, (double[]){ k->rate.number[r] * aside, value });
            figure_widen(&k->lo, &k->hi, value);
        }
        const int count = comparison_arm(&mean, &sd, f->c, a);
        if (!count) continue;
        x[n] = k->rate.number[r], y[n] = mean;
        chart_row(ch, means, (double[]){ x[n] * aside, y[n] });
        const int point = chart_add_series(ch, 0, CHART_POINTS, f->look[a], f->study->arm[a].label,
                                           "lr (shifted a little) mean");
        chart_row(ch, point, (double[]){ x[n] * aside, y[n] });
        if (count > 2) { /* for two seeds the interval is too wide to be useful */
            const double half = student_critical(0.025, count - 1) * sd / sqrt(count);
            chart_row(ch, bars, (double[]){ x[n] * aside, y[n], y[n] - half, y[n] + half });
            figure_widen(&k->lo, &k->hi, y[n] - half), figure_widen(&k->lo, &k->hi, y[n] + half);
        }
        n++;
    }
    put_fit(k, line, x, y, n);
    char *name = chart_cut(text, 40);
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
             k->fits ? "; dashed: parabola in log lr fitted to the means" : "",
             k->diverged ? "; ×: runs that diverged, which are left out of the means" : "");
    chart_set_remark(&f->chart, text);
}

static bool make(figure *f, error *e)
{
    (void)e;
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
    } else {
        figure_missing(f, "the study does not vary it");
    }
    axes_close(&x);
    return true;
}

const figure_kind figure_kind_lr = {
    .name = "lr",
    .help = "the metric against the learning rate",
    .needs = "an axis of learning rates (train.lr) with two or more values",
    .make = make,
};
