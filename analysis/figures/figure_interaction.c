/* figure_interaction.c - does a difference grow along a numeric axis, such as the context?
 *
 * One panel for each such axis: the differences from the baseline with their simultaneous
 * intervals, each as its arm looks on every figure; a line for each variant, and in the legend the
 * change per doubling (interaction.h).
 */
#include "analysis/answers/interaction.h"
#include "analysis/data/axes.h"
#include "analysis/figures/figure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is compared, without the axis: "mqa", with its baseline if there are several; then the
 * change per doubling. */
static void name_line(char *text, size_t size, const figure *f, const axes *x,
                      const interactions *k, int i)
{
    const interaction *r = &k->row[i];
    axes_groups g = axes_without(x, r->axis, NULL);
    bool one = true, several = false;
    for (int j = 0; j < k->n; j++) {
        one =
            one && (strcmp(k->row[j].axis, r->axis) != 0 || g.of[k->row[j].base] == g.of[r->base]);
        several = several || strcmp(k->row[j].axis, r->axis) != 0;
    }
    const int digits = interaction_digits(r);
    char *arm = chart_cut(g.text[g.of[r->arm]], 36), *base = chart_cut(g.text[g.of[r->base]], 24);
    int n = snprintf(text, size, "%s%s%s", *arm ? arm : f->name[r->arm], one ? "" : " − ",
                     one ? "" : base);
    if (several) n += snprintf(text + n, size - (size_t)n, " by %.40s", axes_leaf(r->axis));
    n += snprintf(text + n, size - (size_t)n, ": %+.*f", digits, table_rounded(r->slope, digits));
    if (isfinite(r->hi - r->lo))
        snprintf(text + n, size - (size_t)n, " [%+.*f, %+.*f] %s", digits,
                 table_rounded(r->lo, digits), digits, table_rounded(r->hi, digits),
                 interaction_verdict(r));
    free(arm), free(base);
    axes_groups_close(&g);
}

/* The differences along one axis, shifted by a factor.  The line looks as its first arm. */
static void put_levels(figure *f, const interaction *r, int panel, const char *text, double aside)
{
    chart *ch = &f->chart;
    chart_look look = f->look[r->arm];
    look.point = -1;
    const int line = chart_add_series(ch, panel, CHART_LINE, look, text, "level difference");
    for (int l = 0; l < r->levels; l++) {
        const contrast *p = &f->c->result.row[r->pair[l]];
        const int arm = f->c->pair[r->pair[l]].arm;
        const double at = r->x[l] * aside;
        const bool known = isfinite(p->hi - p->lo);
        chart_look own = f->look[arm];
        own.width = f->style->bar_width;
        const int bar = chart_add_series(ch, panel, CHART_BARS_Y, own, f->study->arm[arm].label,
                                         "level difference lower upper, simultaneous 1 - alpha");
        chart_row(ch, line, (double[]){ at, p->diff });
        chart_row(ch, bar,
                  (double[]){ at, p->diff, known ? p->lo : p->diff, known ? p->hi : p->diff });
    }
}

static void put_lines(figure *f, const axes *x, const interactions *k, int panel, const char *key)
{
    const comparison *c = f->c;
    chart *ch = &f->chart;
    double lo = 0, hi = 0, first = INFINITY, last = 0;
    int of_axis = 0, place = 0;
    for (int i = 0; i < k->n; i++) of_axis += strcmp(k->row[i].axis, key) == 0;
    for (int i = 0; i < k->n; i++) {
        const interaction *r = &k->row[i];
        if (strcmp(r->axis, key) != 0) continue;
        for (int l = 0; l < r->levels; l++) {
            const contrast *p = &c->result.row[r->pair[l]];
            first = fmin(first, r->x[l]), last = fmax(last, r->x[l]);
            figure_widen(&lo, &hi, p->diff), figure_widen(&lo, &hi, p->lo);
            figure_widen(&lo, &hi, p->hi);
        }
    }
    /* Shift the lines a little, so that their intervals do not overlap. */
    const double apart = fmin(0.02, 0.12 / of_axis) * log2(last / first);
    chart_axis *ax = &ch->panel[panel].x, *ay = &ch->panel[panel].y;
    for (int i = 0; i < k->n; i++) {
        const interaction *r = &k->row[i];
        if (strcmp(r->axis, key) != 0) continue;
        char text[512];
        name_line(text, sizeof text, f, x, k, i);
        put_levels(f, r, panel, text, exp2(apart * (place - 0.5 * (of_axis - 1))));
        for (int l = 0; l < r->levels; l++) {
            char number[32];
            snprintf(number, sizeof number, "%.10g", r->x[l]);
            bool known = false;
            for (int t = 0; t < ax->tics; t++) known = known || ax->at[t] == r->x[l];
            if (!known) chart_tic(ax, r->x[l], number);
        }
        place++;
        chart_add_entry(ch, text, CHART_LINE, f->look[r->arm]);
    }
    if (!isnan(c->asked.margin))
        figure_widen(&lo, &hi, c->asked.margin), figure_widen(&lo, &hi, -c->asked.margin);
    const double room = pow(last / first, 0.12);
    ax->log = true, ax->lo = first / room, ax->hi = last * room;
    chart_thin(ax, f->style, ch->panel[panel].width);
    figure_range(ay, lo, hi, 0.06);
    chart_tics(ay, 6);
    if (!isnan(c->asked.margin)) {
        chart_box b = { panel, -INFINITY, -c->asked.margin, INFINITY, c->asked.margin, "", "" };
        memcpy(b.fill, f->style->margin, STYLE_COLOUR);
        chart_add_box(ch, b);
    }
    chart_rule(ch, panel, 'y', 0, CHART_SOLID);
}

static bool make(figure *f, error *e)
{
    (void)e;
    interactions k;
    interaction_find(&k, f->c);
    if (!k.n) {
        interaction_close(&k);
        return figure_missing(f, "there are none");
    }
    axes x;
    axes_open(&x, f->study);
    char text[512], title[FIGURE_TITLE];
    figure_metric(title, f->study);
    for (int i = 0; i < k.n; i++) {
        if (i && strcmp(k.row[i].axis, k.row[i - 1].axis) == 0) continue;
        const int panel =
            chart_add_panel(&f->chart, NULL, f->style->panel_width, f->style->panel_height);
        chart_set_title(&f->chart.panel[panel].x, k.row[i].axis);
        snprintf(text, sizeof text, "difference in %s", title);
        chart_set_title(&f->chart.panel[panel].y, text);
        put_lines(f, &x, &k, panel, k.row[i].axis);
    }
    int n = snprintf(text, sizeof text,
                     "bars: simultaneous %g %% intervals of the differences from the baseline; "
                     "legend: the change of the difference per doubling, and its interval",
                     100 * (1 - f->c->asked.alpha));
    if (!isnan(f->c->asked.margin))
        snprintf(text + n, sizeof text - (size_t)n, "; shaded: margin ±%g", f->c->asked.margin);
    chart_set_remark(&f->chart, text);
    axes_close(&x);
    interaction_close(&k);
    return true;
}

const figure_kind figure_kind_interaction = {
    .name = "interaction",
    .help = "differences from the baseline along a numeric axis",
    .needs = "arms compared with a baseline at two or more values of a numeric axis",
    .make = make,
};
