/* figure_heat.c - two tables as squares of colour: differences from the baseline by two axes of
 * the study, and the metric by training context and evaluation context; see figures.h.
 */
#include "analysis/answers/tables.h"
#include "analysis/data/axes.h"
#include "analysis/figures/figure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 4 }; /* panels side by side */

/* Squares from (1, 1) at the upper left on, with the words of both sides. */
typedef struct grid {
    int panel, series, rows;
} grid;

static double widest(const style *s, char *const *text, int n, double least)
{
    for (int i = 0; i < n; i++) least = fmax(least, chart_text_width(s, text[i], false) + 12);
    return least;
}

static grid open_grid(figure *f, const char *title, int rows, char *const *row, int cols,
                      char *const *col)
{
    enum { MOST = 36, LEAST = 9 }; /* ems, for what stands beside the rows */
    chart *k = &f->chart;
    const double size = f->style->font_size;
    grid g = { .rows = rows };
    char **short_col = calloc((size_t)cols + 1, sizeof *short_col);
    if (!short_col) error_memory();
    for (int c = 0; c < cols; c++) short_col[c] = chart_cut(col[c], MOST);
    g.panel = chart_add_panel(k, title, cols * widest(f->style, short_col, cols, 6.4 * size),
                              fmax(3 * rows, LEAST) * size);
    chart_panel *p = &k->panel[g.panel];
    p->x.names = p->y.names = true, p->x.grid = p->y.grid = false;
    p->x.lo = p->y.lo = 0.5, p->x.hi = cols + 0.5, p->y.hi = rows + 0.5;
    for (int c = 0; c < cols; c++) chart_tic(&p->x, c + 1, short_col[c]);
    for (int r = 0; r < rows; r++) {
        char *name = chart_cut(row[r], MOST);
        chart_tic(&p->y, rows - r, name);
        free(name);
    }
    for (int c = 0; c < cols; c++) free(short_col[c]);
    free(short_col);
    g.series = chart_add_series(k, g.panel, CHART_CELLS, chart_look_of(f->style, 0),
                                title && *title ? title : "cells", "column row value colour");
    return g;
}

static void put_cell(figure *f, const grid *g, int row, int col, double value, const char *colour,
                     const char *text)
{
    const double x = col + 1, y = g->rows - row;
    if (!isnan(value))
        chart_row(&f->chart, g->series,
                  (double[]){ x, y, value, (double)strtoul(colour + 1, NULL, 16) });
    chart_text t = { .panel = g->panel, .x = x, .y = y, .text = (char *)text };
    /* White on dark squares, by contrast (WCAG 2.1). */
    if (style_luminance(colour) < 0.18) memcpy(t.colour, "#ffffff", STYLE_COLOUR);
    chart_add_text(&f->chart, t);
}

/* The axes asked for, or the study's first of words down and its first of numbers across. */
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

static bool is_base(const comparison *c, int arm)
{
    for (int i = 0; i < c->asked.pairs; i++)
        if (c->pair[i].base == arm) return true;
    return false;
}

static void put_difference(figure *f, const grid *g, int row, int col, int arm, double most)
{
    const comparison *c = f->c;
    const contrast *r = NULL;
    for (int i = 0; i < c->asked.pairs; i++)
        if (c->pair[i].arm == arm) r = &c->result.row[i];
    char text[64], colour[STYLE_COLOUR] = "#ffffff";
    if (!r || isnan(r->diff)) {
        put_cell(f, g, row, col, NAN, colour, r ? "no value" : is_base(c, arm) ? "base" : "");
        return;
    }
    const bool worse = (r->diff > 0) != f->study->metric.larger_is_better;
    /* Not all the way, so that the words stay readable. */
    style_blend(colour, "#ffffff", worse ? f->style->worse : f->style->better,
                most > 0 ? 0.05 + 0.75 * fabs(r->diff) / most : 0);
    figure_difference(text, c, r->diff);
    strcat(text, r->verdict == CONTRAST_UNDECIDED    ? " ~"
                 : r->verdict == CONTRAST_EQUIVALENT ? " ="
                                                     : "");
    put_cell(f, g, row, col, r->diff, colour, text);
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
        const grid g = open_grid(f, rest.n > 1 ? title : NULL, row.n, row.text, col.n, col.text);
        free(title);
        for (int a = 0; a < f->study->arms; a++)
            if (rest.of[a] == p) put_difference(f, &g, row.of[a], col.of[a], a, most);
        chart_set_title(&f->chart.panel[g.panel].x, cols);
        if (p % COLUMNS == 0) chart_set_title(&f->chart.panel[g.panel].y, rows);
    }
    f->chart.columns = rest.n < COLUMNS ? rest.n : COLUMNS;
    axes_groups_close(&row), axes_groups_close(&col), axes_groups_close(&rest);
}

bool figure_heat(figure *f, error *e)
{
    const comparison *c = f->c;
    const char *rows = NULL, *cols = NULL;
    axes x;
    axes_open(&x, f->study);
    bool ok = pick_axes(&rows, &cols, f, &x, e);
    if (ok && x.keys < 2)
        figure_needs(f, "it needs two axes that vary, and this study varies %s%s",
                     x.keys ? x.key[0] : "nothing", x.keys ? " alone" : "");
    else if (ok && !c->asked.pairs)
        figure_needs(f, "it needs an arm with a baseline, and no arm has one");
    else if (ok) {
        char text[512];
        put_grids(f, &x, rows, cols);
        int n = snprintf(text, sizeof text,
                         "difference from the baseline in %s%s%s; \"~\": undecided at %g %%",
                         f->study->metric.name, *f->study->metric.unit ? ", " : "",
                         f->study->metric.unit, 100 * c->asked.alpha);
        if (!isnan(c->asked.margin))
            snprintf(text + n, sizeof text - (size_t)n, "; \"=\": equivalent within ±%g",
                     c->asked.margin);
        chart_set_remark(&f->chart, text);
    }
    axes_close(&x);
    return ok;
}

/* Lengths that last evaluations were made at, ascending; at most `most`. */
static bool read_lengths(int64_t *length, int *n, const figure *f, int most, error *e)
{
    sqlite3_stmt *q;
    bool row = true,
         ok = db_query(f->d, &q, e,
                       "SELECT DISTINCT e.context FROM eval e JOIN run r USING(run_id)"
                       " JOIN arm_run USING(run_id) JOIN arm a USING(arm_id)"
                       " WHERE a.sweep_id = ? AND a.dropped = 0 AND r.status = 'done'"
                       " AND e.step = r.last_step AND e.task = ? AND e.split = ? ORDER BY 1",
                       "itt", f->study->sweep_id, f->study->metric.task, f->study->metric.split);
    *n = 0;
    while (ok && *n < most && (ok = db_next(f->d, q, &row, e)) && row)
        length[(*n)++] = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    return ok;
}

/* Means of all arms at one length, as compare gives them for that metric. */
static bool read_means(double *mean, int *digits, const figure *f, int64_t length, error *e)
{
    char name[160];
    const char *own = f->study->metric.name, *at = strchr(own, '@');
    const int n = at ? (int)(at - own) : (int)strlen(own);
    snprintf(name, sizeof name, "%.*s@%lld", n, own, (long long)length);
    study s;
    comparison c;
    if (!study_open(&s, f->d, f->study->name, name, -1, e)) return false;
    const bool ok = comparison_open(&c, &s, f->d, false, e);
    for (int a = 0; ok && a < s.arms; a++) {
        double sd;
        comparison_arm(&mean[a], &sd, &c, a);
    }
    if (ok) *digits = tables_digits(&c) > *digits ? tables_digits(&c) : *digits;
    if (ok) comparison_close(&c);
    study_free(&s);
    return ok;
}

static bool read_context(double *context, const figure *f, int arm, error *e)
{
    int64_t n;
    const bool ok = db_integer(f->d, &n, 0, e,
                               "SELECT context FROM config JOIN arm USING(config_id)"
                               " WHERE arm_id = ?",
                               "i", f->study->arm[arm].arm_id);
    *context = ok ? (double)n : NAN;
    return ok;
}

/* mean is (lengths, arms). */
static bool put_matrix(figure *f, const double *mean, const int64_t *length, int lengths,
                       int digits, error *e)
{
    enum { TEXT = 24 };
    const int arms = f->study->arms;
    double lo = INFINITY, hi = -INFINITY;
    axes x;
    axes_open(&x, f->study);
    /* Without an axis of contexts the rows are the arms. */
    const bool by = axes_have(&x, "model.context");
    axes_groups row = by ? axes_by(&x, "model.context") : axes_without(&x, NULL, NULL),
                rest = axes_without(&x, "model.context", NULL);
    char(*word)[TEXT] = calloc((size_t)lengths, sizeof *word),
    **col = calloc((size_t)lengths, sizeof *col);
    if (!word || !col) error_memory();
    for (int l = 0; l < lengths; l++) {
        snprintf(word[l], TEXT, "%lld", (long long)length[l]);
        col[l] = word[l];
    }
    for (int i = 0; i < lengths * arms; i++) figure_widen(&lo, &hi, mean[i]);
    const int panels = by ? rest.n : 1;
    bool ok = true;
    for (int p = 0; ok && p < panels; p++) {
        char *title = chart_cut(rest.text[p], 48);
        const grid g = open_grid(f, panels > 1 ? title : NULL, row.n, row.text, lengths, col);
        free(title);
        for (int a = 0; ok && a < arms; a++) {
            double context;
            if (by && rest.of[a] != p) continue;
            ok = read_context(&context, f, a, e);
            for (int l = 0; ok && l < lengths; l++) {
                const double m = mean[l * arms + a];
                char text[64] = "no value", colour[STYLE_COLOUR] = "#ffffff";
                if (!isnan(m)) {
                    snprintf(text, sizeof text, "%.*f", digits, m);
                    style_blend(colour, "#ffffff", f->style->most,
                                hi > lo ? 0.05 + 0.75 * (m - lo) / (hi - lo) : 0);
                }
                put_cell(f, &g, row.of[a], l, m, colour, text);
                if (context != (double)length[l]) continue;
                const double y = row.n - row.of[a];
                chart_box b = { g.panel, l + 0.515, y - 0.47, l + 1.485, y + 0.47, "", "" };
                memcpy(b.border, f->style->ink, STYLE_COLOUR);
                chart_add_box(&f->chart, b);
            }
        }
        chart_set_title(&f->chart.panel[g.panel].x, "context of the evaluation");
        if (by && p % COLUMNS == 0)
            chart_set_title(&f->chart.panel[g.panel].y, "context of training");
    }
    f->chart.columns = panels < COLUMNS ? panels : COLUMNS;
    axes_groups_close(&row), axes_groups_close(&rest);
    axes_close(&x);
    free(word), free(col);
    return ok;
}

bool figure_matrix(figure *f, error *e)
{
    enum { MOST = 16 };
    int64_t length[MOST];
    int n, digits = 0;
    if (!read_lengths(length, &n, f, MOST, e)) return false;
    if (n < 2)
        return figure_needs(f,
                            "it needs last evaluations at two lengths or more (eval.context), "
                            "and %s on record",
                            n ? "only one is" : "none is");
    double *mean = calloc((size_t)n * (size_t)f->study->arms, sizeof *mean);
    if (!mean) error_memory();
    bool ok = true;
    for (int l = 0; ok && l < n; l++)
        ok = read_means(mean + l * f->study->arms, &digits, f, length[l], e);
    ok = ok && put_matrix(f, mean, length, n, digits, e);
    char text[256], title[FIGURE_TITLE];
    figure_metric(title, f->study);
    title[strcspn(title, "@")] = '\0';
    snprintf(text, sizeof text,
             "%s%s%s, means over seeds; framed: evaluated at the context of "
             "training",
             title, *f->study->metric.unit ? ", " : "", f->study->metric.unit);
    chart_set_remark(&f->chart, text);
    free(mean);
    return ok;
}
