/* stats_simulation.c ARMS SEEDS CORRELATION SPREAD WIDE [STUDIES [SIMULATION...]] - are the
 * verdicts wrong as seldom as they claim?  Made-up studies (2,000 unless it is said) for each of
 *
 *   null    all arms alike: a verdict of difference, in any contrast, is false
 *   margin  all arms worse by just the margin: a verdict of equivalence is false
 *   sides   every other arm worse by just the margin, the rest better by it: likewise
 *   cover   arms that differ, some by much: all intervals must hold their truth
 *
 * Of 2,000 studies 131 may have a false verdict (the 99.9 % binomial bound at 0.05), and in 1,869
 * all intervals must hold; for other numbers of studies the bounds are made likewise.  Errors are
 * normal, the seeds' block gives arms the correlation, and SPREAD is the standard deviation of the
 * wide arms to that of the rest; WIDE arms are `half` (every other one), `one` (the first after the
 * baseline) or the `base`line.  Each of the first five may be a list, such as 2,4,8: then every
 * combination is made, and the worst is printed at the end.
 */
#include "analysis/statistics/contrast.h"
#include "analysis/statistics/verdict.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARMS_MAX = 16, SEEDS_MAX = 32, LIST_MAX = 8 };

typedef enum wide { HALF, ONE, BASE, WIDES } wide;
static const char *const WIDE[WIDES] = { "half", "one", "base" };

typedef struct design {
    int arms, seeds;
    double correlation, spread;
    wide which;
} design;

typedef enum kind { NULLS, MARGIN, SIDES, COVER, KINDS } kind;
static const char *const NAME[KINDS] = { "null", "margin", "sides", "cover" };

static void make(double *y, const design *d, const double *truth, gsl_rng *g)
{
    double seed[SEEDS_MAX];
    for (int i = 0; i < d->seeds; i++) seed[i] = sqrt(d->correlation) * gsl_ran_ugaussian(g);
    for (int a = 0; a < d->arms; a++)
        for (int i = 0; i < d->seeds; i++) {
            const double x = seed[i] + sqrt(1 - d->correlation) * gsl_ran_ugaussian(g);
            const bool is_wide = d->which == HALF ? a % 2 : a == (d->which == ONE);
            y[a * d->seeds + i] = truth[a] + (is_wide ? d->spread : 1) * x;
        }
}

/* The 99.9 % quantile of a binomial with p = 0.05. */
static int most_false(int studies)
{
    int k = studies / 20;
    while (gsl_cdf_binomial_Q((unsigned)k, 0.05, (unsigned)studies) > 0.001) k++;
    return k;
}

/* Studies with a false verdict. */
static int simulate(const design *d, kind what, int studies)
{
    double y[ARMS_MAX * SEEDS_MAX], truth[ARMS_MAX] = { 0 };
    contrast_pair pair[ARMS_MAX];
    /* A margin wider than the intervals; otherwise no verdict would be "equivalent". */
    const double margin = 6 * d->spread * sqrt(2 * (1 - d->correlation) / d->seeds) + 0.5;
    for (int a = 1; a < d->arms; a++) {
        pair[a - 1] = (contrast_pair){ a, 0 };
        truth[a] = what == COVER    ? (a % 3 - 1) * 5.0 * d->spread
                   : what == MARGIN ? margin
                   : what == SIDES  ? (a / 2 % 2 ? -margin : margin)
                                    : 0;
    }
    contrast_study s = { .arms = d->arms,
                         .seeds = d->seeds,
                         .y = y,
                         .pairs = d->arms - 1,
                         .pair = pair,
                         .alpha = 0.05,
                         .margin = what == NULLS || what == COVER ? NAN : margin };
    gsl_rng *g = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(g, 1);
    int count = 0;
    for (int k = 0; k < studies; k++) {
        make(y, d, truth, g);
        contrast_result r;
        verdict_compute(&r, &s);
        bool wrong = false;
        for (int i = 0; i < s.pairs; i++) {
            const contrast *c = &r.row[i];
            wrong = wrong || (what == MARGIN || what == SIDES
                                  ? c->verdict == CONTRAST_EQUIVALENT
                                  : c->lo > truth[i + 1] || c->hi < truth[i + 1]);
        }
        count += wrong;
        contrast_close(&r);
    }
    gsl_rng_free(g);
    return count;
}

static int read_list(double *x, const char *text)
{
    int n = 0;
    for (char *rest = (char *)text; *rest && n < LIST_MAX; rest += *rest == ',')
        x[n++] = strtod(rest, &rest);
    return n;
}

/* The bits of a list such as half,one. */
static unsigned read_wide(const char *text)
{
    unsigned set = 0;
    for (wide w = 0; w < WIDES; w++)
        if (strstr(text, WIDE[w])) set |= 1U << w;
    return set;
}

/* All kinds of study, or those that are named, of one design. */
static void run(int worst[KINDS], const design *d, int studies, char **name, int names)
{
    const int most = most_false(studies);
    for (kind k = 0; k < KINDS; k++) {
        bool wanted = names < 1;
        for (int a = 0; a < names; a++) wanted = wanted || strcmp(name[a], NAME[k]) == 0;
        if (!wanted) continue;
        const int wrong = simulate(d, k, studies);
        if (wrong > worst[k]) worst[k] = wrong;
        printf("%d arms, %d seeds, correlation %g, spread 1:%g of %s, %s: wrong %d of %d%s\n",
               d->arms, d->seeds, d->correlation, d->spread, WIDE[d->which], NAME[k], wrong,
               studies, wrong > most ? " - FAILED" : "");
        fflush(stdout);
    }
}

int main(int argc, char **argv)
{
    if (argc < 6) return 2;
    double x[4][LIST_MAX];
    int n[4], worst[KINDS] = { 0 };
    for (int i = 0; i < 4; i++) n[i] = read_list(x[i], argv[1 + i]);
    const int studies = argc > 6 ? atoi(argv[6]) : 2000;
    const unsigned set = read_wide(argv[5]);
    for (int i = 0; i < n[0] * n[1] * n[2] * n[3]; i++) {
        design d = { (int)x[0][i / n[3] / n[2] / n[1]], (int)x[1][i / n[3] / n[2] % n[1]],
                     x[2][i / n[3] % n[2]], x[3][i % n[3]], HALF };
        if (d.arms > ARMS_MAX || d.seeds > SEEDS_MAX) return 2;
        for (; d.which < WIDES; d.which++)
            if (set >> d.which & 1) run(worst, &d, studies, argv + 7, argc - 7);
    }
    bool ok = true;
    printf("worst, of at most %d:", most_false(studies));
    for (kind k = 0; k < KINDS; k++) {
        printf(" %s %d", NAME[k], worst[k]);
        ok = ok && worst[k] <= most_false(studies);
    }
    printf("\n");
    return ok ? 0 : 1;
}
