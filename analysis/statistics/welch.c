/* welch.c - Welch's t for arms that share no seeds: the procedure of last resort that still tests.
 *
 *     t = (mean - base mean) / sqrt(s^2 / n + s_base^2 / n_base)
 *
 * with Welch and Satterthwaite's degrees of freedom (Welch, Biometrika 34, 1947) and Bonferroni's
 * bound over the contrasts.  Nothing is paired, so what the seeds explain stays in the error.
 */
#include "analysis/statistics/procedure.h"

#include "core/base/error.h"

#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static bool applies(const procedure_case *k)
{
    return k->repeated;
}

static void describe(char *text, size_t size, const contrast_result *r)
{
    (void)r;
    snprintf(text, size, "Welch's t, Bonferroni over the family: the arms do not share seeds");
}

/* The standard error of the difference of two means, and its degrees of freedom. */
static void put_error(contrast *c, const double *x, const double *base)
{
    const double vx = gsl_stats_variance(x, 1, (size_t)c->n) / c->n,
                 vb = gsl_stats_variance(base, 1, (size_t)c->n_base) / c->n_base;
    c->se = sqrt(vx + vb);
    c->df = c->se > 0 ? (vx + vb) * (vx + vb) / (vx * vx / (c->n - 1) + vb * vb / (c->n_base - 1))
                      : c->n + c->n_base - 2;
}

static void compute(contrast_result *r, const contrast_study *s)
{
    double *x = error_zeroed((size_t)s->seeds, sizeof *x),
           *base = error_zeroed((size_t)s->seeds, sizeof *base);
    const int pairs = contrast_pairs(r, s);
    for (int i = 0; i < s->pairs; i++) {
        contrast *c = &r->row[i];
        if (!contrast_compared(r, c->of) || c->n < 2 || c->n_base < 2) continue;
        contrast_values(x, r, s, c->of.arm), contrast_values(base, r, s, c->of.base);
        put_error(c, x, base);
        procedure_student(c, pairs, s->alpha, s->margin);
    }
    free(x), free(base);
}

/* Degrees of freedom in proportion to the row's own, which depend on the two variances; without a
 * row, as if the variances were equal. */
static void forecast(procedure_forecast *f, const procedure_plan *p, const contrast *row, int seeds)
{
    const double equal = 2.0 * (seeds - 1);
    procedure_forecast_student(f, p,
                               !row     ? equal
                               : !seeds ? row->df
                                        : row->df * equal / (row->n + row->n_base - 2));
}

const procedure procedure_welch = {
    .name = "Welch",
    .assumes = "normal errors and independent runs",
    .recipe = "The adjusted p of a contrast is its own, times the number of contrasts.",
    .independent = true,
    .applies = applies,
    .describe = describe,
    .compute = compute,
    .forecast = forecast,
};
