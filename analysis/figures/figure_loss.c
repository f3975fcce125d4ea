/* figure_loss.c - the loss against tokens, FLOPs or seconds of training.
 *
 * The mean over the finished seeds of an arm, with its 95 % t-band if there are enough seeds, and
 * each seed faintly.  Seeds are averaged at equal tokens: on an axis of seconds the point lies at
 * the mean of their seconds.  The right panel shows the last quarter, where the arms separate.  If
 * arms end far apart, as with an axis of train.tokens, it shows the last quarter of each arm, in
 * percent of the arm's own length.
 *
 * The loss is the study's metric at the evaluations during training; if any finished run has too
 * few of them, it is the training loss of all runs instead.
 */
#include "analysis/data/curve.h"
#include "analysis/figures/figure.h"

#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    BAND_SEEDS = 5, /* with fewer seeds the band would hide everything else */
    BAND_ARMS = 5,  /* with more arms the bands would hide each other       */
};

typedef struct curves {
    figure *f;
    curve *curve; /* (arms, seeds) */
    double *end;  /* (arms): where its mean ends on the x axis; 0: no finished run */
    bool own;     /* the right panel is in percent of each arm's end */
    double scale; /* divides the values of the x axis */
    double most;  /* tokens of the longest run */
    bool training;
    int banded; /* arms with a band */
} curves;

static curve *at(const curves *k, int arm, int seed)
{
    return &k->curve[(size_t)arm * (size_t)k->f->study->seeds + (size_t)seed];
}

static study_status status_at(const curves *k, int arm, int seed)
{
    return study_at(k->f->study, arm, seed)->status;
}

static bool read_all(curves *k, error *e)
{
    const study *s = k->f->study;
    for (int a = 0; a < s->arms; a++)
        for (int i = 0; i < s->seeds; i++) {
            const study_cell *cell = study_at(s, a, i);
            if (cell->status != STUDY_DONE && cell->status != STUDY_DIVERGED) continue;
            if (!curve_read(at(k, a, i), s, k->f->d, cell->run_id, k->training,
                            k->most / CURVE_SPANS, e))
                return false;
        }
    return true;
}

static void drop_all(curves *k)
{
    for (int i = 0; i < k->f->study->arms * k->f->study->seeds; i++) curve_close(&k->curve[i]);
}

/* Read the curves of the metric; if any finished run has too few points, those of the training
 * loss. */
static bool choose(curves *k, error *e)
{
    const study *s = k->f->study;
    if (!curve_longest(&k->most, s, k->f->d, e)) return false;
    if (k->most <= 0) return true;
    if (!read_all(k, e)) return false;
    for (int a = 0; a < s->arms; a++)
        for (int i = 0; i < s->seeds; i++)
            k->training =
                k->training || (status_at(k, a, i) == STUDY_DONE && at(k, a, i)->n < CURVE_FEWEST);
    if (!k->training) return true;
    drop_all(k);
    return read_all(k, e);
}

static double x_of(const curves *k, int arm, const curve *c, int point)
{
    switch (k->f->asked->x) {
    case STUDY_FLOPS:
        return c->tokens[point] * k->f->study->arm[arm].train_flops;
    case STUDY_SECONDS:
        return c->seconds[point];
    default:
        return c->tokens[point];
    }
}

/* The index of the point at so many tokens; -1 if there is none. */
static int point_at(const curve *c, double tokens)
{
    for (int p = 0; p < c->n; p++)
        if (c->tokens[p] == tokens) return p;
    return -1;
}

/* The x in a panel of an arm's point at x; NaN if it has none there. */
static double place(const curves *k, int arm, int panel, double x)
{
    if (!panel || !k->own) return x;
    return k->end[arm] > 0 ? 100 * x / k->end[arm] : NAN;
}

/* An arm's first finished seed that has a curve; NULL if there is none.  *seeds: how many have. */
static const curve *finished(int *seeds, const curves *k, int a)
{
    const curve *first = NULL;
    *seeds = 0;
    for (int i = 0; i < k->f->study->seeds; i++) {
        if (status_at(k, a, i) != STUDY_DONE || !at(k, a, i)->n) continue;
        if (!first) first = at(k, a, i);
        ++*seeds;
    }
    return first;
}

/* The losses y of an arm's finished seeds at so many tokens, and the mean of their x; returns how
 * many have that point. */
static int values_at(double *y, double *x, const curves *k, int a, double tokens)
{
    int n = 0;
    *x = 0;
    for (int i = 0; i < k->f->study->seeds; i++) {
        const curve *c = at(k, a, i);
        const int p = status_at(k, a, i) == STUDY_DONE ? point_at(c, tokens) : -1;
        if (p < 0) continue;
        *x += x_of(k, a, c, p) / k->scale;
        y[n++] = c->loss[p];
    }
    if (n) *x /= n;
    return n;
}

/* Find where the arms end, and whether the last quarter is each arm's own. */
static void find_ends(curves *k, double *first, double *last)
{
    enum { FAR = 5 }; /* the right panel covers at most 2 / 5 of the axis */
    const study *s = k->f->study;
    double *y = error_zeroed((size_t)s->seeds, sizeof *y), x;
    *first = INFINITY, *last = 0;
    for (int a = 0; a < s->arms; a++) {
        int seeds;
        const curve *c = finished(&seeds, k, a);
        for (int p = 0; c && p < c->n; p++)
            if (values_at(y, &x, k, a, c->tokens[p]) == seeds) k->end[a] = x;
        if (!(k->end[a] > 0)) continue;
        *first = fmin(*first, k->end[a]), *last = fmax(*last, k->end[a]);
    }
    k->own = FAR * *first < (FAR - 1) * *last;
    free(y);
}

/* The mean over an arm's finished seeds at the points that all of them have, with its band, in both
 * panels. */
static void put_mean(curves *k, int a, const int mean[2], const int band[2])
{
    const study *s = k->f->study;
    int seeds;
    const curve *first = finished(&seeds, k, a);
    if (!first) return;
    const bool banded = seeds >= BAND_SEEDS && s->arms <= BAND_ARMS;
    k->banded += banded;
    double *y = error_zeroed((size_t)seeds, sizeof *y);
    for (int p = 0; p < first->n; p++) {
        double x, m, half;
        if (values_at(y, &x, k, a, first->tokens[p]) < seeds) continue;
        figure_mean(&m, &half, y, seeds);
        for (int panel = 0; panel < 2; panel++) {
            const double to = place(k, a, panel, x);
            chart_row(&k->f->chart, mean[panel], (double[]){ to, m });
            if (banded) chart_row(&k->f->chart, band[panel], (double[]){ to, m - half, m + half });
        }
    }
    free(y);
}

/* Is anything of an arm drawn? */
static bool is_drawn(const curves *k, int a)
{
    for (int i = 0; i < k->f->study->seeds; i++)
        if (at(k, a, i)->n) return true;
    return false;
}

/* Both panels show the same: bands at the back, then seeds, then means. */
static void put_all(curves *k)
{
    static const char *const COLUMNS[] = { "x mean", "x lower upper, 95 % t-interval of the mean",
                                           "x loss" };
    const study *s = k->f->study;
    const style *looks = k->f->style;
    chart *c = &k->f->chart;
    const size_t arms = (size_t)s->arms;
    int(*mean)[2] = error_zeroed(arms, sizeof *mean), (*band)[2] = error_zeroed(arms, sizeof *band);
    for (int panel = 0; panel < 2; panel++) {
        for (int a = 0; a < s->arms; a++) {
            chart_look look = k->f->look[a];
            look.opacity = looks->band_opacity;
            band[a][panel] =
                chart_add_series(c, panel, CHART_BAND, look, s->arm[a].label, COLUMNS[1]);
        }
        for (int a = 0; a < s->arms; a++)
            for (int i = 0; i < s->seeds; i++) {
                const curve *one = at(k, a, i);
                chart_look look = k->f->look[a];
                const bool dead = status_at(k, a, i) == STUDY_DIVERGED;
                look.width = looks->seed_width, look.point = -1;
                look.opacity = looks->seed_opacity * (s->arms > BAND_ARMS ? 0.6 : 1);
                if (dead) look.dash = CHART_DOTTED, look.opacity = 1;
                if (!one->n || isnan(place(k, a, panel, 1))) continue;
                const int line = chart_add_series(c, panel, CHART_LINE, look,
                                                  study_at(s, a, i)->uid, COLUMNS[2]);
                for (int p = 0; p < one->n; p++)
                    chart_row(c, line,
                              (double[]){ place(k, a, panel, x_of(k, a, one, p) / k->scale),
                                          one->loss[p] });
            }
        for (int a = 0; a < s->arms; a++) {
            chart_look look = k->f->look[a];
            look.every = k->training && !panel ? 5 : 1, look.size *= 0.6;
            mean[a][panel] =
                chart_add_series(c, panel, CHART_LINE, look, s->arm[a].label, COLUMNS[0]);
        }
    }
    for (int a = 0; a < s->arms; a++) {
        put_mean(k, a, mean[a], band[a]);
        chart_look look = k->f->look[a];
        look.size *= 0.6;
        char text[256];
        snprintf(text, sizeof text, "%s%s", k->f->name[a],
                 is_drawn(k, a)       ? ""
                 : s->arm[a].diverged ? " (diverged)"
                                      : " (not finished)");
        chart_add_entry(c, text, CHART_LINE, look);
    }
    free(mean), free(band);
}

/* Say what is drawn, and what is left out. */
static void put_remark(curves *k)
{
    int diverged = 0, unfinished = 0;
    for (int a = 0; a < k->f->study->arms; a++) {
        const study_arm *arm = &k->f->study->arm[a];
        diverged += arm->diverged, unfinished += arm->failed + arm->unfinished;
    }
    char text[512];
    int n = snprintf(text, sizeof text, "bold: mean over seeds; faint: single seeds%s",
                     k->banded ? "; band: 95 % t-interval of the mean" : "");
    if (!k->banded && k->f->study->arms > BAND_ARMS)
        n += snprintf(text + n, sizeof text - (size_t)n, "; no bands, as there are %d arms",
                      k->f->study->arms);
    if (k->f->asked->x == STUDY_SECONDS)
        n += snprintf(text + n, sizeof text - (size_t)n, "; seconds by each run's own clock");
    if (diverged)
        n += snprintf(text + n, sizeof text - (size_t)n, "; %d diverged (dotted, not in means)",
                      diverged);
    if (unfinished)
        snprintf(text + n, sizeof text - (size_t)n, "; %d unfinished (not drawn)", unfinished);
    chart_set_remark(&k->f->chart, text);
}

/* The unit of the x axis, for values up to `most`. */
static void put_unit(curves *k, double most, char title[80])
{
    static const char *const TOKENS[] = { "", " (thousands)", " (millions)", " (billions)",
                                          " (trillions)" };
    static const char *const FLOPS[] = { "",       " kFLOP", " MFLOP", " GFLOP",
                                         " TFLOP", " PFLOP", " EFLOP" };
    int u = 0;
    k->scale = 1;
    if (k->f->asked->x == STUDY_SECONDS) {
        k->scale = most >= 7200 ? 3600 : most >= 120 ? 60 : 1;
        snprintf(title, 80, "training time, %s",
                 k->scale == 3600 ? "hours"
                 : k->scale == 60 ? "minutes"
                                  : "seconds");
        return;
    }
    const bool flops = k->f->asked->x == STUDY_FLOPS;
    while (most >= 2000 * k->scale && u < (flops ? 6 : 4)) k->scale *= 1000, u++;
    snprintf(title, 80, flops ? "training compute,%s" : "tokens%s", flops ? FLOPS[u] : TOKENS[u]);
}

/* The left panel leaves out the steep start and the highest tenth of the points.  The right panel
 * starts at the last quarter of the arm that ends first, or shows 75 to 100 % of each. */
static void find_ranges(curves *k, double first, double last)
{
    const double from = k->own ? 75 : 0.75 * first, to = k->own ? 100 : last;
    const study *s = k->f->study;
    double lo[2] = { INFINITY, INFINITY }, hi[2] = { -INFINITY, -INFINITY };
    size_t n = 0, room = 0;
    for (int i = 0; i < s->arms * s->seeds; i++) room += (size_t)k->curve[i].n;
    double *early = error_zeroed(room, sizeof *early);
    for (int a = 0; a < s->arms; a++)
        for (int i = 0; i < s->seeds; i++)
            for (int p = 0; status_at(k, a, i) == STUDY_DONE && p < at(k, a, i)->n; p++) {
                const curve *c = at(k, a, i);
                const double x = x_of(k, a, c, p) / k->scale;
                if (x >= 0.1 * last || p + 1 == c->n) early[n++] = c->loss[p];
                if (place(k, a, 1, x) >= from) figure_widen(&lo[1], &hi[1], c->loss[p]);
            }
    gsl_sort(early, 1, n);
    if (n)
        lo[0] = early[0],
        hi[0] = fmax(hi[1], gsl_stats_quantile_from_sorted_data(early, 1, n, 0.9));
    free(early);
    for (int panel = 0; panel < 2; panel++) {
        chart_panel *p = &k->f->chart.panel[panel];
        figure_range(&p->y, lo[panel], hi[panel], 0.05);
        p->x.lo = panel ? from : 0, p->x.hi = panel ? to : last;
        chart_tics(&p->x, panel ? 4 : 5), chart_tics(&p->y, 6);
        chart_clip(&k->f->chart, panel);
    }
}

static bool draw(curves *k)
{
    const study *s = k->f->study;
    chart *c = &k->f->chart;
    char title[FIGURE_TITLE];
    double most = 0, first, last;
    for (int a = 0; a < s->arms; a++)
        for (int i = 0; i < s->seeds; i++)
            if (at(k, a, i)->n) most = fmax(most, x_of(k, a, at(k, a, i), at(k, a, i)->n - 1));
    put_unit(k, most, title);
    find_ends(k, &first, &last);
    if (!(last > 0)) return figure_missing(k->f, "no run is done");
    c->columns = 2;
    for (int panel = 0; panel < 2; panel++) {
        chart_add_panel(c,
                        !panel   ? "the whole run"
                        : k->own ? "the last quarter of each arm"
                                 : "the last quarter",
                        0.65 * k->f->style->panel_width, k->f->style->panel_height);
        chart_set_title(&c->panel[panel].x, panel && k->own ? "percent of the arm's run" : title);
    }
    put_all(k);
    if (k->training)
        snprintf(title, sizeof title, "training loss, nats (means over %d spans)", CURVE_SPANS);
    else
        figure_metric(title, s);
    chart_set_title(&c->panel[0].y, title);
    find_ranges(k, first, last);
    put_remark(k);
    return true;
}

static bool make(figure *f, error *e)
{
    const size_t arms = (size_t)f->study->arms, cells = arms * (size_t)f->study->seeds;
    curves k = { .f = f,
                 .curve = error_zeroed(cells, sizeof *k.curve),
                 .end = error_zeroed(arms, sizeof *k.end) };
    bool ok = choose(&k, e);
    if (ok && k.most <= 0)
        figure_missing(f, "no step is recorded yet");
    else if (ok)
        ok = draw(&k);
    drop_all(&k);
    free(k.curve), free(k.end);
    return ok;
}

const figure_kind figure_kind_loss = {
    .name = "loss",
    .help = "the loss against tokens, FLOPs or seconds: means, bands, seeds",
    .needs = "a finished run",
    .make = make,
};
