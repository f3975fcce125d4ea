/* contrast.c - see contrast.h. */
#include "analysis/statistics/contrast.h"

#include "analysis/statistics/block.h"
#include "analysis/statistics/flip.h"
#include "analysis/statistics/maxt.h"

#include "core/base/error.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FLIP_SEEDS = 6 }; /* the fewest with which sign-flips can reach 0.05 */

static const double *row_of(const contrast_study *s, int arm)
{
    return s->y + (size_t)arm * (size_t)s->seeds;
}

static int values_of(const contrast_study *s, int arm)
{
    int n = 0;
    for (int i = 0; i < s->seeds; i++) n += !isnan(row_of(s, arm)[i]);
    return n;
}

/* An arm that finished fewer than half as often as another would cost the rest their seeds. */
static void choose_arms(contrast_result *r, const contrast_study *s)
{
    int most = 0;
    for (int a = 0; a < s->arms; a++) {
        const int n = values_of(s, a);
        if (n > most) most = n;
    }
    for (int a = 0; a < s->arms; a++) {
        const int n = values_of(s, a);
        r->left_out[a] = n == 0 || 2 * n < most;
    }
}

static void choose_seeds(contrast_result *r, const contrast_study *s)
{
    for (int i = 0; i < s->seeds; i++) {
        bool all = true, any = false;
        for (int a = 0; a < s->arms; a++)
            if (!r->left_out[a]) {
                any = true;
                all = all && !isnan(row_of(s, a)[i]);
            }
        r->used[i] = any && all;
        r->shared_seeds += any && all;
    }
}

static bool compared(const contrast_result *r, contrast_pair p)
{
    return !r->left_out[p.arm] && !r->left_out[p.base];
}

/* The values of one arm at the shared seeds, or all it has when none are shared; returns how many.
 */
static int gather(double *out, const contrast_result *r, const contrast_study *s, int arm)
{
    int n = 0;
    for (int i = 0; i < s->seeds; i++) {
        const double y = row_of(s, arm)[i];
        const bool wanted =
            r->procedure == CONTRAST_WELCH || !r->shared_seeds ? !isnan(y) : r->used[i];
        if (wanted) out[n++] = y;
    }
    return n;
}

/* Means, difference and correlation of every pair: what needs no procedure. */
static void describe_pairs(contrast_result *r, const contrast_study *s)
{
    double *x = error_zeroed((size_t)s->seeds, sizeof *x),
           *b = error_zeroed((size_t)s->seeds, sizeof *b);
    for (int i = 0; i < s->pairs; i++) {
        contrast *c = &r->row[i];
        *c = (contrast){ .of = s->pair[i],
                         .mean = NAN,
                         .base_mean = NAN,
                         .diff = NAN,
                         .se = NAN,
                         .df = NAN,
                         .lo = NAN,
                         .hi = NAN,
                         .inner_lo = NAN,
                         .inner_hi = NAN,
                         .p = NAN,
                         .p_adjusted = NAN,
                         .p_equivalent = NAN,
                         .correlation = NAN };
        if (!compared(r, c->of)) continue;
        c->n = gather(x, r, s, c->of.arm), c->n_base = gather(b, r, s, c->of.base);
        c->mean = gsl_stats_mean(x, 1, (size_t)c->n);
        c->base_mean = gsl_stats_mean(b, 1, (size_t)c->n_base);
        c->diff = c->mean - c->base_mean;
        if (r->procedure != CONTRAST_FLIP && r->procedure != CONTRAST_BLOCK) continue;
        const size_t n = (size_t)c->n;
        const double sx = gsl_stats_sd(x, 1, n), sb = gsl_stats_sd(b, 1, n);
        if (n > 2 && sx > 0 && sb > 0) c->correlation = gsl_stats_correlation(x, 1, b, 1, n);
    }
    free(x), free(b);
}

/* The stars of the pairs that are compared (maxt.h).  Where they are not stars - an arm that is
 * compared stands as a base elsewhere - each pair is taken for one of its own, which by Sidak's
 * inequality can only make intervals wider. */
maxt_family contrast_family(int *size, const contrast_result *r, const contrast_study *s)
{
    maxt_family f = { 0, size, 0 };
    int *star_of = error_zeroed((size_t)s->arms, sizeof *star_of);
    bool *is_arm = error_zeroed((size_t)s->arms, sizeof *is_arm), stars = true;
    int n = 0, arms = 0;
    for (int i = 0; i < s->pairs; i++) {
        if (!compared(r, s->pair[i])) continue;
        n++;
        stars = stars && !is_arm[s->pair[i].arm];
        is_arm[s->pair[i].arm] = true;
    }
    for (int i = 0; i < s->pairs; i++)
        if (compared(r, s->pair[i])) stars = stars && !is_arm[s->pair[i].base];
    for (int a = 0; a < s->arms; a++) arms += !r->left_out[a];
    if (!stars && n == arms * (arms - 1) / 2) f.clique = arms;
    for (int i = 0; i < s->pairs; i++) {
        if (!compared(r, s->pair[i])) continue;
        int *star = &star_of[s->pair[i].base];
        if (!stars || !*star) {
            size[f.stars++] = 0;
            *star = f.stars;
        }
        size[*star - 1]++;
    }
    free(star_of), free(is_arm);
    return f;
}

/* Critical values of intervals that hold at once: of both sides, and of one. */
typedef struct critical {
    double outer, inner;
} critical;

static void t_row(contrast *c, double p, double p_adjusted, critical k)
{
    c->lo = c->diff - k.outer * c->se, c->hi = c->diff + k.outer * c->se;
    c->inner_lo = c->diff - k.inner * c->se, c->inner_hi = c->diff + k.inner * c->se;
    c->p = p, c->p_adjusted = p_adjusted;
}

/* |x| / se where se may be 0, as it is when runs agree bit for bit. */
static double t_of(double x, double se)
{
    return x == 0 ? 0 : fabs(x) / se;
}

/* How far inside the margin the difference is, in standard errors; below 0 outside. */
static double t_inside(const contrast *c, double margin)
{
    const double gap = margin - fabs(c->diff);
    return gap < 0 ? -t_of(gap, c->se) : t_of(gap, c->se);
}

static void by_block(contrast_result *r, const contrast_study *s)
{
    int arms = 0;
    double *y = error_zeroed((size_t)s->arms * (size_t)s->seeds, sizeof *y);
    for (int a = 0; a < s->arms; a++)
        if (!r->left_out[a]) gather(y + (size_t)arms++ * (size_t)r->shared_seeds, r, s, a);
    block b;
    block_fit(&b, y, arms, r->shared_seeds);
    r->df = b.df, r->block_shared = b.shared;
    int *size = error_zeroed((size_t)s->pairs, sizeof *size);
    const maxt_family f = contrast_family(size, r, s), alone = { 1, (const int[]){ 1 }, 0 };
    const critical k = { maxt_critical(&f, s->alpha, b.df),
                         maxt_critical_side(&f, s->alpha, b.df) };
    for (int i = 0; i < s->pairs; i++) {
        contrast *c = &r->row[i];
        if (!compared(r, c->of)) continue;
        c->se = sqrt(2 * b.variance / r->shared_seeds), c->df = b.df;
        const double t = t_of(c->diff, c->se);
        t_row(c, maxt_tail(&alone, t, b.df), maxt_tail(&f, t, b.df), k);
        c->p_equivalent = maxt_tail_side(&f, t_inside(c, s->margin), b.df);
    }
    free(y), free(size);
}

static void by_flip(contrast_result *r, const contrast_study *s)
{
    const size_t n = (size_t)r->shared_seeds;
    double *d = error_zeroed((size_t)s->pairs * n, sizeof *d), *b = error_zeroed(n, sizeof *b);
    int contrasts = 0;
    for (int i = 0; i < s->pairs; i++) {
        contrast *c = &r->row[i];
        if (!compared(r, c->of)) continue;
        double *x = d + (size_t)contrasts++ * n;
        gather(x, r, s, c->of.arm), gather(b, r, s, c->of.base);
        for (size_t k = 0; k < n; k++) x[k] -= b[k];
        c->se = gsl_stats_sd(x, 1, n) / sqrt((double)n), c->df = (double)n - 1;
    }
    flip f;
    flip_open(&f, d, contrasts, (int)n);
    contrasts = 0;
    for (int i = 0; i < s->pairs; i++) {
        contrast *c = &r->row[i];
        if (!compared(r, c->of)) continue;
        const int k = contrasts++;
        flip_interval(&c->lo, &c->hi, &f, k, s->alpha);
        flip_interval_side(&c->inner_lo, &c->inner_hi, &f, k, s->alpha);
        c->p = flip_p(&f, k, 0, false), c->p_adjusted = flip_p(&f, k, 0, true);
        if (!isnan(s->margin))
            c->p_equivalent = fmax(flip_p_side(&f, k, s->margin), flip_p_side(&f, k, -s->margin));
        if (fabs(c->diff) >= s->margin) c->p_equivalent = 1; /* there is nothing to show */
    }
    flip_close(&f);
    free(d), free(b);
}

/* Squared standard errors of two means, and Welch and Satterthwaite's degrees of freedom. */
static void welch(contrast *c, const double *x, const double *b)
{
    const double vx = gsl_stats_variance(x, 1, (size_t)c->n) / c->n,
                 vb = gsl_stats_variance(b, 1, (size_t)c->n_base) / c->n_base;
    c->se = sqrt(vx + vb);
    c->df = c->se > 0 ? (vx + vb) * (vx + vb) / (vx * vx / (c->n - 1) + vb * vb / (c->n_base - 1))
                      : c->n + c->n_base - 2;
}

static void by_welch(contrast_result *r, const contrast_study *s)
{
    double *x = error_zeroed((size_t)s->seeds, sizeof *x),
           *b = error_zeroed((size_t)s->seeds, sizeof *b);
    int pairs = 0;
    for (int i = 0; i < s->pairs; i++) pairs += compared(r, s->pair[i]);
    for (int i = 0; i < s->pairs; i++) {
        contrast *c = &r->row[i];
        if (!compared(r, c->of) || c->n < 2 || c->n_base < 2) continue;
        gather(x, r, s, c->of.arm), gather(b, r, s, c->of.base);
        welch(c, x, b);
        const double p = 2 * gsl_cdf_tdist_Q(t_of(c->diff, c->se), c->df),
                     side = gsl_cdf_tdist_Q(t_inside(c, s->margin), c->df);
        t_row(c, p, fmin(1, pairs * p),
              (critical){ gsl_cdf_tdist_Qinv(s->alpha / (2 * pairs), c->df),
                          gsl_cdf_tdist_Qinv(s->alpha / pairs, c->df) });
        if (!isnan(s->margin)) c->p_equivalent = fmin(1, pairs * side);
    }
    free(x), free(b);
}

static contrast_verdict decide(const contrast *c, const contrast_study *s)
{
    if (c->inner_lo > -s->margin && c->inner_hi < s->margin) return CONTRAST_EQUIVALENT;
    if (c->lo > 0) return s->larger_is_better ? CONTRAST_BETTER : CONTRAST_WORSE;
    if (c->hi < 0) return s->larger_is_better ? CONTRAST_WORSE : CONTRAST_BETTER;
    return CONTRAST_UNDECIDED;
}

bool contrast_flips_reach(int seeds, double alpha)
{
    return seeds >= FLIP_SEEDS && flip_level(seeds, alpha) > 0;
}

static contrast_procedure choose_procedure(const contrast_result *r, const contrast_study *s)
{
    int pairs = 0;
    bool twice = false; /* does a pair have two values on both sides? */
    for (int i = 0; i < s->pairs; i++)
        if (compared(r, s->pair[i])) {
            pairs++;
            twice =
                twice || (values_of(s, s->pair[i].arm) > 1 && values_of(s, s->pair[i].base) > 1);
        }
    if (!pairs) return CONTRAST_NONE;
    if (contrast_flips_reach(r->shared_seeds, s->alpha)) return CONTRAST_FLIP;
    if (r->shared_seeds > 1) return CONTRAST_BLOCK;
    return twice ? CONTRAST_WELCH : CONTRAST_NONE;
}

void contrast_compute(contrast_result *r, const contrast_study *s)
{
    *r = (contrast_result){ .block_shared = NAN, .df = NAN };
    r->left_out = error_zeroed((size_t)s->arms, sizeof *r->left_out);
    r->used = error_zeroed((size_t)s->seeds, sizeof *r->used);
    r->row = error_zeroed((size_t)s->pairs, sizeof *r->row);
    choose_arms(r, s);
    choose_seeds(r, s);
    r->procedure = choose_procedure(r, s);
    describe_pairs(r, s);
    if (r->procedure == CONTRAST_FLIP) by_flip(r, s);
    if (r->procedure == CONTRAST_BLOCK) by_block(r, s);
    if (r->procedure == CONTRAST_WELCH) by_welch(r, s);
    for (int i = 0; i < s->pairs; i++) r->row[i].verdict = decide(&r->row[i], s);
}

void contrast_close(contrast_result *r)
{
    free(r->left_out), free(r->used), free(r->row);
    *r = (contrast_result){ 0 };
}

const char *contrast_verdict_name(contrast_verdict v)
{
    static const char *const NAME[] = { "undecided", "equivalent", "better", "worse" };
    return NAME[v];
}

void contrast_describe(char *text, size_t size, const contrast_result *r)
{
    const int n = r->shared_seeds;
    switch (r->procedure) {
    case CONTRAST_FLIP:
        snprintf(text, size,
                 "paired by seed (n = %d), own standard errors, joint sign-flips of whole seeds "
                 "(max |t|, %s)",
                 n, n <= FLIP_EXACT ? "all of them" : "32768 of them, fixed");
        break;
    case CONTRAST_BLOCK:
        snprintf(text, size,
                 "randomised blocks by seed (n = %d), pooled residual with %g degree%s of freedom, "
                 "max |t| of the family (Dunnett); assumes equal variances",
                 n, r->df, r->df > 1 ? "s" : "");
        break;
    case CONTRAST_WELCH:
        snprintf(text, size, "Welch's t, Bonferroni over the family: the arms do not share seeds");
        break;
    case CONTRAST_NONE:
        snprintf(text, size, "differences only: one value an arm says nothing about its error");
        break;
    }
}
