/* figure_heat.c - the differences from the baseline by two axes of the study, as squares of colour.
 *
 * One panel for each combination of the other axes.  The colour is proportional to the difference;
 * "~" marks what is undecided and "=" what is equivalent.
 */
#include "analysis/data/axes.h"
#include "analysis/figures/cells.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The axes asked for; by default the study's first axis of words goes down and its first numeric
 * axis across. */
static bool pick_axes(const char **rows, const char **cols, const figure *f, const axes *x,
                      error *e)
{
    const char *asked[] = { f->asked->rows, f->asked->cols };
    for (int i = 0; i < 2; i++)
        if (asked[i] && !(asked[i] = axes_find(x, i ? "--cols" : "--rows", asked[i], e)))
            return false;
    if (asked[0] && asked[0] == asked[1])
        return error_usage(e, "--rows and --cols are both '%s'", asked[0]);
    *rows = asked[0], *cols = asked[1];
    for (int k = 0; k < x->keys && !*cols; k++)
        if (axes_numeric(x, x->key[k]) && (!*rows || strcmp(x->key[k], *rows) != 0))
            *cols = x->key[k];
    for (int k = x->keys - 1; k >= 0 && !*cols; k--)
        if (!*rows || strcmp(x->key[k], *rows) != 0) *cols = x->key[k];
    for (int k = 0; k < x->keys && !*rows; k++)
        if (!*cols || strcmp(x->key[k], *cols) != 0) *rows = x->key[k];
    return true;
}

static void put_difference(figure *f, const cells *g, int row, int col, int arm, double most)
{
    const comparison *c = f->c;
    const int pair = comparison_pair(c, arm);
    const contrast *r = pair < 0 ? NULL : &c->result.row[pair];
    char text[64], colour[STYLE_COLOUR] = "#ffffff";
    if (!r || isnan(r->diff)) {
        cells_put(f, g, row, col, NAN, colour,
                  r                            ? "no value"
                  : comparison_is_base(c, arm) ? "base"
                                               : "");
        return;
    }
    const bool worse = (r->diff > 0) != f->study->metric.larger_is_better;
    /* Never the full colour, so that the text stays readable. */
    style_blend(colour, "#ffffff", worse ? f->style->worse : f->style->better,
                most > 0 ? 0.05 + 0.75 * fabs(r->diff) / most : 0);
    figure_difference(text, c, r->diff);
    strcat(text, r->verdict == CONTRAST_UNDECIDED    ? " ~"
                 : r->verdict == CONTRAST_EQUIVALENT ? " ="
                                                     : "");
    cells_put(f, g, row, col, r->diff, colour, text);
}

static void put_grids(figure *f, const axes *x, const char *rows, const char *cols)
{
    const comparison *c = f->c;
    axes_groups row = axes_by(x, rows), col = axes_by(x, cols), rest = axes_without(x, rows, cols);
    double most = 0;
    for (int i = 0; i < c->asked.pairs; i++)
        if (!isnan(c->result.row[i].diff)) most = fmax(most, fabs(c->result.row[i].diff));
    for (int p = 0; p < rest.n; p++) {
        char *title = chart_cut(rest.text[p], 48);
        const cells g = cells_open(f, rest.n > 1 ? title : NULL, row.n, row.text, col.n, col.text);
        free(title);
        for (int a = 0; a < f->study->arms; a++)
            if (rest.of[a] == p) put_difference(f, &g, row.of[a], col.of[a], a, most);
        chart_set_title(&f->chart.panel[g.panel].x, cols);
        if (p % CELLS_COLUMNS == 0) chart_set_title(&f->chart.panel[g.panel].y, rows);
    }
    f->chart.columns = rest.n < CELLS_COLUMNS ? rest.n : CELLS_COLUMNS;
    axes_groups_close(&row), axes_groups_close(&col), axes_groups_close(&rest);
}

static bool make(figure *f, error *e)
{
    const comparison *c = f->c;
    const char *rows = NULL, *cols = NULL;
    axes x;
    axes_open(&x, f->study);
    bool ok = pick_axes(&rows, &cols, f, &x, e);
    if (ok && x.keys < 2)
        figure_missing(f, "the study varies %s%s", x.keys ? "only " : "nothing",
                       x.keys ? x.key[0] : "");
    else if (ok && !c->asked.pairs)
        figure_missing(f, "no arm has a baseline");
    else if (ok) {
        char text[512], title[FIGURE_TITLE];
        put_grids(f, &x, rows, cols);
        figure_metric(title, f->study);
        int n = snprintf(text, sizeof text,
                         "difference from the baseline in %s; \"~\": undecided at %g %%", title,
                         100 * c->asked.alpha);
        if (!isnan(c->asked.margin))
            snprintf(text + n, sizeof text - (size_t)n, "; \"=\": equivalent within ±%g",
                     c->asked.margin);
        chart_set_remark(&f->chart, text);
    }
    axes_close(&x);
    return ok;
}

const figure_kind figure_kind_heat = {
    .name = "heat",
    .help = "differences from the baseline by two axes, ~ if undecided",
    .needs = "two axes that vary and an arm with a baseline",
    .make = make,
};
