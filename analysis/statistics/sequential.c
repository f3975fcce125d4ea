/* sequential.c - the procedure of studies whose seeds are added until the contrasts are decided:
 * repeated confidence intervals of Student's t (sequential.h), at level alpha / C each.
 *
 * p is the least level at which the contrast would have been decided by now (the repeated p of
 * Jennison and Turnbull).  It is found between levels at which the critical values are computed;
 * the level of the study is one of them, so that p and interval agree.
 */
#include "analysis/statistics/sequential.h"

#include "analysis/statistics/procedure.h"
#include "core/base/error.h"

#include <float.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int sequential_looks(int *n, int start, int step, int max)
{
    int looks = 0;
    for (int k = start; k < max; k += step) {
        if (looks == SPENDING_LOOKS - 1) return 0;
        n[looks++] = k;
    }
    n[looks++] = max;
    return looks;
}

static void find_bounds(double *bound, const sequential_rule *r, double level, bool two_sided)
{
    double spent[SPENDING_LOOKS];
    for (int k = 0; k < r->looks; k++)
        spent[k] = spending_share(level, r->n[k], r->n[r->looks - 1]);
    spending_bounds(bound, r->values, spent, two_sided, r->looks);
}

void sequential_rule_make(sequential_rule *r, const int *n, const int *values, double level,
                          int looks)
{
    *r = (sequential_rule){ .looks = looks };
    memcpy(r->n, n, (size_t)looks * sizeof *n);
    memcpy(r->values, values, (size_t)looks * sizeof *values);
    find_bounds(r->outer, r, level, true);
    find_bounds(r->inner, r, level, false);
}

/* Mean and standard error of the first n seeds. */
static void estimate(sequential_state *x, const double *d, int n)
{
    double sum = 0, square = 0;
    x->n = 0;
    for (int i = 0; i < n; i++)
        if (!isnan(d[i])) sum += d[i], x->n++;
    x->mean = x->n ? sum / x->n : NAN;
    for (int i = 0; i < n; i++)
        if (!isnan(d[i])) square += (d[i] - x->mean) * (d[i] - x->mean);
    x->se = x->n > 1 ? sqrt(square / (x->n - 1) / x->n) : NAN;
}

/* Differences that agree to the last digit, but are not 0, have no error that could be estimated:
 * nothing is excluded then. */
static double half_width(const sequential_state *x, double bound)
{
    const bool none =
        x->n < 2 || isinf(bound) || (x->mean != 0 && x->se <= DBL_EPSILON * fabs(x->mean) * 8);
    return none ? INFINITY : bound * x->se;
}

void sequential_follow(sequential_state *x, const sequential_rule *r, const double *d,
                       double margin, int looks)
{
    *x = (sequential_state){ 0 };
    for (int k = 0; k < looks && !x->decided; k++) {
        x->look = k + 1;
        estimate(x, d, r->n[k]);
        const double outer = half_width(x, r->outer[k]), inner = half_width(x, r->inner[k]);
        x->lo = x->mean - outer, x->hi = x->mean + outer;
        x->inner_lo = x->mean - inner, x->inner_hi = x->mean + inner;
        x->decided = x->lo > 0 || x->hi < 0 || (x->inner_lo > -margin && x->inner_hi < margin);
    }
}

/* --- p ---------------------------------------------------------------------------------------- */

/* Critical values at several levels, computed when they are asked for. */
enum { LEVELS = 26 };
typedef struct ladder {
    const sequential_rule *rule;
    bool two_sided, known[LEVELS];
    double level[LEVELS], bound[LEVELS][SPENDING_LOOKS];
} ladder;

/* Levels from 1e-8 to 0.99, among them that of the study. */
static void ladder_open(ladder *l, const sequential_rule *r, double level, bool two_sided)
{
    *l = (ladder){ .rule = r, .two_sided = two_sided };
    const int n = LEVELS - 1;
    int k = 0;
    bool put = false;
    for (int i = 0; i < n; i++) {
        const double x = pow(10, -8 + (8 + log10(0.99)) * i / (n - 1));
        if (!put && level <= x) l->level[k++] = level, put = true;
        if (k < LEVELS) l->level[k++] = x;
    }
}

static const double *ladder_at(ladder *l, int i)
{
    if (!l->known[i]) find_bounds(l->bound[i], l->rule, l->level[i], l->two_sided);
    l->known[i] = true;
    return l->bound[i];
}

/* The least level whose critical value at look k is at most t, 1 if there is none. */
static double ladder_p(ladder *l, int k, double t)
{
    if (isnan(t) || t < ladder_at(l, LEVELS - 1)[k]) return 1;
    if (t >= ladder_at(l, 0)[k]) return l->level[0];
    int lo = 0, hi = LEVELS - 1; /* not reached at lo, reached at hi */
    while (hi - lo > 1) {
        const int middle = (lo + hi) / 2;
        *(t >= ladder_at(l, middle)[k] ? &hi : &lo) = middle;
    }
    const double above = ladder_at(l, lo)[k], below = ladder_at(l, hi)[k];
    if (isinf(above)) return l->level[hi];
    const double share = (above - t) / (above - below);
    return exp((1 - share) * log(l->level[lo]) + share * log(l->level[hi]));
}

typedef struct ladders {
    ladder outer, inner;
} ladders;

/* p of a contrast after `looks` looks: of no difference, and of one as large as the margin. */
static void find_p(contrast *c, ladders *l, const double *d, double margin, int looks)
{
    c->p = 1;
    if (!isnan(margin)) c->p_equivalent = 1;
    for (int k = 0; k < looks; k++) {
        sequential_state x = { 0 };
        estimate(&x, d, l->outer.rule->n[k]);
        if (isinf(half_width(&x, 1))) continue;
        c->p = fmin(c->p, ladder_p(&l->outer, k, procedure_t(x.mean, x.se)));
        const double gap = margin - fabs(x.mean); /* the nearer side decides */
        if (gap > 0)
            c->p_equivalent =
                fmin(c->p_equivalent, ladder_p(&l->inner, k, x.se > 0 ? gap / x.se : INFINITY));
    }
}

/* --- the procedure ---------------------------------------------------------------------------- */

static bool applies(const procedure_case *k)
{
    return k->planned;
}

static void describe(char *text, size_t size, const contrast_result *r)
{
    (void)r;
    snprintf(text, size,
             "group-sequential: paired by seed, own standard errors, Student's t at the looks that "
             "the study planned (alpha spent as (n / max)^1.5, repeated confidence intervals), "
             "Bonferroni over the family");
}

/* The differences of a pair at the seeds of the plan; returns how many looks both arms have
 * reached. */
static int gather(double *d, int *values, const contrast_study *s, contrast_pair p)
{
    const size_t seeds = (size_t)s->seeds;
    const double *arm = s->y + (size_t)p.arm * seeds, *base = s->y + (size_t)p.base * seeds;
    const int ended = s->ended[p.arm] < s->ended[p.base] ? s->ended[p.arm] : s->ended[p.base];
    int looks = 0, count = 0, i = 0;
    for (int k = 0; k < s->looks; k++) {
        for (; i < s->look[k]; i++) {
            const bool known = i < ended;
            d[i] = known ? arm[i] - base[i] : NAN;
            count += known ? !isnan(d[i]) : 1; /* the rest is expected to come */
        }
        values[k] = count;
        looks += s->look[k] <= ended;
    }
    return looks;
}

static double correlation(const contrast_study *s, contrast_pair p, int n)
{
    double *x = error_zeroed((size_t)n, sizeof *x), *b = error_zeroed((size_t)n, sizeof *b);
    size_t k = 0;
    for (int i = 0; i < n; i++) {
        x[k] = s->y[(size_t)p.arm * (size_t)s->seeds + (size_t)i];
        b[k] = s->y[(size_t)p.base * (size_t)s->seeds + (size_t)i];
        k += !isnan(x[k]) && !isnan(b[k]);
    }
    const bool defined = k > 2 && gsl_stats_sd(x, 1, k) > 0 && gsl_stats_sd(b, 1, k) > 0;
    const double r = defined ? gsl_stats_correlation(x, 1, b, 1, k) : NAN;
    free(x), free(b);
    return r;
}

/* Means of the two arms over the differences that count. */
static void put_means(contrast *c, const contrast_study *s, int n)
{
    double arm = 0, base = 0;
    for (int i = 0; i < n; i++) {
        const double x = s->y[(size_t)c->of.arm * (size_t)s->seeds + (size_t)i],
                     b = s->y[(size_t)c->of.base * (size_t)s->seeds + (size_t)i];
        if (!isnan(x) && !isnan(b)) arm += x, base += b;
    }
    c->mean = c->n ? arm / c->n : NAN, c->base_mean = c->n ? base / c->n : NAN;
}

static void put_state(contrast *c, const sequential_state *x, const contrast_study *s)
{
    c->look = x->look, c->n = c->n_base = x->look ? x->n : 0;
    c->mean = c->base_mean = c->diff = NAN;
    if (!x->look) return;
    const int seeds = s->look[x->look - 1];
    put_means(c, s, seeds);
    c->correlation = correlation(s, c->of, seeds);
    c->diff = x->mean, c->se = x->se, c->df = x->n - 1;
    c->lo = x->lo, c->hi = x->hi, c->inner_lo = x->inner_lo, c->inner_hi = x->inner_hi;
}

/* One contrast; `usual` and `levels` are for a contrast with a value at every seed. */
static void follow(contrast *c, const contrast_study *s, const sequential_rule *usual,
                   ladders *levels)
{
    const double level = s->alpha / s->pairs;
    double *d = error_zeroed((size_t)s->look[s->looks - 1], sizeof *d);
    int values[SPENDING_LOOKS];
    const int looks = gather(d, values, s, c->of);
    sequential_rule own;
    ladders *own_levels = NULL;
    const sequential_rule *rule = usual;
    if (memcmp(values, usual->values, (size_t)s->looks * sizeof *values) != 0) {
        sequential_rule_make(&own, s->look, values, level, s->looks);
        own_levels = error_zeroed(1, sizeof *own_levels);
        ladder_open(&own_levels->outer, &own, level, true);
        ladder_open(&own_levels->inner, &own, level, false);
        rule = &own;
    }
    sequential_state x;
    sequential_follow(&x, rule, d, s->margin, looks);
    put_state(c, &x, s);
    if (x.look) {
        find_p(c, own_levels ? own_levels : levels, d, s->margin, x.look);
        c->p_adjusted = fmin(1, s->pairs * c->p);
        c->p_equivalent = fmin(1, s->pairs * c->p_equivalent) + 0 * s->margin; /* NaN stays */
    }
    free(own_levels), free(d);
}

static void compute(contrast_result *r, const contrast_study *s)
{
    const double level = s->alpha / s->pairs;
    sequential_rule rule;
    ladders *levels = error_zeroed(1, sizeof *levels);
    sequential_rule_make(&rule, s->look, s->look, level, s->looks);
    ladder_open(&levels->outer, &rule, level, true);
    ladder_open(&levels->inner, &rule, level, false);
    for (int i = 0; i < s->pairs; i++)
        if (contrast_compared(r, r->row[i].of)) follow(&r->row[i], s, &rule, levels);
    free(levels);
}

/* What the look of this row could find: its own critical values. */
static void forecast(procedure_forecast *f, const procedure_plan *p, const contrast *row, int seeds)
{
    (void)p, (void)seeds;
    const bool known = row && row->se > 0 && isfinite(row->hi);
    *f = (procedure_forecast){ .df = known ? row->df : NAN,
                               .outer = known ? (row->hi - row->diff) / row->se : NAN,
                               .inner = known ? (row->inner_hi - row->diff) / row->se : NAN };
}

const procedure procedure_sequential = {
    .name = "group-sequential t",
    .assumes = "differences that are normal",
    .recipe =
        "The study planned its looks before the first run. A contrast is a difference between two "
        "arms at each seed, and its t at a look is their mean over the standard error of that "
        "mean. "
        "The level alpha over the number of contrasts is spent over the looks as (n / max)^1.5, "
        "where n is the number of seeds at a look and max that of the last, and the critical "
        "values of t follow from the joint distribution of t at all looks. A contrast stops at "
        "the first look that decides it. The adjusted p is the least alpha at which it would be "
        "decided by now.",
    .paired = true,
    .staged = true,
    .applies = applies,
    .describe = describe,
    .compute = compute,
    .forecast = forecast,
};
