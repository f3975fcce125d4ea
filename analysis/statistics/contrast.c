/* contrast.c - which arms and seeds are compared, by which procedure, and the verdicts. */
#include "analysis/statistics/contrast.h"

#include "analysis/statistics/procedure.h"
#include "core/base/error.h"

#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* Leave out arms that finished less than half as often as another: comparing them would cost the
 * other arms their seeds. */
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

bool contrast_paired(const contrast_result *r)
{
    return r->procedure->paired;
}

bool contrast_compared(const contrast_result *r, contrast_pair p)
{
    return !r->left_out[p.arm] && !r->left_out[p.base];
}

int contrast_values(double *out, const contrast_result *r, const contrast_study *s, int arm)
{
    int n = 0;
    for (int i = 0; i < s->seeds; i++) {
        const double y = row_of(s, arm)[i];
        const bool all = r->procedure->independent || !r->shared_seeds;
        if (all ? !isnan(y) : r->used[i]) out[n++] = y;
    }
    return n;
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
        if (!contrast_paired(r)) continue;
        const size_t n = (size_t)c->n;
        const double sx = gsl_stats_sd(x, 1, n), sb = gsl_stats_sd(b, 1, n);
        if (n > 2 && sx > 0 && sb > 0) c->correlation = gsl_stats_correlation(x, 1, b, 1, n);
    }
    free(x), free(b);
}

/* The pairs form stars around their bases (maxt.h), unless an arm of one pair is the base of
 * another. Then each pair is taken as a star of its own, which can only make intervals wider
 * (Sidak's inequality), or all pairs as a clique if every two arms are compared. */
maxt_family contrast_family(int *size, const contrast_result *r, const contrast_study *s)
{
    maxt_family f = { 0, size, 0 };
    int *star_of = error_zeroed((size_t)s->arms, sizeof *star_of);
    bool *is_arm = error_zeroed((size_t)s->arms, sizeof *is_arm), stars = true;
    int n = 0, arms = 0;
    for (int i = 0; i < s->pairs; i++) {
        if (!contrast_compared(r, s->pair[i])) continue;
        n++;
        stars = stars && !is_arm[s->pair[i].arm];
        is_arm[s->pair[i].arm] = true;
    }
    for (int i = 0; i < s->pairs; i++)
        if (contrast_compared(r, s->pair[i])) stars = stars && !is_arm[s->pair[i].base];
    for (int a = 0; a < s->arms; a++) arms += !r->left_out[a];
    if (!stars && n == arms * (arms - 1) / 2) f.clique = arms;
    for (int i = 0; i < s->pairs; i++) {
        if (!contrast_compared(r, s->pair[i])) continue;
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

static contrast_verdict decide(const contrast *c, const contrast_study *s)
{
    if (c->inner_lo > -s->margin && c->inner_hi < s->margin) return CONTRAST_EQUIVALENT;
    if (c->lo > 0) return s->larger_is_better ? CONTRAST_BETTER : CONTRAST_WORSE;
    if (c->hi < 0) return s->larger_is_better ? CONTRAST_WORSE : CONTRAST_BETTER;
    return CONTRAST_UNDECIDED;
}

static const procedure *choose_procedure(const contrast_result *r, const contrast_study *s)
{
    procedure_case k = { .alpha = s->alpha };
    for (int i = 0; i < s->pairs; i++) {
        if (!contrast_compared(r, s->pair[i])) continue;
        k.seeds = r->shared_seeds;
        if (values_of(s, s->pair[i].arm) > 1 && values_of(s, s->pair[i].base) > 1)
            k.repeated = true;
    }
    return procedure_choose(&k);
}

void contrast_compute(contrast_result *r, const contrast_study *s)
{
    *r = (contrast_result){ 0 };
    r->left_out = error_zeroed((size_t)s->arms, sizeof *r->left_out);
    r->used = error_zeroed((size_t)s->seeds, sizeof *r->used);
    r->row = error_zeroed((size_t)s->pairs, sizeof *r->row);
    choose_arms(r, s);
    choose_seeds(r, s);
    r->procedure = choose_procedure(r, s);
    describe_pairs(r, s);
    r->procedure->compute(r, s);
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
    r->procedure->describe(text, size, r);
    const size_t n = strlen(text);
    if (*r->procedure->assumes) snprintf(text + n, size - n, "; assumes %s", r->procedure->assumes);
}
