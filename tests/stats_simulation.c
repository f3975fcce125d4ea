/* stats_simulation.c ARMS SEEDS CORRELATION SPREAD [SIMULATION...] - do the verdicts err as seldom
 * as they say?  2,000 made-up studies for each of
 *
 *   null    all arms alike: a verdict of difference, in any contrast, is false
 *   margin  all arms worse by just the margin: a verdict of equivalence is false
 *   cover   arms that differ, some by much: all intervals must hold their truth
 *
 * False verdicts may occur 131 times (the 99.9 % binomial bound at 0.05), and intervals must cover
 * 1,869 times.  Errors are normal, the seeds' block gives arms the correlation, and SPREAD is the
 * standard deviation of every other arm to that of the rest.
 */
#include "analysis/contrast.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STUDIES = 2000, MOST_FALSE = 131, LEAST_COVERED = 1869, ARMS_MAX = 16, SEEDS_MAX = 32 };

typedef struct design {
    int arms, seeds;
    double correlation, spread;
} design;

static void make(double *y, const design *d, const double *truth, gsl_rng *g)
{
    double seed[SEEDS_MAX];
    for (int i = 0; i < d->seeds; i++) seed[i] = sqrt(d->correlation) * gsl_ran_ugaussian(g);
    for (int a = 0; a < d->arms; a++)
        for (int i = 0; i < d->seeds; i++) {
            const double x = seed[i] + sqrt(1 - d->correlation) * gsl_ran_ugaussian(g);
            y[a * d->seeds + i] = truth[a] + (a % 2 ? d->spread : 1) * x;
        }
}

static bool simulate(const design *d, const char *what)
{
    double y[ARMS_MAX * SEEDS_MAX], truth[ARMS_MAX] = { 0 };
    contrast_pair pair[ARMS_MAX];
    const bool null = strcmp(what, "null") == 0, cover = strcmp(what, "cover") == 0;
    /* A margin that intervals can lie inside of, or equivalence would never be said. */
    const double margin = 6 * d->spread * sqrt(2 * (1 - d->correlation) / d->seeds) + 0.5;
    for (int a = 1; a < d->arms; a++) {
        pair[a - 1] = (contrast_pair){ a, 0 };
        truth[a] = null ? 0 : cover ? (a % 3 - 1) * 5.0 * d->spread : margin;
    }
    contrast_study s = { .arms = d->arms,
                         .seeds = d->seeds,
                         .y = y,
                         .pairs = d->arms - 1,
                         .pair = pair,
                         .alpha = 0.05,
                         .margin = null || cover ? NAN : margin };
    gsl_rng *g = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(g, 1);
    int count = 0;
    for (int k = 0; k < STUDIES; k++) {
        make(y, d, truth, g);
        contrast_result r;
        contrast_compute(&r, &s);
        bool any = false, all = true;
        for (int i = 0; i < s.pairs; i++) {
            const contrast *c = &r.row[i];
            any = any || (null ? c->lo > 0 || c->hi < 0 : c->verdict == CONTRAST_EQUIVALENT);
            all = all && c->lo <= truth[i + 1] && truth[i + 1] <= c->hi;
        }
        count += cover ? all : any;
        contrast_close(&r);
    }
    gsl_rng_free(g);
    const bool ok = cover ? count >= LEAST_COVERED : count <= MOST_FALSE;
    printf("%d arms, %d seeds, correlation %g, spread 1:%g, %s: %d of %d%s\n", d->arms, d->seeds,
           d->correlation, d->spread, what, count, STUDIES, ok ? "" : " - FAILED");
    return ok;
}

int main(int argc, char **argv)
{
    if (argc < 5) return 2;
    const design d = { atoi(argv[1]), atoi(argv[2]), atof(argv[3]), atof(argv[4]) };
    if (d.arms > ARMS_MAX || d.seeds > SEEDS_MAX) return 2;
    static const char *const all[] = { "null", "margin", "cover" };
    bool ok = true;
    for (int i = 0; i < 3; i++) {
        bool wanted = argc == 5;
        for (int k = 5; k < argc; k++) wanted = wanted || strcmp(argv[k], all[i]) == 0;
        if (wanted) ok = simulate(&d, all[i]) && ok;
    }
    return ok ? 0 : 1;
}
