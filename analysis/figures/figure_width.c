/* figure_width.c - the width of the interval against core-minutes, for one study or several.
 *
 * A line shows what more or fewer seeds of a study would promise (promise.h), from the spread of
 * the paired differences and the processor time of its runs; the large point is the interval that
 * it has.  Studies that answer one question by different recipes (`attnlab plot A --with B`) can be
 * compared by what their answers cost.
 */
#include "analysis/answers/pilots.h"
#include "analysis/figures/figure.h"
#include "analysis/figures/widths.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* A line for each size and length of a study; `several`: there are some. */
static int add_lines(widths_line *line, int n, const pilots *p, const char *name, double alpha,
                     int *family)
{
    for (int i = 0; i < p->n && n < WIDTHS_LINES; i++) {
        const pilots_point *x = &p->point[i];
        if (!(x->df > 0) || !(x->sd > 0) || !(x->core_seconds > 0)) continue;
        widths_line *l = &line[n];
        *l = (widths_line){ .spread = { x->sd, x->df, 0 },
                            .plan = { { 1, &family[n], 0 }, alpha },
                            .minutes = x->core_seconds / 60,
                            .seeds = 2 * x->seeds > 24 ? 2 * x->seeds : 24,
                            .mark = x->seeds,
                            .mark_half = x->half };
        family[n++] = x->pairs;
        if (p->n == 1)
            snprintf(l->name, sizeof l->name, "%s", name);
        else
            snprintf(l->name, sizeof l->name, "%.60s: %lldx%lld, %.0fk tokens", name,
                     (long long)x->n_layers, (long long)x->dim, x->tokens / 1000);
    }
    return n;
}

static bool make(figure *f, error *e)
{
    const figures_request *r = f->asked;
    widths_line line[WIDTHS_LINES];
    int family[WIDTHS_LINES], n = 0;
    for (int i = -1; i < r->withs; i++) {
        const char *name = i < 0 ? f->study->name : r->with[i];
        pilots p = { 0 };
        if (!pilots_add(&p, f->d, name, f->study->metric.name, e)) {
            pilots_close(&p);
            return false;
        }
        n = add_lines(line, n, &p, name, f->study->alpha, family);
        pilots_close(&p);
    }
    if (!n) return figure_missing(f, "they are not there");
    char title[FIGURE_TITLE + 64], words[FIGURE_TITLE], remark[512];
    figure_metric(words, f->study);
    snprintf(title, sizeof title, "half-width (%s)", words);
    widths_draw(&f->chart, line, f->study->margin, title, n);
    snprintf(remark, sizeof remark,
             "lines: half the width that so many core-minutes of seeds (from %d on) give, with the "
             "middle %.0f %%; large points: the studies as they are%s",
             PROMISE_SEEDS, 100 * PROMISE_RANGE,
             f->study->margin > 0 ? "; dotted: the margin" : "");
    chart_set_remark(&f->chart, remark);
    return true;
}

const figure_kind figure_kind_width = {
    .name = "width",
    .help = "the width of the interval against core-minutes; --with adds studies",
    .needs = "two arms with two finished seeds in common, and their processor time",
    .make = make,
};
