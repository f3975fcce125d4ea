/* power.c - see power.h. */
#include "analysis/statistics/power.h"

#include "analysis/statistics/flip.h"
#include "analysis/statistics/maxt.h"

#include "core/base/error.h"

#include <math.h>
#include <stdlib.h>

/* What does not change from row to row.  Critical values cost milliseconds, so each is found once.
 */
typedef struct setting {
    const contrast_result *r;
    const contrast_study *s;
    maxt_family family;
    int arms, pairs; /* compared */
    double *crit[2]; /* (POWER_SEEDS_MAX + 1): of difference, of equivalence; 0: not known yet */
} setting;

/* Degrees of freedom of a pair's standard error with n seeds. */
static double freedom(const setting *k, const contrast *c, int n)
{
    if (k->r->procedure == CONTRAST_WELCH) return c->df * (n - 1) * 2 / (c->n + c->n_base - 2);
    return contrast_flips_reach(n, k->s->alpha) ? n - 1 : (double)(k->arms - 1) * (n - 1);
}

static double critical(setting *k, const contrast *c, int n, bool equivalence)
{
    const double df = freedom(k, c, n), alpha = k->s->alpha;
    double (*const find)(const maxt_family *, double, double) =
        equivalence ? maxt_critical_side : maxt_critical;
    if (k->r->procedure == CONTRAST_WELCH) { /* Bonferroni; df is the row's own */
        const maxt_family one = { 1, (const int[]){ 1 }, 0 };
        return find(&one, alpha / k->pairs, df);
    }
    double *known = &k->crit[equivalence][n];
    if (*known == 0) {
        const bool flips = contrast_flips_reach(n, k->s->alpha);
        const double level = !flips        ? alpha
                             : equivalence ? flip_level(n, 2 * alpha) / 2
                                           : flip_level(n, alpha);
        *known = find(&k->family, level, df);
    }
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

/* The first n above the row's own that is enough; 0 where none is.  Power grows with n but for the
 * step to sign-flips, so small n are tried one by one and the rest by halving. */
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
    if (!(c->se > 0)) return c->se; /* 0, or nothing known */
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
    int *size = calloc((size_t)s->pairs + 1, sizeof *size);
    for (int i = 0; i < 2; i++)
        if (!(k.crit[i] = calloc(POWER_SEEDS_MAX + 1, sizeof *k.crit[i]))) error_memory();
    if (!size) error_memory();
    k.family = contrast_family(size, r, s);
    for (int a = 0; a < s->arms; a++) k.arms += !r->left_out[a];
    for (int i = 0; i < s->pairs; i++)
        k.pairs += !r->left_out[s->pair[i].arm] && !r->left_out[s->pair[i].base];
    for (int i = 0; i < s->pairs; i++) row(&out[i], &k, &r->row[i]);
    free(k.crit[0]), free(k.crit[1]), free(size);
}
