/* figures_loss.c - loss against tokens; see figures.h. */
#include "analysis/curve.h"
#include "analysis/figure.h"
#include "analysis/figures.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>

enum {
    BAND_SEEDS = 5, /* with fewer the band would hide the rest */
    PANELS = 690,   /* width of both, in pixels            */
};

typedef struct curves {
    const comparison *c;
    curve *curve;     /* (arms, seeds) */
    int *mean, *line; /* blocks of data: (arms), (arms, seeds); -1: none */
    int *n;           /* (arms): seeds in the mean */
    double scale;     /* tokens a unit of the x axis */
    double most;      /* tokens */
    bool training;
    double lo, hi, late_lo, late_hi; /* of the loss: shown on the left, and in the last quarter */
} curves;

static curve *at(const curves *k, int arm, int seed)
{
    return &k->curve[(size_t)arm * (size_t)k->c->asked.seeds + (size_t)seed];
}

static bool read_all(curves *k, db *d, error *e)
{
    const study *s = k->c->study;
    for (int a = 0; a < s->arms; a++)
        for (int i = 0; i < s->seeds; i++) {
            const study_cell *cell = study_at(s, a, i);
            if (cell->status != STUDY_DONE && cell->status != STUDY_DIVERGED) continue;
            if (!curve_read(at(k, a, i), s, d, cell->run_id, k->training, k->most / CURVE_SPANS, e))
                return false;
        }
    return true;
}

static void drop_all(curves *k)
{
    for (int i = 0; i < k->c->asked.arms * k->c->asked.seeds; i++) curve_close(&k->curve[i]);
}

/* Validation curves, or where any finished run has too few points, training curves for all. */
static bool choose(curves *k, db *d, error *e)
{
    const study *s = k->c->study;
    int64_t most;
    if (!db_integer(d, &most, 0, e,
                    "SELECT max(t.tokens) FROM train_step t JOIN arm_run USING(run_id)"
                    " JOIN arm USING(arm_id) WHERE sweep_id = ?",
                    "i", s->sweep_id))
        return false;
    if (most <= 0) return error_set(e, "study '%s': no step is on record yet", s->name);
    k->most = (double)most;
    k->scale = k->most >= 2e9 ? 1e9 : k->most >= 2e6 ? 1e6 : k->most >= 2e3 ? 1e3 : 1;
    if (!read_all(k, d, e)) return false;
    for (int a = 0; a < s->arms; a++)
        for (int i = 0; i < s->seeds; i++)
            k->training = k->training || (study_at(s, a, i)->status == STUDY_DONE &&
                                          at(k, a, i)->n < CURVE_FEWEST);
    if (!k->training) return true;
    drop_all(k);
    return read_all(k, d, e);
}

/* The loss at so many tokens; NaN where the curve has no point there. */
static double loss_at(const curve *k, double tokens)
{
    for (int p = 0; p < k->n; p++)
        if (k->tokens[p] == tokens) return k->loss[p];
    return NAN;
}

/* The mean over an arm's finished seeds, at the points that all of them have, with its band. */
static void put_mean(figure *f, curves *k, int a)
{
    const study *s = k->c->study;
    const curve *first = NULL;
    for (int i = 0; i < s->seeds; i++)
        if (study_at(s, a, i)->status == STUDY_DONE && at(k, a, i)->n) {
            k->n[a]++;
            if (!first) first = at(k, a, i);
        }
    if (!first) return;
    k->mean[a] = figure_block(f, s->arm[a].label);
    fputs("# tokens, mean, 95 % t-interval\n", f->dat.f);
    double *x = calloc((size_t)k->n[a], sizeof *x);
    if (!x) abort();
    for (int p = 0; p < first->n; p++) {
        size_t n = 0;
        for (int i = 0; i < s->seeds; i++) {
            if (study_at(s, a, i)->status != STUDY_DONE || !at(k, a, i)->n) continue;
            const double loss = loss_at(at(k, a, i), first->tokens[p]);
            if (!isnan(loss)) x[n++] = loss;
        }
        if ((int)n < k->n[a]) continue;
        const double mean = gsl_stats_mean(x, 1, n);
        const double half = n < BAND_SEEDS ? 0
                                           : gsl_cdf_tdist_Pinv(0.975, (double)n - 1) *
                                                 gsl_stats_sd(x, 1, n) / sqrt((double)n);
        fprintf(f->dat.f, "%.9g %.9g %.9g %.9g\n", first->tokens[p] / k->scale, mean, mean - half,
                mean + half);
    }
    free(x);
}

static void widen(double *lo, double *hi, double x)
{
    *lo = fmin(*lo, x), *hi = fmax(*hi, x);
}

/* The left panel leaves out the steep start, the right one shows the last quarter. */
static void find_ranges(curves *k)
{
    k->lo = k->late_lo = INFINITY, k->hi = k->late_hi = -INFINITY;
    for (int i = 0; i < k->c->asked.arms * k->c->asked.seeds; i++) {
        if (k->c->study->cell[i].status != STUDY_DONE) continue;
        for (int p = 0; p < k->curve[i].n; p++) {
            const double tokens = k->curve[i].tokens[p], loss = k->curve[i].loss[p];
            if (tokens >= 0.1 * k->most) widen(&k->lo, &k->hi, loss);
            if (tokens >= 0.75 * k->most) widen(&k->late_lo, &k->late_hi, loss);
        }
    }
    const double pad = 0.04 * (k->hi - k->lo), late_pad = 0.06 * (k->late_hi - k->late_lo);
    k->lo -= pad, k->hi += pad, k->late_lo -= late_pad, k->late_hi += late_pad;
}

static void put_panel(FILE *gp, const curves *k, bool late)
{
    const study *s = k->c->study;
    const double lo = late ? k->late_lo : k->lo, hi = late ? k->late_hi : k->hi;
    const double from = late ? 0.75 * k->most / k->scale : 0, to = k->most / k->scale;
    if (isfinite(lo) && hi > lo) fprintf(gp, "set yrange [%.9g:%.9g]\n", lo, hi);
    figure_tics(gp, 'y', lo, hi, 6), figure_tics(gp, 'x', from, to, late ? 3 : 5);
    fprintf(gp, "set xrange [%.9g:%.9g]\nplot \\\n", from, to);
    for (int a = 0; a < s->arms; a++)
        if (k->mean[a] >= 0 && k->n[a] >= BAND_SEEDS)
            fprintf(gp,
                    "  data index %d using 1:3:4 with filledcurves fc rgb '#E0%s' notitle, \\\n",
                    k->mean[a], figure_colour(a, false) + 1);
    for (int a = 0; a < s->arms; a++)
        for (int i = 0; i < s->seeds; i++) {
            const int block = k->line[a * s->seeds + i];
            if (block < 0) continue;
            const bool dead = study_at(s, a, i)->status == STUDY_DIVERGED;
            fprintf(gp, "  data index %d using 1:2 with lines lw 1 lc rgb '%s'%s notitle, \\\n",
                    block, figure_colour(a, !dead), dead ? " dt 3" : "");
        }
    for (int a = 0; a < s->arms; a++) {
        if (k->mean[a] < 0) continue;
        fprintf(gp,
                "  data index %d using 1:2 with linespoints lw 2 lc rgb '%s' pt %d ps 0.5 "
                "pointinterval -%d ",
                k->mean[a], figure_colour(a, false), figure_point(a), late ? 2 : 5);
        if (late)
            fputs("notitle, \\\n", gp);
        else {
            fputs("title ", gp);
            figure_quote(gp, s->arm[a].label);
            fputs(", \\\n", gp);
        }
    }
    fputs("  NaN notitle\n", gp);
}

/* What is drawn, and what is not. */
static void put_remark(FILE *gp, const curves *k)
{
    int diverged = 0, unfinished = 0, most = 0;
    for (int a = 0; a < k->c->study->arms; a++) {
        const study_arm *arm = &k->c->study->arm[a];
        diverged += arm->diverged, unfinished += arm->failed + arm->unfinished;
        if (k->n[a] > most) most = k->n[a];
    }
    char text[256];
    int n = snprintf(text, sizeof text, "bold: mean over seeds; faint: seeds%s",
                     most >= BAND_SEEDS ? "; band: 95 % t-interval of the mean" : "");
    if (diverged)
        n += snprintf(text + n, sizeof text - (size_t)n, "; %d diverged (dotted, not in means)",
                      diverged);
    if (unfinished)
        snprintf(text + n, sizeof text - (size_t)n, "; %d unfinished (not drawn)", unfinished);
    fputs("\nset label 2 ", gp);
    figure_quote(gp, text);
    fputs(" at screen 0.02,0.965 left font small textcolor rgb '#404040'", gp);
}

static void put_script(FILE *gp, const curves *k, int width)
{
    const study *s = k->c->study;
    char name[160];
    if (k->training)
        snprintf(name, sizeof name, "training loss, nats (means over %d spans)", CURVE_SPANS);
    else
        snprintf(name, sizeof name, "%s%s%s", s->metric.name, *s->metric.unit ? ", " : "",
                 s->metric.unit);
    fprintf(gp, "set xlabel 'tokens%s'\nset ylabel ",
            k->scale == 1e9   ? " (billions)"
            : k->scale == 1e6 ? " (millions)"
            : k->scale == 1e3 ? " (thousands)"
                              : "");
    figure_quote(gp, name);
    put_remark(gp, k);
    /* Two panels of fixed size, and the legend to the right of them. */
    fprintf(gp,
            "\nset multiplot\n"
            "set key at screen %.4f,0.93 left top vertical Left reverse samplen 2\n"
            "set tmargin at screen 0.92\nset bmargin at screen 0.16\n"
            "set lmargin at screen %.4f\nset rmargin at screen %.4f\n",
            (PANELS + 8.0) / width, 75.0 / width, 375.0 / width);
    fputs("set label 1 'the whole run' at graph 0.97,0.96 right\n", gp);
    put_panel(gp, k, false);
    fprintf(gp,
            "unset key\nunset ylabel\nunset label 2\nset lmargin at screen %.4f\nset rmargin at "
            "screen %.4f\n"
            "set label 1 'the last quarter' at graph 0.97,0.96 right\n",
            445.0 / width, (double)PANELS / width);
    put_panel(gp, k, true);
    fputs("unset multiplot\n", gp);
}

bool figures_loss(const char *folder, const comparison *c, db *d, error *e)
{
    const size_t arms = (size_t)c->asked.arms, cells = arms * (size_t)c->asked.seeds;
    curves k = { .c = c,
                 .curve = calloc(cells, sizeof *k.curve),
                 .mean = calloc(arms, sizeof *k.mean),
                 .line = calloc(cells, sizeof *k.line),
                 .n = calloc(arms, sizeof *k.n) };
    if (!k.curve || !k.mean || !k.line || !k.n) abort();
    figure f;
    int width = 0;
    for (size_t a = 0; a < arms; a++) width = figure_legend(width, c->study->arm[a].label);
    width += PANELS + 10;
    bool ok = choose(&k, d, e) && figure_open(&f, folder, "loss", width, 380, e);
    if (ok) {
        for (int a = 0; a < c->asked.arms; a++) {
            k.mean[a] = -1;
            put_mean(&f, &k, a);
        }
        for (size_t i = 0; i < cells; i++) {
            k.line[i] = -1;
            if (!k.curve[i].n) continue;
            k.line[i] = figure_block(&f, c->study->cell[i].uid);
            for (int p = 0; p < k.curve[i].n; p++)
                fprintf(f.dat.f, "%.9g %.9g\n", k.curve[i].tokens[p] / k.scale, k.curve[i].loss[p]);
        }
        find_ranges(&k);
        put_script(f.gp.f, &k, width);
        ok = figure_close(&f, e);
    }
    drop_all(&k);
    free(k.curve), free(k.mean), free(k.line), free(k.n);
    return ok;
}
