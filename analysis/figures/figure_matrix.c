/* figure_matrix.c - the metric by training context and evaluation context, as squares of colour.
 *
 * One panel for each combination of the other axes; the square is framed where a model was
 * evaluated at the context it was trained at.
 */
#include "analysis/data/axes.h"
#include "analysis/figures/cells.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The mean of each arm at one length, as compare computes it for that metric. */
static bool read_means(double *mean, int *digits, const figure *f, int64_t length, error *e)
{
    char name[160];
    const char *own = f->study->metric.name;
    snprintf(name, sizeof name, "%.*s@%lld", (int)strcspn(own, "@"), own, (long long)length);
    study s;
    comparison c;
    if (!study_open(&s, f->d, f->study->name, name, -1, e)) return false;
    const bool ok = comparison_open(&c, &s, f->d, false, e);
    for (int a = 0; ok && a < s.arms; a++) {
        double sd;
        comparison_arm(&mean[a], &sd, &c, a);
    }
    if (ok) {
        const int own_digits = comparison_digits(&c);
        if (own_digits > *digits) *digits = own_digits;
        comparison_close(&c);
    }
    study_free(&s);
    return ok;
}

/* The square of an arm at a length, with a frame if the arm was trained at it. */
static void put_mean(figure *f, const cells *g, int row, int col, double mean, int digits,
                     const double range[2], bool own)
{
    char text[64] = "no value", colour[STYLE_COLOUR] = "#ffffff";
    if (!isnan(mean)) {
        snprintf(text, sizeof text, "%.*f", digits, mean);
        const double width = range[1] - range[0],
                     part = width > 0 ? 0.05 + 0.75 * (mean - range[0]) / width : 0;
        style_blend(colour, "#ffffff", f->style->most, part);
    }
    cells_put(f, g, row, col, mean, colour, text);
    if (own) cells_frame(f, g, row, col);
}

/* mean (lengths, arms). */
static void put_matrix(figure *f, const double *mean, const int64_t *length, int lengths,
                       int digits)
{
    enum { TEXT = 24 };
    const int arms = f->study->arms;
    double range[] = { INFINITY, -INFINITY };
    axes x;
    axes_open(&x, f->study);
    /* Without an axis of contexts the rows are the arms. */
    const bool by = axes_have(&x, "model.context");
    axes_groups row = by ? axes_by(&x, "model.context") : axes_without(&x, NULL, NULL),
                rest = axes_without(&x, "model.context", NULL);
    char(*word)[TEXT] = error_zeroed((size_t)lengths, sizeof *word),
    **col = error_zeroed((size_t)lengths, sizeof *col);
    for (int l = 0; l < lengths; l++) {
        snprintf(word[l], TEXT, "%lld", (long long)length[l]);
        col[l] = word[l];
    }
    for (int i = 0; i < lengths * arms; i++) figure_widen(&range[0], &range[1], mean[i]);
    const int panels = by ? rest.n : 1;
    for (int p = 0; p < panels; p++) {
        char *title = chart_cut(rest.text[p], 48);
        const cells g = cells_open(f, panels > 1 ? title : NULL, row.n, row.text, lengths, col);
        free(title);
        for (int a = 0; a < arms; a++)
            for (int l = 0; l < lengths && !(by && rest.of[a] != p); l++)
                put_mean(f, &g, row.of[a], l, mean[l * arms + a], digits, range,
                         f->study->arm[a].context == length[l]);
        chart_set_title(&f->chart.panel[g.panel].x, "evaluation context");
        if (by && p % CELLS_COLUMNS == 0)
            chart_set_title(&f->chart.panel[g.panel].y, "training context");
    }
    f->chart.columns = panels < CELLS_COLUMNS ? panels : CELLS_COLUMNS;
    axes_groups_close(&row), axes_groups_close(&rest);
    axes_close(&x);
    free(word), free(col);
}

static bool make(figure *f, error *e)
{
    enum { MOST = 16 };
    int64_t length[MOST];
    int n, digits = 0;
    if (!study_contexts(length, &n, f->study, f->d, MOST, e)) return false;
    if (n < 2) return figure_missing(f, n ? "only one is recorded" : "none is recorded");
    double *mean = error_zeroed((size_t)n * (size_t)f->study->arms, sizeof *mean);
    bool ok = true;
    for (int l = 0; ok && l < n; l++)
        ok = read_means(mean + l * f->study->arms, &digits, f, length[l], e);
    if (ok) put_matrix(f, mean, length, n, digits);
    char text[256];
    const metric *m = &f->study->metric;
    snprintf(text, sizeof text,
             "%.*s%s%s, means over seeds; framed: evaluated at the training context",
             (int)strcspn(m->name, "@"), m->name, *m->unit ? ", " : "", m->unit);
    chart_set_remark(&f->chart, text);
    free(mean);
    return ok;
}

const figure_kind figure_kind_matrix = {
    .name = "matrix",
    .help = "the metric by training context and evaluation context",
    .needs = "final evaluations at two or more lengths (eval.context)",
    .make = make,
};
