/* figure_noise.c - where the noise comes from: when runs leave the plateau, and spread against
 * tokens.
 *
 * Left: the training loss of every seed on a logarithmic axis of steps, smoothed over steps from
 * t / 1.1 to 1.1 t, with a point where it passes the level that plateau.h finds.  Right: standard
 * deviations with their 95 % intervals, as anatomy.h has them.
 */
#include "analysis/answers/anatomy.h"
#include "analysis/figures/figure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define FROM   5.0 /* the first step that is drawn */
#define STRIDE 1.05

/* Tics at 1, 2 and 5 times the powers of 10. */
static void put_steps(chart_axis *x, double last, const style *s, double width)
{
    static const double TIMES[] = { 1, 2, 5 };
    char text[32];
    x->log = true, x->lo = FROM, x->hi = last;
    for (double tens = 1; tens <= last; tens *= 10)
        for (int k = 0; k < 3; k++) {
            const double at = tens * TIMES[k];
            if (at < FROM || at > last) continue;
            snprintf(text, sizeof text, "%.0f", at);
            chart_tic(x, at, text);
        }
    chart_thin(x, s, width);
}

static void put_curves(figure *f, const leave *k, double width)
{
    const study *s = f->study;
    chart *c = &f->chart;
    double lo = INFINITY, hi = -INFINITY, last = FROM;
    for (int i = 0; i < s->arms * s->seeds; i++) {
        const plateau_run *run = &k->run[i];
        if (run->n < PLATEAU_FEWEST) continue;
        chart_look look = f->look[i / s->seeds];
        look.point = -1, look.width = f->style->seed_width;
        look.opacity = fmin(1, 2 * f->style->seed_opacity);
        const int line = chart_add_series(c, 0, CHART_LINE, look, s->cell[i].uid, "step loss");
        last = fmax(last, run->n);
        for (double step = FROM; step <= run->n; step *= STRIDE) {
            const double loss = plateau_smooth(run, step);
            chart_row(c, line, (double[]){ step, loss });
            figure_widen(&lo, &hi, loss);
        }
    }
    for (int a = 0; a < s->arms; a++) {
        const int points = chart_add_series(c, 0, CHART_POINTS, f->look[a], s->arm[a].label,
                                            "step at which it left the plateau, loss");
        for (int i = a * s->seeds; i < (a + 1) * s->seeds; i++)
            if (!isnan(k->moment[i]))
                chart_row(c, points, (double[]){ k->moment[i], k->plateau.level });
        chart_add_entry(c, f->name[a], CHART_POINTS, f->look[a]);
    }
    figure_range(&c->panel[0].y, lo, hi, 0.05);
    chart_tics(&c->panel[0].y, 6);
    put_steps(&c->panel[0].x, last, f->style, width);
}

static void put_spread(figure *f, const anatomy *k)
{
    static const char *const NAME[] = { "within an arm", "of a difference" };
    chart *c = &f->chart;
    double hi = 0;
    for (int of = 0; of < 2; of++) {
        chart_look look = { .opacity = 1,
                            .width = f->style->bar_width,
                            .point = 4 + of,
                            .size = f->look[0].size,
                            .dash = of ? CHART_DASHED : CHART_SOLID };
        snprintf(look.colour, sizeof look.colour, "%s", f->style->quiet);
        const int bars = chart_add_series(c, 1, CHART_BARS_Y, look, NAME[of],
                                          "thousands of tokens, sd lower upper");
        const int line =
            chart_add_series(c, 1, CHART_LINE, look, NAME[of], "thousands of tokens, sd");
        chart_add_entry(c, NAME[of], CHART_LINE, look);
        for (int i = 0; i < k->points; i++) {
            const component *v = of ? &k->point[i].difference : &k->point[i].arm;
            const double x = k->point[i].tokens / 1000;
            chart_row(c, bars, (double[]){ x, v->variance, v->lo, v->hi });
            chart_row(c, line, (double[]){ x, v->variance });
            if (i) hi = fmax(hi, fmin(v->hi, 3 * v->variance)); /* the first may be far off */
        }
    }
    c->panel[1].y.lo = 0, c->panel[1].y.hi = 1.05 * hi;
    c->panel[1].x.lo = 0, c->panel[1].x.hi = 1.02 * k->point[k->points - 1].tokens / 1000;
    chart_tics(&c->panel[1].x, 5), chart_tics(&c->panel[1].y, 6);
}

static void put_remark(figure *f, const anatomy *k)
{
    const leave *l = &k->leave;
    char text[512];
    int n = snprintf(text, sizeof text, "every line is a seed; ");
    if (!l->plateau.found)
        n += snprintf(text + n, sizeof text - (size_t)n, "no plateau was found; ");
    else {
        n += snprintf(text + n, sizeof text - (size_t)n,
                      "points: where the training loss passes %.2f after the plateau at %.2f",
                      l->plateau.level, l->plateau.stay);
        if (!isnan(l->share.lo))
            n += snprintf(text + n, sizeof text - (size_t)n,
                          ", which explains %.0f %% (%.0f to %.0f %%) of the final variance within "
                          "arms",
                          100 * l->share.r2, 100 * l->share.lo, 100 * l->share.hi);
        n += snprintf(text + n, sizeof text - (size_t)n, "; ");
    }
    snprintf(text + n, sizeof text - (size_t)n, "bars: 95 %% intervals of the standard deviations");
    chart_set_remark(&f->chart, text);
}

static bool make(figure *f, error *e)
{
    anatomy k;
    chart *c = &f->chart;
    char title[FIGURE_TITLE + 32], words[FIGURE_TITLE];
    if (!anatomy_open(&k, f->c, f->d, e)) return false;
    bool drawn = false;
    for (int i = 0; i < f->study->arms * f->study->seeds; i++)
        drawn = drawn || k.leave.run[i].n >= PLATEAU_FEWEST;
    if (!drawn || k.points < 2) {
        anatomy_close(&k);
        return figure_missing(f, "%s", drawn ? "there is no spread to show" : "there are fewer");
    }
    const double width = 0.65 * f->style->panel_width;
    c->columns = 2;
    chart_add_panel(c, "leaving the plateau", width, f->style->panel_height);
    chart_add_panel(c, "spread against tokens", width, f->style->panel_height);
    put_curves(f, &k.leave, width);
    put_spread(f, &k);
    chart_set_title(&c->panel[0].x, "step"), chart_set_title(&c->panel[0].y, "training loss, nats");
    chart_set_title(&c->panel[1].x, "tokens (thousands)");
    figure_metric(words, f->study);
    snprintf(title, sizeof title, "standard deviation of %s",
             k.training ? "the training loss" : words);
    chart_set_title(&c->panel[1].y, title);
    put_remark(f, &k);
    anatomy_close(&k);
    return true;
}

const figure_kind figure_kind_noise = {
    .name = "noise",
    .help = "when runs leave the first plateau, and spread against tokens",
    .needs = "two finished runs of 40 steps in an arm",
    .make = make,
};
