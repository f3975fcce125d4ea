/* components.c - find the design in a list of runs, and split the variance by its mean squares.
 *
 * With F(q; n, m) the quantile of Fisher's distribution, the interval of c1 S1 - c2 S2 is
 *
 *     lo = estimate - sqrt((g1 c1 S1)^2 + (h2 c2 S2)^2 + g12 c1 S1 c2 S2)
 *     hi = estimate + sqrt((h1 c1 S1)^2 + (g2 c2 S2)^2 + h12 c1 S1 c2 S2)
 *
 * where g and h make it exact if either term is 0, and g12 and h12 if the two are equal (Ting et
 * al. 1990).
 */
#include "analysis/statistics/components.h"

#include "analysis/statistics/student.h"
#include "core/base/error.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const component UNKNOWN = { NAN, NAN, NAN };

const char *components_name(components_part part)
{
    static const char *const NAME[COMPONENTS_PARTS] = {
        [COMPONENTS_WEIGHTS] = "weights",         [COMPONENTS_ORDER] = "order",
        [COMPONENTS_INTERACTION] = "interaction", [COMPONENTS_SEED] = "seed",
        [COMPONENTS_EVALUATION] = "evaluation",   [COMPONENTS_TOTAL] = "total",
    };
    return NAME[part];
}

const char *components_design_name(components_design d)
{
    switch (d) {
    case COMPONENTS_PAIRED:
        return "paired";
    case COMPONENTS_WEIGHTS_IN_ORDER:
    case COMPONENTS_ORDER_IN_WEIGHTS:
        return "nested";
    case COMPONENTS_CROSSED:
        return "crossed";
    case COMPONENTS_NONE:
        break;
    }
    return "none";
}

/* --- intervals -------------------------------------------------------------------------------- */

typedef struct degrees {
    double n, m;
} degrees;

static double f_below(double x, const void *of)
{
    const degrees *k = of;
    return gsl_cdf_fdist_P(x, k->n, k->m);
}

/* The quantile q of F with n and m degrees of freedom. */
static double f_quantile(double q, double n, double m)
{
    const degrees k = { n, m };
    double hi = 2;
    while (isfinite(hi) && f_below(hi, &k) < q) hi *= 2;
    return student_halve(f_below, &k, q, 0, hi, 1e-10);
}

/* The quantile q of chi-squared over its degrees of freedom. */
static double chi_quantile(double q, double n)
{
    return gsl_cdf_chisq_Pinv(q, n) / n;
}

static component cut(double variance, double lo, double hi)
{
    return (component){ fmax(0, variance), fmax(0, lo), fmax(0, hi) };
}

component components_difference(double c1, double s1, double df1, double c2, double s2, double df2,
                                double alpha)
{
    const double a = c1 * s1, b = c2 * s2, q = alpha / 2;
    const double g1 = 1 - 1 / chi_quantile(1 - q, df1), h1 = 1 / chi_quantile(q, df1) - 1,
                 g2 = 1 - 1 / chi_quantile(1 - q, df2), h2 = 1 / chi_quantile(q, df2) - 1,
                 f = f_quantile(1 - q, df1, df2), l = f_quantile(q, df1, df2);
    const double g12 = ((f - 1) * (f - 1) - g1 * g1 * f * f - h2 * h2) / f,
                 h12 = ((1 - l) * (1 - l) - h1 * h1 * l * l - g2 * g2) / l;
    const double below = g1 * g1 * a * a + h2 * h2 * b * b + g12 * a * b,
                 above = h1 * h1 * a * a + g2 * g2 * b * b + h12 * a * b;
    return cut(a - b, a - b - sqrt(fmax(0, below)), a - b + sqrt(fmax(0, above)));
}

component components_sum(const double *c, const double *s, const double *df, double alpha, int n)
{
    double sum = 0, below = 0, above = 0;
    for (int i = 0; i < n; i++) {
        const double x = c[i] * s[i], g = 1 - 1 / chi_quantile(1 - alpha / 2, df[i]),
                     h = 1 / chi_quantile(alpha / 2, df[i]) - 1;
        sum += x, below += g * g * x * x, above += h * h * x * x;
    }
    return cut(sum, sum - sqrt(below), sum + sqrt(above));
}

static component one_square(double s, double df, double alpha)
{
    return components_sum((double[]){ 1 }, &s, &df, alpha, 1);
}

/* --- designs ---------------------------------------------------------------------------------- */

/* Which runs there are, as a table (weights, orders); -1: none. */
typedef struct layout {
    int weights, orders, runs;
    int *run;
    bool *row, *col; /* still in the complete part */
} layout;

static void layout_open(layout *t, const components_run *run, int n)
{
    *t = (layout){ 0 };
    for (int i = 0; i < n; i++) {
        if (run[i].weights >= t->weights) t->weights = run[i].weights + 1;
        if (run[i].order >= t->orders) t->orders = run[i].order + 1;
    }
    const size_t cells = (size_t)t->weights * (size_t)t->orders;
    t->run = error_zeroed(cells, sizeof *t->run);
    t->row = error_zeroed((size_t)t->weights, sizeof *t->row);
    t->col = error_zeroed((size_t)t->orders, sizeof *t->col);
    for (size_t i = 0; i < cells; i++) t->run[i] = -1;
    for (int i = 0; i < n; i++) {
        int *cell = &t->run[run[i].weights * t->orders + run[i].order];
        t->runs += *cell < 0;
        if (*cell < 0) *cell = i;
    }
    memset(t->row, true, (size_t)t->weights), memset(t->col, true, (size_t)t->orders);
}

static void layout_close(layout *t)
{
    free(t->run), free(t->row), free(t->col);
}

/* How many runs the weights w (or, if w < 0, the order o) have in the part that is left. */
static int filled(const layout *t, int w, int o)
{
    int n = 0;
    for (int i = 0; i < (w < 0 ? t->weights : t->orders); i++) {
        const int row = w < 0 ? i : w, col = w < 0 ? o : i;
        n += t->row[row] && t->col[col] && t->run[row * t->orders + col] >= 0;
    }
    return n;
}

static int left(const bool *in, int n)
{
    int count = 0;
    for (int i = 0; i < n; i++) count += in[i];
    return count;
}

/* Leave out the row or column with the largest gaps until none is left. */
static void complete(layout *t)
{
    for (;;) {
        const int rows = left(t->row, t->weights), cols = left(t->col, t->orders);
        double worst = 1;
        bool *drop = NULL;
        for (int w = 0; w < t->weights; w++) {
            const double share = (double)filled(t, w, -1) / cols;
            if (t->row[w] && share < worst) worst = share, drop = &t->row[w];
        }
        for (int o = 0; o < t->orders; o++) {
            const double share = (double)filled(t, -1, o) / rows;
            if (t->col[o] && share < worst) worst = share, drop = &t->col[o];
        }
        if (!drop) return;
        *drop = false;
    }
}

/* --- mean squares ----------------------------------------------------------------------------- */

/* The two-way table y (rows, cols) without gaps. */
typedef struct squares {
    double rows, cols, rest, df_rows, df_cols, df_rest;
} squares;

static squares two_way(const double *y, int rows, int cols)
{
    const size_t R = (size_t)rows, C = (size_t)cols;
    const double all = gsl_stats_mean(y, 1, R * C);
    squares s = { .df_rows = rows - 1, .df_cols = cols - 1 };
    s.df_rest = s.df_rows * s.df_cols;
    for (size_t i = 0; i < R; i++) {
        const double mean = gsl_stats_mean(y + i * C, 1, C);
        s.rows += (double)C * (mean - all) * (mean - all) / s.df_rows;
        for (size_t j = 0; j < C; j++) {
            const double d = y[i * C + j] - mean - gsl_stats_mean(y + j, C, R) + all;
            s.rest += d * d / s.df_rest;
        }
    }
    for (size_t j = 0; j < C; j++) {
        const double mean = gsl_stats_mean(y + j, C, R);
        s.cols += (double)R * (mean - all) * (mean - all) / s.df_cols;
    }
    return s;
}

/* What the text adds to the variance of a run: (s, df), s 0 if it is not known. */
typedef struct text {
    double s, df;
} text;

/* A mean square of runs without what the text adds to it. */
static component without(double s, double df, text t, double alpha)
{
    return t.s > 0 ? components_difference(1, s, df, 1, t.s, t.df, alpha)
                   : one_square(s, df, alpha);
}

static void fit_crossed(components *c, const layout *t, const components_run *run, text held_out,
                        double alpha)
{
    const int a = c->weights, b = c->orders;
    double *y = error_zeroed((size_t)a * (size_t)b, sizeof *y);
    int n = 0;
    for (int w = 0; w < t->weights; w++)
        for (int o = 0; o < t->orders; o++)
            if (t->row[w] && t->col[o]) y[n++] = run[t->run[w * t->orders + o]].value;
    const squares s = two_way(y, a, b);
    free(y);
    c->part[COMPONENTS_WEIGHTS] =
        components_difference(1.0 / b, s.rows, s.df_rows, 1.0 / b, s.rest, s.df_rest, alpha);
    c->part[COMPONENTS_ORDER] =
        components_difference(1.0 / a, s.cols, s.df_cols, 1.0 / a, s.rest, s.df_rest, alpha);
    c->part[COMPONENTS_INTERACTION] = without(s.rest, s.df_rest, held_out, alpha);
    c->part[COMPONENTS_TOTAL] = components_sum(
        (double[]){ 1.0 / b, 1.0 / a, 1 - 1.0 / a - 1.0 / b }, (double[]){ s.rows, s.cols, s.rest },
        (double[]){ s.df_rows, s.df_cols, s.df_rest }, alpha, 3);
}

/* `in_order`: the groups are those of one order. */
static void fit_nested(components *c, const components_run *run, bool in_order, text held_out,
                       double alpha, int n)
{
    const int groups = in_order ? c->orders : c->weights;
    double *mean = error_zeroed((size_t)groups, sizeof *mean), within = 0, inverse = 0;
    double *y = error_zeroed((size_t)n, sizeof *y);
    for (int g = 0; g < groups; g++) {
        size_t k = 0;
        for (int i = 0; i < n; i++)
            if ((in_order ? run[i].order : run[i].weights) == g) y[k++] = run[i].value;
        mean[g] = gsl_stats_mean(y, 1, k), inverse += 1 / (double)k / groups;
        if (k > 1) within += gsl_stats_variance(y, 1, k) * (double)(k - 1);
    }
    const double df = n - groups, inner = within / df,
                 between = gsl_stats_variance(mean, 1, (size_t)groups);
    free(mean), free(y);
    c->part[in_order ? COMPONENTS_ORDER : COMPONENTS_WEIGHTS] =
        components_difference(1, between, groups - 1, inverse, inner, df, alpha);
    c->part[in_order ? COMPONENTS_WEIGHTS : COMPONENTS_ORDER] = without(inner, df, held_out, alpha);
    c->part[COMPONENTS_TOTAL] =
        components_sum((double[]){ 1, 1 - inverse }, (double[]){ between, inner },
                       (double[]){ groups - 1, df }, alpha, 2);
}

static void fit_paired(components *c, const components_run *run, text held_out, double alpha, int n)
{
    double *y = error_zeroed((size_t)n, sizeof *y);
    for (int i = 0; i < n; i++) y[i] = run[i].value;
    const double s = gsl_stats_variance(y, 1, (size_t)n);
    free(y);
    c->part[COMPONENTS_SEED] = without(s, n - 1, held_out, alpha);
    c->part[COMPONENTS_TOTAL] = one_square(s, n - 1, alpha);
}

/* Is each level of one factor found with a single level of the other?  And which design is that? */
static components_design find_design(const layout *t)
{
    bool weights_once = true, order_once = true;
    for (int w = 0; w < t->weights; w++) weights_once = weights_once && filled(t, w, -1) == 1;
    for (int o = 0; o < t->orders; o++) order_once = order_once && filled(t, -1, o) == 1;
    if (t->runs < 2) return COMPONENTS_NONE;
    if (weights_once && order_once) return COMPONENTS_PAIRED;
    if (weights_once && t->orders > 1) return COMPONENTS_WEIGHTS_IN_ORDER;
    if (order_once && t->weights > 1) return COMPONENTS_ORDER_IN_WEIGHTS;
    return COMPONENTS_CROSSED;
}

/* The whole is the sum of its parts, which are not below 0: otherwise shares would not add up. */
static void add_up(components *c)
{
    component *all = &c->part[COMPONENTS_TOTAL];
    double sum = 0;
    for (int k = 0; k < COMPONENTS_TOTAL; k++)
        if (!isnan(c->part[k].variance)) sum += c->part[k].variance;
    *all = (component){ sum, fmin(sum, all->lo), fmax(sum, all->hi) };
}

void components_fit(components *c, const components_run *run, const double *piece, double alpha,
                    int n, int pieces)
{
    *c = (components){ .runs = n };
    for (int k = 0; k < COMPONENTS_PARTS; k++) c->part[k] = UNKNOWN;
    if (n < 2) return;
    text held_out = { 0 };
    if (piece && pieces > 1) {
        const squares s = two_way(piece, n, pieces);
        held_out = (text){ s.rest / pieces, s.df_rest };
        c->part[COMPONENTS_EVALUATION] = one_square(held_out.s, held_out.df, alpha);
    }
    layout t;
    layout_open(&t, run, n);
    c->design = find_design(&t), c->weights = t.weights, c->orders = t.orders;
    if (c->design == COMPONENTS_CROSSED) {
        complete(&t);
        c->weights = left(t.row, t.weights), c->orders = left(t.col, t.orders);
        c->runs = c->weights * c->orders;
        if (c->weights < 2 || c->orders < 2) c->design = COMPONENTS_NONE;
    }
    if (c->design == COMPONENTS_CROSSED)
        fit_crossed(c, &t, run, held_out, alpha);
    else if (c->design == COMPONENTS_PAIRED)
        fit_paired(c, run, held_out, alpha, n);
    else if (c->design != COMPONENTS_NONE)
        fit_nested(c, run, c->design == COMPONENTS_WEIGHTS_IN_ORDER, held_out, alpha, n);
    if (c->design != COMPONENTS_NONE) add_up(c);
    layout_close(&t);
}
