/* paired.c - Student's t of the differences at each seed: the procedure for few shared seeds.
 *
 *     t = mean difference / (s / sqrt(n)),   s: standard deviation of this contrast's differences
 *
 * with n - 1 degrees of freedom and Bonferroni's bound over the contrasts.  For normal errors the
 * family's error rate is at most alpha whatever the spreads of the arms and their correlations:
 * each t is Student's, and the bound assumes nothing about several of them (Miller, Simultaneous
 * Statistical Inference, 1981, ch. 2).
 *
 * Nothing is pooled.  A residual pooled over the arms is too small for the widest of them.  What
 * repairs that for all spreads at once, sqrt(arms - 1) times Student's critical value (Geisser and
 * Greenhouse, Ann. Math. Stat. 29, 1958), is wider from 4 seeds on even where spreads are equal. To
 * choose after a test of the spreads breaks the promise.
 */
#include "analysis/statistics/procedure.h"
#include "analysis/statistics/student.h"
#include "core/base/error.h"

#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static bool applies(const procedure_case *k)
{
    return k->seeds > 1;
}

static void describe(char *text, size_t size, const contrast_result *r)
{
    snprintf(text, size,
             "paired by seed (n = %d), own standard errors, Student's t with %d degree%s of "
             "freedom, Bonferroni over the family",
             r->shared_seeds, r->shared_seeds - 1, r->shared_seeds > 2 ? "s" : "");
}

static void compute(contrast_result *r, const contrast_study *s)
{
    double *d = error_zeroed((size_t)r->shared_seeds, sizeof *d);
    const int pairs = contrast_pairs(r, s);
    for (int i = 0; i < s->pairs; i++) {
        contrast *c = &r->row[i];
        if (!contrast_compared(r, c->of)) continue;
        procedure_subtract(c, d, r, s);
        procedure_student(c, pairs, s->alpha, s->margin);
    }
    free(d);
}

static void combine(procedure_estimate *row, const double *by_seed, double alpha, int rows,
                    int seeds)
{
    const size_t n = (size_t)seeds;
    const double outer = student_critical(alpha / (2 * rows), seeds - 1);
    for (int i = 0; i < rows; i++) {
        procedure_estimate *e = &row[i];
        const double se = gsl_stats_sd(by_seed + (size_t)i * n, 1, n) / sqrt(seeds);
        e->lo = e->value - outer * se, e->hi = e->value + outer * se;
        e->p_adjusted = fmin(1, 2 * rows * student_above(procedure_t(e->value, se), seeds - 1));
    }
}

static void forecast(procedure_forecast *f, const procedure_plan *p, const contrast *row, int seeds)
{
    (void)row;
    procedure_forecast_student(f, p, seeds - 1);
}

const procedure procedure_paired = {
    .name = "paired t",
    .assumes = "differences that are normal",
    .recipe = "A contrast is a difference between two arms at each seed, and its t is their mean "
              "over the standard error of that mean. The adjusted p of a contrast is its own, by "
              "Student's t, times the number of contrasts.",
    .paired = true,
    .applies = applies,
    .describe = describe,
    .compute = compute,
    .combine = combine,
    .forecast = forecast,
};
