/* crossed_simulation.c SEEDS ITEMS TASKS SEED ITEM REST [STUDIES] - are verdicts on tasks wrong as
 * seldom as they claim, when seeds and items are both drawn anew for each study?
 *
 * Three arms, of which the first is the baseline of the others, and one group of TASKS tasks of
 * ITEMS items each.  The score of an arm at a seed on an item is
 *
 *     truth + seed (shared by the arms) + item (shared) + seed of the arm + item of the arm + rest
 *
 * SEED, ITEM and REST are the standard deviations of the last three; half of the seed's part is
 * common to all tasks.  If REST is `right`, the score is 1 with this probability (about 0.6), else
 * 0; if it is `nearly`, the same about 0.97, where most items are right in every arm.
 *
 *   null    all arms alike: a verdict of difference, in any row, is false
 *   margin  all arms worse by just the margin: a verdict of equivalence is false
 *
 * Of 2,000 studies 131 may have a false verdict (the 99.9 % binomial bound at 0.05).
 */
#include "analysis/statistics/crossed.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARMS = 3, CONTRASTS = ARMS - 1, TASKS_MAX = 8, SEEDS_MAX = 24 };

typedef struct design {
    int seeds, items, tasks;
    double seed, item, rest;
    double mean; /* of right answers; NaN: scores are normal */
} design;

/* y (ARMS, tasks, seeds, items) */
static void make(double *y, const design *d, double loss, gsl_rng *g)
{
    const int S = d->seeds, I = d->items;
    double *item = malloc((size_t)I * sizeof *item), of_seed[SEEDS_MAX], common[ARMS][SEEDS_MAX];
    for (int s = 0; s < S; s++) of_seed[s] = gsl_ran_gaussian(g, d->seed);
    for (int a = 0; a < ARMS; a++)
        for (int s = 0; s < S; s++) common[a][s] = gsl_ran_gaussian(g, d->seed * M_SQRT1_2);
    for (int t = 0; t < d->tasks; t++) {
        for (int i = 0; i < I; i++)
            item[i] = gsl_ran_gaussian(g, isnan(d->mean) ? 1 : (1 - d->mean) / 6);
        for (int a = 0; a < ARMS; a++) {
            double *x = y + (size_t)(a * d->tasks + t) * (size_t)(S * I);
            for (int s = 0; s < S; s++) {
                const double seed =
                    of_seed[s] + common[a][s] + gsl_ran_gaussian(g, d->seed * M_SQRT1_2);
                for (int i = 0; i < I; i++) x[s * I + i] = seed + item[i] - (a ? loss : 0);
            }
            for (int i = 0; i < I; i++) {
                const double own = gsl_ran_gaussian(g, d->item);
                for (int s = 0; s < S; s++) x[s * I + i] += own;
            }
            for (int k = 0; k < S * I; k++)
                x[k] = isnan(d->mean) ? x[k] + gsl_ran_gaussian(g, d->rest)
                                      : gsl_rng_uniform(g) < d->mean + x[k];
        }
    }
    free(item);
}

/* Rows: the group, then its tasks, for each contrast. */
static void compare(crossed_row *row, const double *y, const design *d)
{
    const int S = d->seeds, I = d->items, rows = d->tasks + 1;
    double *by_seed = calloc((size_t)(CONTRASTS * rows * S), sizeof *by_seed),
           *x = malloc((size_t)(S * I) * sizeof *x), weight[TASKS_MAX + 1][TASKS_MAX] = { 0 };
    crossed_items task[TASKS_MAX];
    for (int t = 0; t < d->tasks; t++) weight[0][t] = 1.0 / d->tasks, weight[t + 1][t] = 1;
    for (int c = 0; c < CONTRASTS; c++) {
        for (int t = 0; t < d->tasks; t++) {
            const double *arm = y + (size_t)((c + 1) * d->tasks + t) * (size_t)(S * I),
                         *base = y + (size_t)t * (size_t)(S * I);
            for (int k = 0; k < S * I; k++) x[k] = arm[k] - base[k];
            for (int k = 0; k < S * I; k++)
                for (int r = 0; r < rows; r++)
                    by_seed[(c * rows + r) * S + k / I] += weight[r][t] * x[k] / I;
            crossed_task(&task[t], x, NULL, !isnan(d->mean), S, I);
        }
        for (int r = 0; r < rows; r++)
            crossed_sum(&row[c * rows + r].items, task, weight[r], d->tasks);
    }
    crossed_compare(row, by_seed, 0.05, false, CONTRASTS * rows, S);
    free(by_seed), free(x);
}

/* A margin well inside what such a study can show, so that the test of it bites. */
static double margin_of(const design *d)
{
    const double rest = isnan(d->mean) ? d->rest : sqrt(d->mean * (1 - d->mean)),
                 v = 4 * d->seed * d->seed / d->seeds + 2 * d->item * d->item / d->items +
                     2 * rest * rest / d->seeds / d->items;
    return isnan(d->mean) ? 8 * sqrt(v) + 0.1 : fmin(0.25, 5 * sqrt(v));
}

static int simulate(int *said, const design *d, bool at_margin, int studies)
{
    const int rows = CONTRASTS * (d->tasks + 1);
    const double margin = margin_of(d);
    double *y = malloc((size_t)(ARMS * d->tasks * d->seeds * d->items) * sizeof *y);
    gsl_rng *g = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(g, 7);
    int wrong = 0;
    for (int k = 0; k < studies; k++) {
        crossed_row row[CONTRASTS * (TASKS_MAX + 1)] = { 0 };
        bool any = false;
        for (int r = 0; r < rows; r++)
            row[r].margin = at_margin ? margin : NAN, row[r].larger_is_better = true;
        make(y, d, at_margin ? margin : 0, g);
        compare(row, y, d);
        for (int r = 0; r < rows; r++) {
            *said += row[r].verdict != CONTRAST_UNDECIDED;
            any = any || (at_margin ? row[r].verdict == CONTRAST_EQUIVALENT
                                    : row[r].verdict != CONTRAST_UNDECIDED);
        }
        wrong += any;
    }
    gsl_rng_free(g), free(y);
    return wrong;
}

int main(int argc, char **argv)
{
    if (argc < 7) return 2;
    design d = { .seeds = atoi(argv[1]), .items = atoi(argv[2]), .tasks = atoi(argv[3]) };
    d.seed = atof(argv[4]), d.item = atof(argv[5]), d.rest = atof(argv[6]);
    d.mean = strcmp(argv[6], "right") == 0 ? 0.6 : strcmp(argv[6], "nearly") == 0 ? 0.97 : NAN;
    const int studies = argc > 7 ? atoi(argv[7]) : 2000;
    if (d.tasks > TASKS_MAX || d.seeds > SEEDS_MAX || d.seeds < 2 || d.items < 2) return 2;
    int most = studies / 20, failed = 0;
    while (gsl_cdf_binomial_Q((unsigned)most, 0.05, (unsigned)studies) > 0.001) most++;
    for (int k = 0; k < 2; k++) {
        int said = 0;
        const int wrong = simulate(&said, &d, k, studies);
        printf("%s: %d of %d studies with a false verdict (at most %d), %d verdicts\n",
               k ? "margin" : "null", wrong, studies, most, said);
        failed += wrong > most;
    }
    return failed > 0;
}
