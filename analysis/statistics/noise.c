/* noise.c - estimate the noise floor, and search for what a number of seeds can find. */
#include "analysis/statistics/noise.h"

#include "analysis/statistics/block.h"
#include "analysis/statistics/power.h"
#include "analysis/statistics/procedure.h"
#include "core/base/error.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>

/* The values of one arm, at the shared seeds only or all of them; returns how many. */
static size_t gather(double *out, const contrast_result *r, const contrast_study *s, int arm,
                     bool shared)
{
    size_t n = 0;
    for (int i = 0; i < s->seeds; i++) {
        const double y = s->y[(size_t)arm * (size_t)s->seeds + (size_t)i];
        if (shared ? r->used[i] : !isnan(y)) out[n++] = y;
    }
    return n;
}

void noise_estimate(noise *n, const contrast_result *r, const contrast_study *s)
{
    *n = (noise){ NAN, NAN, NAN, NAN, 0, NAN, false };
    const size_t seeds = (size_t)s->seeds;
    double *y = calloc((size_t)s->arms * seeds + 1, sizeof *y), within = 0, df = 0;
    double *x = calloc(seeds + 1, sizeof *x);
    if (!x || !y) error_memory();
    int arms = 0;
    for (int a = 0; a < s->arms; a++) {
        const size_t k = gather(x, r, s, a, false);
        if (k > 1) within += (double)(k - 1) * gsl_stats_variance(x, 1, k), df += (double)(k - 1);
        if (!r->left_out[a]) gather(y + (size_t)arms++ * (size_t)r->shared_seeds, r, s, a, true);
    }
    if (df > 0) {
        const bool paired = arms > 1 && r->shared_seeds > 1;
        double variance = within / df;
        n->arm = sqrt(variance), n->df = df, n->paired = paired;
        if (paired) {
            block b;
            block_fit(&b, y, arms, r->shared_seeds);
            variance = b.variance, n->df = b.df, n->shared = b.shared;
        }
        n->difference = sqrt(2 * variance);
        n->lo = n->difference * sqrt(n->df / gsl_cdf_chisq_Pinv(0.975, n->df));
        n->hi = n->difference * sqrt(n->df / gsl_cdf_chisq_Pinv(0.025, n->df));
    }
    free(x), free(y);
}

/* Standard error, degrees of freedom and critical value with so many seeds. */
typedef struct setting {
    double se, df, crit;
} setting;

static const procedure *procedure_at(const noise_plan *p, int seeds)
{
    return procedure_choose(&(procedure_case){
        .seeds = p->paired ? seeds : 0, .repeated = seeds > 1, .alpha = p->alpha });
}

static setting at(const noise_plan *p, int seeds, bool equivalence)
{
    const procedure *chosen = procedure_at(p, seeds);
    const procedure_plan plan = { p->family, p->arms, p->alpha };
    const double df = chosen->freedom(&plan, NULL, seeds);
    return (setting){ p->difference / sqrt(seeds), df,
                      chosen->critical(&plan, df, seeds, equivalence) };
}

const char *noise_procedure(const noise_plan *p, int seeds)
{
    return procedure_at(p, seeds)->name;
}

/* The least x at which `reaches` holds, for an x in standard errors. */
static double least(bool (*reaches)(double x, const setting *k), const setting *k)
{
    if (!(k->se > 0) || !isfinite(k->crit)) return k->se > 0 ? NAN : k->se;
    double lo = 0, hi = k->se;
    while (!reaches(hi, k)) lo = hi, hi *= 2;
    for (int i = 0; i < 50 && hi - lo > 1e-6 * hi; i++) {
        const double middle = (lo + hi) / 2;
        *(reaches(middle, k) ? &hi : &lo) = middle;
    }
    return hi;
}

static bool found(double effect, const setting *k)
{
    return maxt_power_difference(effect, k->se, k->df, k->crit) >= POWER_WANTED;
}

static bool shown(double margin, const setting *k)
{
    return maxt_power_equivalence(0, margin, k->se, k->df, k->crit) >= POWER_WANTED;
}

double noise_effect(const noise_plan *p, int seeds)
{
    const setting k = at(p, seeds, false);
    return least(found, &k);
}

double noise_margin(const noise_plan *p, int seeds)
{
    const setting k = at(p, seeds, true);
    return least(shown, &k);
}

static bool enough(const noise_plan *p, int seeds, double effect)
{
    const setting k = at(p, seeds, false);
    return isfinite(k.crit) && found(effect, &k);
}

int noise_seeds(const noise_plan *p, double effect)
{
    enum {
        ONE_BY_ONE = 16
    }; /* power grows with n, except where the procedure changes, which is here */
    if (!(p->difference > 0) || !(effect > 0)) return p->difference == 0 && effect > 0 ? 2 : 0;
    int lo = 1, hi = 1;
    while (hi < POWER_SEEDS_MAX) {
        hi = hi < ONE_BY_ONE ? hi + 1 : hi * 2 < POWER_SEEDS_MAX ? hi * 2 : POWER_SEEDS_MAX;
        if (enough(p, hi, effect)) break;
        lo = hi;
    }
    if (lo >= POWER_SEEDS_MAX) return 0;
    while (hi - lo > 1) {
        const int middle = lo + (hi - lo) / 2;
        *(enough(p, middle, effect) ? &hi : &lo) = middle;
    }
    return hi;
}
