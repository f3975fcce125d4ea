/* figures_frontier.c - the metric against KV bytes a token; see figures.h. */
#include "analysis/figure.h"
#include "analysis/figures.h"

#include <math.h>
#include <stdlib.h>

enum { PANEL = 540 }; /* width of the plot, in pixels */

typedef struct place {
    int arm;
    double kv, mean, lo, hi; /* the interval of the difference, about the mean; the mean itself for
                                a baseline */
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
        p[n] = (place){ a, c->study->arm[a].kv_bytes, mean, mean, mean };
        for (int i = 0; i < c->asked.pairs; i++) {
            const contrast *r = &c->result.row[i];
            if (r->of.arm == a && isfinite(r->hi - r->lo))
                p[n].lo = mean - (r->diff - r->lo), p[n].hi = mean + (r->hi - r->diff);
        }
        n++;
    }
    qsort(p, (size_t)n, sizeof *p, by_kv);
    return n;
}

/* Does some arm do at least as well with no more cache, and better in one of the two? */
static bool beaten(const place *p, int n, int i, bool larger_is_better)
{
    for (int k = 0; k < n; k++) {
        const double gain = larger_is_better ? p[k].mean - p[i].mean : p[i].mean - p[k].mean;
        if (p[k].kv <= p[i].kv && gain >= 0 && (p[k].kv < p[i].kv || gain > 0)) return true;
    }
    return false;
}

static void put_bytes(FILE *gp, double bytes)
{
    static const char *const UNIT[] = { "B", "KiB", "MiB" };
    int u = 0;
    while (bytes >= 1024 && u < 2) bytes /= 1024, u++;
    fprintf(gp, "'%.4g %s'", bytes, UNIT[u]);
}

/* A tic at each arm that leaves room for its text. */
static void put_tics(FILE *gp, const place *p, int n)
{
    const double span = log(p[n - 1].kv / p[0].kv);
    double last = -INFINITY;
    fputs("set xtics (", gp);
    for (int i = 0; i < n; i++) {
        if (log(p[i].kv) - last < 0.11 * span) continue;
        if (i) fputs(", ", gp);
        put_bytes(gp, p[i].kv);
        fprintf(gp, " %.9g", p[i].kv);
        last = log(p[i].kv);
        if (span == 0) break;
    }
    fputs(")\n", gp);
}

static void put_script(FILE *gp, const comparison *c, const place *p, int n, int line, int width)
{
    const study *s = c->study;
    double lo = INFINITY, hi = -INFINITY;
    for (int i = 0; i < n; i++) lo = fmin(lo, p[i].lo), hi = fmax(hi, p[i].hi);
    const double pad = hi > lo ? 0.1 * (hi - lo) : 0.01;
    char text[160];
    snprintf(text, sizeof text, "%s%s%s", s->metric.name, *s->metric.unit ? ", " : "",
             s->metric.unit);
    fprintf(gp,
            "set logscale x 2\nset xrange [%.9g:%.9g]\nset yrange [%.9g:%.9g]\n"
            "set xlabel 'KV cache, bytes a token'\nset ylabel ",
            p[0].kv / 1.4, p[n - 1].kv * 1.4, lo - pad, hi + pad);
    figure_quote(gp, text);
    fputc('\n', gp);
    put_tics(gp, p, n);
    figure_tics(gp, 'y', lo - pad, hi + pad, 6);
    snprintf(text, sizeof text,
             "bars: simultaneous %g %% interval of the difference from the baseline%s",
             100 * (1 - c->asked.alpha), line >= 0 ? "; dashed: no other is better in both" : "");
    figure_remark(gp, text);
    /* The legend takes the right of the picture, whose width allows for it. */
    fprintf(gp,
            "set lmargin at screen %.4f\nset rmargin at screen %.4f\n"
            "set key at screen %.4f,0.88 left top vertical Left reverse samplen 1\n"
            "set bars 0.6\nplot \\\n",
            85.0 / width, (double)PANEL / width, (PANEL + 8.0) / width);
    if (line >= 0)
        fprintf(gp, "  data index %d using 1:2 with lines lw 1 dt 2 lc rgb '#808080' notitle, \\\n",
                line);
    for (int i = 0; i < n; i++) {
        fprintf(gp,
                "  data index %d using 1:2:3:4 with yerrorbars lw 1.5 lc rgb '%s' pt %d ps 1.2 "
                "title ",
                i, figure_colour(p[i].arm, false), figure_point(p[i].arm));
        figure_quote(gp, s->arm[p[i].arm].label);
        fputs(i + 1 < n ? ", \\\n" : "\n", gp);
    }
}

bool figures_frontier(const char *folder, const comparison *c, error *e)
{
    place *p = calloc((size_t)c->study->arms, sizeof *p);
    if (!p) abort();
    const int n = find_places(p, c);
    figure f;
    int width = 0;
    for (int i = 0; i < n; i++) width = figure_legend(width, c->study->arm[p[i].arm].label);
    width += PANEL + 10;
    bool ok =
        n > 0 || error_set(e, "study '%s': no arm with a KV cache has finished", c->study->name);
    ok = ok && figure_open(&f, folder, "frontier", width, 400, e);
    if (ok) {
        int kept = 0, line = -1;
        for (int i = 0; i < n; i++) {
            figure_block(&f, c->study->arm[p[i].arm].label);
            fprintf(f.dat.f, "%.9g %.9g %.9g %.9g\n", p[i].kv, p[i].mean, p[i].lo, p[i].hi);
            kept += !beaten(p, n, i, c->asked.larger_is_better);
        }
        if (kept > 1) line = figure_block(&f, "the frontier: arms that no other beats on both");
        for (int i = 0; line >= 0 && i < n; i++)
            if (!beaten(p, n, i, c->asked.larger_is_better))
                fprintf(f.dat.f, "%.9g %.9g\n", p[i].kv, p[i].mean);
        put_script(f.gp.f, c, p, n, line, width);
        ok = figure_close(&f, e);
    }
    free(p);
    return ok;
}
