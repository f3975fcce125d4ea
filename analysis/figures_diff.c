/* figures_diff.c - the forest of paired differences; see figures.h. */
#include "analysis/figure.h"
#include "analysis/figures.h"

#include <math.h>
#include <string.h>

static void widen(double *lo, double *hi, double x)
{
    if (isfinite(x)) *lo = fmin(*lo, x), *hi = fmax(*hi, x);
}

enum {
    NAME = 512,
    PANEL = 420,   /* width of the plot, in pixels      */
    VERDICT = 150, /* ... and of what stands right of it */
};

/* "arm - base", or the arm alone where all have one baseline. */
static void name_of(char text[NAME], const comparison *c, int i)
{
    const study_arm *arm = c->study->arm;
    bool one_base = true;
    for (int k = 1; k < c->asked.pairs; k++)
        one_base = one_base && c->pair[k].base == c->pair[0].base;
    if (one_base)
        snprintf(text, NAME, "%s", arm[c->pair[i].arm].label);
    else
        snprintf(text, NAME, "%s - %s", arm[c->pair[i].arm].label, arm[c->pair[i].base].label);
}

/* Intervals in the first two blocks (1 - alpha, 1 - 2 alpha), seeds in the third. */
static void put_data(figure *f, const comparison *c, double *lo, double *hi)
{
    const int rows = c->asked.pairs;
    figure_block(f, "row, difference, simultaneous interval");
    for (int i = 0; i < rows; i++) {
        const contrast *r = &c->result.row[i];
        if (isnan(r->diff)) continue;
        const bool bounded = isfinite(r->hi - r->lo);
        fprintf(f->dat.f, "%d %.9g %.9g %.9g %.9g %.9g\n", rows - i, r->diff,
                bounded ? r->lo : r->diff, bounded ? r->hi : r->diff,
                bounded ? r->inner_lo : r->diff, bounded ? r->inner_hi : r->diff);
        widen(lo, hi, r->diff), widen(lo, hi, r->lo), widen(lo, hi, r->hi);
    }
    figure_block(f, "row, difference at one seed, seed");
    fputs("NaN NaN 0\n", f->dat.f); /* the block must not be empty */
    for (int i = 0; i < rows; i++)
        for (int s = 0; s < c->asked.seeds; s++) {
            const double d = c->y[c->pair[i].arm * c->asked.seeds + s] -
                             c->y[c->pair[i].base * c->asked.seeds + s];
            if (isnan(d)) continue;
            fprintf(f->dat.f, "%.3f %.9g %lld\n", rows - i - 0.22, d, (long long)c->study->seed[s]);
            widen(lo, hi, d);
        }
}

/* The verdicts, to the right of the rows. */
static void put_verdict(FILE *gp, const comparison *c, int i)
{
    const contrast *r = &c->result.row[i];
    char text[128];
    if (isnan(r->diff))
        snprintf(text, sizeof text, "not enough runs");
    else
        snprintf(text, sizeof text, "%+.4f  %s", r->diff, contrast_verdict_name(r->verdict));
    figure_quote_tic(gp, text);
}

static void put_tics(FILE *gp, const comparison *c, bool right)
{
    fprintf(gp, "set %stics (", right ? "y2" : "y");
    for (int i = 0; i < c->asked.pairs; i++) {
        char text[NAME];
        name_of(text, c, i);
        if (i) fputs(", ", gp);
        right ? put_verdict(gp, c, i) : figure_quote_tic(gp, text);
        fprintf(gp, " %d", c->asked.pairs - i);
    }
    fputs(")\n", gp);
}

static void put_script(FILE *gp, const comparison *c, double lo, double hi)
{
    const study *s = c->study;
    const double margin = c->asked.margin;
    bool one_base = true;
    for (int i = 1; i < c->asked.pairs; i++)
        one_base = one_base && c->pair[i].base == c->pair[0].base;
    widen(&lo, &hi, 0);
    if (!isnan(margin)) widen(&lo, &hi, margin), widen(&lo, &hi, -margin);
    const double pad = hi > lo ? 0.05 * (hi - lo) : 1;
    char text[512];
    snprintf(text, sizeof text, "difference%s%s in %s%s%s (%s is better)", one_base ? " from " : "",
             one_base ? s->arm[c->pair[0].base].label : "", s->metric.name,
             *s->metric.unit ? ", " : "", s->metric.unit,
             s->metric.larger_is_better ? "right" : "left");
    fprintf(gp, "set xrange [%.9g:%.9g]\nset yrange [0.4:%.1f]\nset y2range [0.4:%.1f]\n", lo - pad,
            hi + pad, c->asked.pairs + 0.6, c->asked.pairs + 0.6);
    figure_tics(gp, 'x', lo, hi, 5);
    fputs("set xlabel ", gp);
    figure_quote(gp, text);
    fputs("\nset border 1\nset tics scale 0.6\nset grid x noy\nset ytics scale 0\n"
          "set y2tics scale 0\n",
          gp);
    put_tics(gp, c, false), put_tics(gp, c, true);
    if (!isnan(margin))
        fprintf(gp,
                "set object 1 rectangle from %.9g,graph 0 to %.9g,graph 1 fc rgb '#e8f1e8' "
                "fs solid 1 noborder behind\n",
                -margin, margin);
    fputs("set arrow 1 from 0,graph 0 to 0,graph 1 nohead lw 1 lc rgb '#404040'\n"
          "unset key\n"
          "set bars 0\n",
          gp);
    snprintf(text, sizeof text,
             "bars: simultaneous %g %% (thin) and %g %% (thick) intervals; circles: seeds",
             100 * (1 - c->asked.alpha), 100 * (1 - 2 * c->asked.alpha));
    if (!isnan(margin))
        snprintf(text + strlen(text), sizeof text - strlen(text), "; green: margin ±%g", margin);
    figure_remark(gp, text);
    fputs("plot data index 1 using 2:1 with points pt 6 ps 0.5 lc rgb '#909090', \\\n"
          "  data index 0 using 2:1:3:4 with xerrorbars lw 1.5 lc rgb '#0072B2' pt 0, \\\n"
          "  data index 0 using 2:1:5:6 with xerrorbars lw 4 lc rgb '#0072B2' pt 0, \\\n"
          "  data index 0 using 2:1 with points pt 7 ps 1.1 lc rgb '#000000'\n",
          gp);
}

bool figures_diff(const char *folder, const comparison *c, error *e)
{
    if (!c->asked.pairs)
        return error_set(e, "study '%s': no arm has a baseline to differ from", c->study->name);
    int width = 0;
    for (int i = 0; i < c->asked.pairs; i++) {
        char text[NAME];
        name_of(text, c, i);
        width = figure_legend(width, text);
    }
    width += PANEL + VERDICT;
    figure f;
    if (!figure_open(&f, folder, "diff", width, 130 + 50 * c->asked.pairs, e)) return false;
    double lo = INFINITY, hi = -INFINITY;
    put_data(&f, c, &lo, &hi);
    put_script(f.gp.f, c, lo, hi);
    return figure_close(&f, e);
}
