/* block.c - randomised blocks: the pooled residual, and the procedure for few seeds that uses it.
 *
 *     y[a][s] = arm[a] + seed[s] + error,    t = difference / sqrt(2 residual variance / S)
 *
 * with (A - 1)(S - 1) degrees of freedom (Fisher, 1935) and the distribution of max |t| (Dunnett,
 * JASA 50, 1955; maxt.h).  With 2 to 5 seeds no exact test can reach alpha, so this is the
 * procedure there, and it must assume equal variances.
 */
#include "analysis/statistics/block.h"

#include "analysis/statistics/procedure.h"
#include "core/base/error.h"

#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

void block_fit(block *b, const double *y, int arms, int seeds)
{
    *b = (block){ NAN, (double)(arms - 1) * (seeds - 1), NAN };
    if (b->df <= 0) return;
    const size_t A = (size_t)arms, S = (size_t)seeds;
    const double all = gsl_stats_mean(y, 1, A * S);
    double residual = 0, between = 0;
    for (size_t s = 0; s < S; s++) {
        const double seed = gsl_stats_mean(y + s, S, A) - all;
        between += (double)arms * seed * seed;
    }
    for (size_t a = 0; a < A; a++) {
        const double arm = gsl_stats_mean(y + a * S, 1, S);
        for (size_t s = 0; s < S; s++) {
            const double seed = gsl_stats_mean(y + s, S, A) - all;
            const double r = y[a * S + s] - arm - seed;
            residual += r * r;
        }
    }
    b->variance = residual / b->df;
    const double of_seeds = fmax(0, (between / (seeds - 1) - b->variance) / arms);
    const double sum = of_seeds + b->variance;
    b->shared = sum > 0 ? of_seeds / sum : NAN;
}

static bool applies(const procedure_case *k)
{
    return k->seeds > 1;
}

static void describe(char *text, size_t size, const contrast_result *r)
{
    snprintf(text, size,
             "randomised blocks by seed (n = %d), pooled residual with %g degree%s of freedom, "
             "max |t| of the family (Dunnett)",
             r->shared_seeds, r->df, r->df > 1 ? "s" : "");
}

static void compute(contrast_result *r, const contrast_study *s)
{
    int arms = 0;
    double *y = error_zeroed((size_t)s->arms * (size_t)s->seeds, sizeof *y);
    for (int a = 0; a < s->arms; a++)
        if (!r->left_out[a]) contrast_values(y + (size_t)arms++ * (size_t)r->shared_seeds, r, s, a);
    block b;
    block_fit(&b, y, arms, r->shared_seeds);
    r->df = b.df, r->block_shared = b.shared;
    int *size = error_zeroed((size_t)s->pairs, sizeof *size);
    const maxt_family family = contrast_family(size, r, s), alone = { 1, (const int[]){ 1 }, 0 };
    const double outer = maxt_critical(&family, s->alpha, b.df),
                 inner = maxt_critical_side(&family, s->alpha, b.df);
    for (int i = 0; i < s->pairs; i++) {
        contrast *c = &r->row[i];
        if (!contrast_compared(r, c->of)) continue;
        c->se = sqrt(2 * b.variance / r->shared_seeds), c->df = b.df;
        const double t = procedure_t(c->diff, c->se);
        procedure_intervals(c, outer, inner);
        c->p = maxt_tail(&alone, t, b.df), c->p_adjusted = maxt_tail(&family, t, b.df);
        c->p_equivalent = maxt_tail_side(&family, procedure_t_inside(c, s->margin), b.df);
    }
    free(y), free(size);
}

static void combine(procedure_estimate *row, const double *by_seed, const maxt_family *family,
                    const contrast_result *r, double alpha, int rows)
{
    (void)by_seed; /* the residual of the blocks is behind se already */
    const double outer = maxt_critical(family, alpha, r->df);
    for (int i = 0; i < rows; i++) {
        row[i].lo = row[i].value - outer * row[i].se, row[i].hi = row[i].value + outer * row[i].se;
        row[i].p_adjusted = maxt_tail(family, procedure_t(row[i].value, row[i].se), r->df);
    }
}

static double freedom(const procedure_plan *p, const contrast *row, int seeds)
{
    (void)row;
    return (double)(p->arms - 1) * (seeds - 1);
}

static double critical(const procedure_plan *p, double df, int seeds, bool equivalence)
{
    (void)seeds;
    return equivalence ? maxt_critical_side(&p->family, p->alpha, df)
                       : maxt_critical(&p->family, p->alpha, df);
}

const procedure procedure_block = {
    .name = "blocks",
    .assumes = "equal variances and normal errors",
    .recipe =
        "The t of a contrast is its difference over sqrt(2 v / n), where v is the mean square "
        "of what is left of the values of all arms when the means of arms and seeds are "
        "taken off, and n the number of seeds. The adjusted p of a contrast is the "
        "probability that the largest |t| of all contrasts is at least that large if no arms "
        "differ.",
    .paired = true,
    .applies = applies,
    .describe = describe,
    .compute = compute,
    .combine = combine,
    .freedom = freedom,
    .critical = critical,
};
