/* verdict.c - which arms and seeds are compared, by which procedure, and the verdicts. */
#include "analysis/statistics/verdict.h"

#include "analysis/statistics/procedure.h"
#include "core/base/error.h"

#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Leave out arms that finished less than half as often as another: comparing them would cost the
 * other arms their seeds. */
static void choose_arms(contrast_result *r, const contrast_study *s)
{
    int most = 0;
    for (int a = 0; a < s->arms; a++) {
        const int n = contrast_count(s, a);
        if (n > most) most = n;
    }
    for (int a = 0; a < s->arms; a++) {
        const int n = contrast_count(s, a);
        r->left_out[a] = n == 0 || (!s->looks && 2 * n < most);
    }
}

static void choose_seeds(contrast_result *r, const contrast_study *s)
{
    for (int i = 0; i < s->seeds; i++) {
        bool all = true, any = false;
        for (int a = 0; a < s->arms; a++)
            if (!r->left_out[a]) {
                any = true;
                all = all && !isnan(s->y[(size_t)a * (size_t)s->seeds + (size_t)i]);
            }
        r->used[i] = any && all;
        r->shared_seeds += any && all;
    }
}

bool verdict_paired(const contrast_result *r)
{
    return r->procedure->paired;
}

/* Means, difference and correlation of every pair, which need no procedure. */
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
        if (!contrast_compared(r, c->of)) continue;
        c->n = contrast_values(x, r, s, c->of.arm),
        c->n_base = contrast_values(b, r, s, c->of.base);
        c->mean = gsl_stats_mean(x, 1, (size_t)c->n);
        c->base_mean = gsl_stats_mean(b, 1, (size_t)c->n_base);
        c->diff = c->mean - c->base_mean;
        if (!verdict_paired(r)) continue;
        const size_t n = (size_t)c->n;
        const double sx = gsl_stats_sd(x, 1, n), sb = gsl_stats_sd(b, 1, n);
        if (n > 2 && sx > 0 && sb > 0) c->correlation = gsl_stats_correlation(x, 1, b, 1, n);
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

static const procedure *choose_procedure(const contrast_result *r, const contrast_study *s)
{
    procedure_case k = { .alpha = s->alpha, .planned = s->looks > 0 };
    for (int i = 0; i < s->pairs; i++) {
        if (!contrast_compared(r, s->pair[i])) continue;
        k.seeds = r->shared_seeds;
        if (contrast_count(s, s->pair[i].arm) > 1 && contrast_count(s, s->pair[i].base) > 1)
            k.repeated = true;
    }
    return procedure_choose(&k);
}

void verdict_compute(contrast_result *r, const contrast_study *s)
{
    *r = (contrast_result){ 0 };
    r->left_out = error_zeroed((size_t)s->arms, sizeof *r->left_out);
    r->used = error_zeroed((size_t)s->seeds, sizeof *r->used);
    r->row = error_zeroed((size_t)s->pairs, sizeof *r->row);
    choose_arms(r, s);
    choose_seeds(r, s);
    r->procedure = choose_procedure(r, s);
    r->independent = r->procedure->independent;
    describe_pairs(r, s);
    r->procedure->compute(r, s);
    for (int i = 0; i < s->pairs; i++) r->row[i].verdict = decide(&r->row[i], s);
}

void verdict_describe(char *text, size_t size, const contrast_result *r)
{
    r->procedure->describe(text, size, r);
    const size_t n = strlen(text);
    if (*r->procedure->assumes) snprintf(text + n, size - n, "; assumes %s", r->procedure->assumes);
}
