/* figure.c - draw one figure: what all kinds have in common, before and after a kind's own part.
 *
 * An arm looks the same on every figure.  Arms get one colour per variant, and points and dashes by
 * the other axes, if there are few enough combinations; otherwise one colour per arm.
 */
#include "analysis/figures/figure.h"

#include "analysis/data/axes.h"
#include "analysis/figures/gnuplot.h"
#include "analysis/figures/pgfplots.h"
#include "analysis/statistics/student.h"
#include "core/base/table.h"

#include <assert.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

const figure_kind *figures_find(const char *name)
{
    for (int i = 0; figure_kinds[i]; i++)
        if (strcmp(figure_kinds[i]->name, name) == 0) return figure_kinds[i];
    return NULL;
}

bool figure_missing(figure *f, const char *found, ...)
{
    char text[256];
    va_list args;
    va_start(args, found);
    vsnprintf(text, sizeof text, found, args);
    va_end(args);
    snprintf(f->missing, FIGURES_MISSING, "it needs %s, but %s", f->kind->needs, text);
    return true;
}

void figure_metric(char title[FIGURE_TITLE], const study *s)
{
    snprintf(title, FIGURE_TITLE, "%s%s%s", s->metric.name, *s->metric.unit ? ", " : "",
             s->metric.unit);
}

void figure_widen(double *lo, double *hi, double x)
{
    if (isfinite(x)) *lo = fmin(*lo, x), *hi = fmax(*hi, x);
}

void figure_range(chart_axis *a, double lo, double hi, double room)
{
    const double pad = hi > lo ? room * (hi - lo) : hi != 0 ? 0.01 * fabs(hi) : 1;
    a->lo = lo - pad, a->hi = hi + pad;
}

void figure_difference(char text[32], const comparison *c, double x)
{
    snprintf(text, 32, "%+.*f", comparison_digits(c), table_rounded(x, comparison_digits(c)));
}

void figure_mean(double *mean, double *half, const double *x, int n)
{
    *mean = gsl_stats_mean(x, 1, (size_t)n);
    *half = n > 1 ? student_critical(0.025, n - 1) * gsl_stats_sd(x, 1, (size_t)n) / sqrt(n) : 0;
}

/* Labels of limited length; if two become equal, the later one gets the number of its arm. */
static char **names_of(const study *s)
{
    enum { MOST = 40, NUMBER = 24 };
    char **name = error_zeroed((size_t)s->arms, sizeof *name);
    for (int a = 0; a < s->arms; a++) name[a] = chart_cut(s->arm[a].label, MOST);
    for (int a = 0; a < s->arms; a++)
        for (int b = 0; b < a; b++) {
            if (strcmp(name[a], name[b]) != 0) continue;
            const size_t size = strlen(name[a]) + NUMBER;
            char *longer = malloc(size);
            if (!longer) error_memory();
            snprintf(longer, size, "%s (%d)", name[a], a + 1);
            free(name[a]);
            name[a] = longer;
            break;
        }
    return name;
}

chart_look *figures_looks(const study *s, const style *look)
{
    static const char ATTENTION[] = "model.attention";
    chart_look *out = error_zeroed((size_t)s->arms, sizeof *out);
    axes x;
    axes_open(&x, s);
    const char *key = axes_have(&x, ATTENTION) ? ATTENTION : x.keys ? x.key[0] : "";
    axes_groups variant = axes_by(&x, key), rest = axes_without(&x, key, NULL);
    const bool two = x.keys > 1 && variant.n <= look->colours && rest.n <= CHART_POINT_KINDS &&
                     s->arms > variant.n;
    for (int a = 0; a < s->arms; a++)
        out[a] = two ? chart_look_of(look, variant.of[a], rest.of[a]) : chart_look_at(look, a);
    axes_groups_close(&variant), axes_groups_close(&rest);
    axes_close(&x);
    return out;
}

bool figures_write(const chart *k, const char *folder, const char *name, unsigned formats, error *e)
{
    static const struct {
        unsigned bit;
        const char *ending;
    } DRAWN[] = { { FIGURES_SVG, "svg" }, { FIGURES_PNG, "png" }, { FIGURES_PDF, "pdf" } };
    if (!gnuplot_write(k, folder, name, e)) return false;
    if (formats & FIGURES_TEX && !pgfplots_write(k, folder, name, e)) return false;
    for (size_t i = 0; i < sizeof DRAWN / sizeof *DRAWN; i++)
        if (formats & DRAWN[i].bit && !gnuplot_run(folder, name, DRAWN[i].ending, e)) return false;
    return true;
}

bool figures_draw(char missing[FIGURES_MISSING], const char *folder, const figure_kind *kind,
                  const figures_request *r, error *e)
{
    assert(kind);
    enum { NARROW = 250 }; /* width of a panel */
    style usual;
    style_default(&usual);
    if (r->style) usual = *r->style;
    if (r->narrow) usual.panel_width = NARROW;
    figure f = { .kind = kind,
                 .asked = r,
                 .c = r->c,
                 .study = r->c->study,
                 .d = r->d,
                 .style = &usual,
                 .name = names_of(r->c->study),
                 .look = figures_looks(r->c->study, &usual),
                 .missing = missing };
    *missing = '\0';
    chart_open(&f.chart, f.style);
    f.chart.narrow = r->narrow;
    bool ok = kind->make(&f, e);
    if (ok && !*missing) {
        chart_place(&f.chart);
        ok = figures_write(&f.chart, folder, kind->name, r->formats, e);
    }
    chart_close(&f.chart);
    for (int a = 0; a < f.study->arms; a++) free(f.name[a]);
    free(f.name), free(f.look);
    return ok;
}
