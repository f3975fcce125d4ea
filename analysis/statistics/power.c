/* power.c - the smallest effect that the seeds find, and the seeds that a verdict would take. */
#include "analysis/statistics/power.h"

#include "analysis/statistics/maxt.h"
#include "analysis/statistics/procedure.h"
#include "core/base/error.h"

#include <math.h>
#include <stdlib.h>

/* What is the same for all rows.  Critical values take milliseconds, so each is computed once. */
typedef struct setting {
    const contrast_result *r;
    const contrast_study *s;
    procedure_plan plan;
    double *crit[2]; /* (POWER_SEEDS_MAX + 1): of a difference, of equivalence; 0: not known yet */
} setting;

/* With more seeds another procedure may apply, but arms that share none will not share any then. */
static const procedure *procedure_at(const setting *k, int n)
{
    const procedure_case later = { .seeds = n, .repeated = true, .alpha = k->s->alpha };
    return k->r->procedure->independent ? k->r->procedure : procedure_choose(&later);
}

/* Degrees of freedom of a pair's standard error with n seeds. */
static double freedom(const setting *k, const contrast *c, int n)
{
    return procedure_at(k, n)->freedom(&k->plan, c, n);
}

static double critical(setting *k, const contrast *c, int n, bool equivalence)
{
    const procedure *chosen = procedure_at(k, n);
    const double df = chosen->freedom(&k->plan, c, n);
    if (!chosen->paired) return chosen->critical(&k->plan, df, n, equivalence);
    double *known = &k->crit[equivalence][n];
    if (*known == 0) *known = chosen->critical(&k->plan, df, n, equivalence);
    return *known;
}

static double error_of(const contrast *c, int n)
{
    return c->se * sqrt((c->n + c->n_base) / 2.0 / n);
}

static bool enough(setting *k, const contrast *c, int n, bool equivalence)
{
    const double se = error_of(c, n), df = freedom(k, c, n), crit = critical(k, c, n, equivalence);
    const double p = equivalence ? maxt_power_equivalence(c->diff, k->s->margin, se, df, crit)
                                 : maxt_power_difference(c->diff, se, df, crit);
    return p >= POWER_WANTED;
}

/* The first n above the row's own that is enough; 0 if none is.  Power grows with n, except where
 * the procedure changes, so small n are tried one by one and larger ones by halving. */
static int seeds_needed(setting *k, const contrast *c, bool equivalence)
{
    enum { ONE_BY_ONE = 16 };
    int lo = (c->n > c->n_base ? c->n : c->n_base), hi = lo;
    while (hi < POWER_SEEDS_MAX) {
        hi = hi < ONE_BY_ONE ? hi + 1 : hi * 2 < POWER_SEEDS_MAX ? hi * 2 : POWER_SEEDS_MAX;
        if (enough(k, c, hi, equivalence)) break;
        lo = hi;
    }
    if (lo >= POWER_SEEDS_MAX) return 0;
    while (hi - lo > 1) {
        const int middle = lo + (hi - lo) / 2;
        *(enough(k, c, middle, equivalence) ? &hi : &lo) = middle;
    }
    return hi;
}

static double smallest_effect(setting *k, const contrast *c)
{
    if (!(c->se > 0)) return c->se; /* 0, or NaN */
    const int n = c->n < c->n_base ? c->n : c->n_base;
    const double df = c->df, crit = critical(k, c, n, false);
    if (isinf(crit)) return NAN;
    double lo = 0, hi = c->se;
    while (maxt_power_difference(hi, c->se, df, crit) < POWER_WANTED) lo = hi, hi *= 2;
    for (int i = 0; i < 50 && hi - lo > 1e-9 * hi; i++) {
        const double middle = (lo + hi) / 2;
        *(maxt_power_difference(middle, c->se, df, crit) < POWER_WANTED ? &lo : &hi) = middle;
    }
    return hi;
}

static void row(power *p, setting *k, const contrast *c)
{
    *p = (power){ .mde = smallest_effect(k, c) };
    if (c->verdict != CONTRAST_UNDECIDED || !(c->se > 0)) return;
    const int apart = seeds_needed(k, c, false);
    const int alike = fabs(c->diff) < k->s->margin ? seeds_needed(k, c, true) : 0;
    if (alike && (!apart || alike <= apart))
        p->needed = alike, p->towards = CONTRAST_EQUIVALENT;
    else if (apart) {
        p->needed = apart;
        p->towards = (c->diff > 0) == k->s->larger_is_better ? CONTRAST_BETTER : CONTRAST_WORSE;
    }
}

void power_compute(power *out, const contrast_result *r, const contrast_study *s)
{
    setting k = { .r = r, .s = s };
    int *size = error_zeroed((size_t)s->pairs, sizeof *size);
    for (int i = 0; i < 2; i++) k.crit[i] = error_zeroed(POWER_SEEDS_MAX + 1, sizeof *k.crit[i]);
    k.plan.family = contrast_family(size, r, s), k.plan.alpha = s->alpha;
    for (int a = 0; a < s->arms; a++) k.plan.arms += !r->left_out[a];
    for (int i = 0; i < s->pairs; i++) row(&out[i], &k, &r->row[i]);
    free(k.crit[0]), free(k.crit[1]), free(size);
}
