/* sequential_simulation.c ARMS CORRELATION SPREAD START STEP MAX [TAILS [STUDIES]] - does a study
 * that adds seeds until it is decided keep its promises over all of its looks?
 *
 * Made-up studies, 2,000 unless it is said, in which every arm differs from the baseline by
 *
 *   null    nothing: a verdict of difference, in any contrast at any look, is false
 *   half    half of the margin: a difference in the other direction is false
 *   margin  the margin: a verdict of equivalence is false
 *   twice   twice the margin: likewise
 *
 * and in each of them the intervals at which the contrasts stop must all hold the truth.  Of 2,000
 * studies 131 may be wrong (the 99.9 % binomial bound at 0.05).  Besides, the mean number of seeds
 * of a contrast may not exceed that of the fixed design that decides as large a share of contrasts,
 * at the same level, on the same made-up data, where that share is at least 80 %: a plan whose
 * maximum is too small for its margin saves nothing.
 *
 * Errors are normal or, with TAILS > 0, Student's t with so many degrees of freedom.  The margin is
 * 0.9 standard deviations of a difference between narrow arms; arms of odd number are SPREAD times
 * as wide; the seeds' block gives arms the correlation.
 */
#include "analysis/statistics/sequential.h"
#include "analysis/statistics/student.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum { ARMS_MAX = 16, SEEDS_MAX = 200 };
#define ALPHA 0.05

typedef struct design {
    int arms, max, looks, n[SPENDING_LOOKS], studies;
    double correlation, spread, tails, margin;
} design;

typedef enum kind { NONE, HALF, MARGIN, TWICE, KINDS } kind;
static const char *const NAME[KINDS] = { "null", "half", "margin", "twice" };
static const double EFFECT[KINDS] = { 0, 0.5, 1, 2 };

typedef struct outcome {
    int false_verdict, missed;   /* studies */
    double seeds, decided;       /* of a contrast: mean number, share */
    double fixed[2 * SEEDS_MAX]; /* share that a fixed design of so many seeds decides */
} outcome;

/* One draw of variance 1. */
static double draw(const design *d, gsl_rng *g)
{
    if (!(d->tails > 0)) return gsl_ran_ugaussian(g);
    return gsl_ran_tdist(g, d->tails) / sqrt(d->tails / (d->tails - 2));
}

/* y (arms, 2 max) */
static void make(double *y, const design *d, double effect, gsl_rng *g)
{
    for (int s = 0; s < 2 * d->max; s++) {
        const double block = sqrt(d->correlation) * draw(d, g);
        for (int a = 0; a < d->arms; a++) {
            const double x = block + sqrt(1 - d->correlation) * draw(d, g);
            y[a * 2 * d->max + s] = (a ? effect : 0) + (a % 2 ? d->spread : 1) * x;
        }
    }
}

/* Would a fixed design of n seeds decide, for each n?  Student's t at the same level. */
static void put_fixed(outcome *o, const double *x, const design *d, double level)
{
    double sum = 0, square = 0;
    for (int n = 1; n <= 2 * d->max; n++) {
        sum += x[n - 1], square += x[n - 1] * x[n - 1];
        if (n < 2) continue;
        const double mean = sum / n, se = sqrt((square - sum * mean) / (n - 1) / n);
        static double outer[2 * SEEDS_MAX], inner[2 * SEEDS_MAX], known;
        if (known != level)
            for (int k = 2; k <= 2 * d->max; k++)
                outer[k - 1] = student_critical(level / 2, k - 1),
                          inner[k - 1] = student_critical(level, k - 1);
        known = level;
        o->fixed[n - 1] +=
            fabs(mean) > outer[n - 1] * se || fabs(mean) + inner[n - 1] * se < d->margin;
    }
}

static bool wrong(const sequential_state *x, const design *d, kind k)
{
    const bool alike = x->inner_lo > -d->margin && x->inner_hi < d->margin;
    if (k == NONE) return x->lo > 0 || x->hi < 0;
    if (k == HALF) return x->hi < 0;
    return alike;
}

static void simulate(outcome *o, const design *d, kind k)
{
    const double level = ALPHA / (d->arms - 1), truth = EFFECT[k] * d->margin;
    double *y = malloc((size_t)d->arms * 2 * (size_t)d->max * sizeof *y), x[SEEDS_MAX * 2];
    sequential_rule rule;
    gsl_rng *g = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(g, 1);
    sequential_rule_make(&rule, d->n, d->n, level, d->looks);
    *o = (outcome){ 0 };
    for (int i = 0; i < d->studies; i++) {
        bool is_wrong = false, misses = false;
        make(y, d, truth, g);
        for (int a = 1; a < d->arms; a++) {
            sequential_state state;
            for (int s = 0; s < 2 * d->max; s++) x[s] = y[a * 2 * d->max + s] - y[s];
            sequential_follow(&state, &rule, x, d->margin, d->looks);
            is_wrong = is_wrong || wrong(&state, d, k);
            misses = misses || state.lo > truth || state.hi < truth;
            o->seeds += state.n, o->decided += state.decided;
            put_fixed(o, x, d, level);
        }
        o->false_verdict += is_wrong, o->missed += misses;
    }
    const double contrasts = (double)d->studies * (d->arms - 1);
    o->seeds /= contrasts, o->decided /= contrasts;
    for (int n = 0; n < 2 * d->max; n++) o->fixed[n] /= contrasts;
    gsl_rng_free(g);
    free(y);
}

static int most_wrong(int studies)
{
    int k = studies / 20;
    while (gsl_cdf_binomial_Q((unsigned)k, ALPHA, (unsigned)studies) > 0.001) k++;
    return k;
}

int main(int argc, char **argv)
{
    if (argc < 7) return 2;
    design d = { .arms = atoi(argv[1]),
                 .correlation = atof(argv[2]),
                 .spread = atof(argv[3]),
                 .max = atoi(argv[6]),
                 .tails = argc > 7 ? atof(argv[7]) : 0,
                 .studies = argc > 8 ? atoi(argv[8]) : 2000 };
    d.looks = sequential_looks(d.n, atoi(argv[4]), atoi(argv[5]), d.max);
    if (d.arms > ARMS_MAX || d.max > SEEDS_MAX || !d.looks) return 2;
    d.margin = 0.9 * sqrt(2 * (1 - d.correlation));
    bool ok = true;
    for (kind k = 0; k < KINDS; k++) {
        outcome o;
        simulate(&o, &d, k);
        int fixed = 2;
        while (fixed < 2 * d.max && o.fixed[fixed - 1] < o.decided) fixed++;
        const int most = most_wrong(d.studies);
        const bool good =
            o.false_verdict <= most && o.missed <= most && (o.decided < 0.8 || o.seeds <= fixed);
        printf(
            "%s: false verdicts %d, intervals missed %d of %d (at most %d); decided %.3f with %.1f "
            "seeds, a fixed design with %d%s\n",
            NAME[k], o.false_verdict, o.missed, d.studies, most, o.decided, o.seeds, fixed,
            good ? "" : " - FAILED");
        ok = ok && good;
    }
    return ok ? 0 : 1;
}
