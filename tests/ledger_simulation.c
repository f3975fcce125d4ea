/* ledger_simulation.c SEEDS EFFECT SHARED [SEQUENCES] - what an automated search keeps: 1,000
 * made-up sequences of 200 ideas each, of which 10 % are real, at random places.
 *
 * An idea is an arm against a baseline at SEEDS seeds; a real one is better by EFFECT standard
 * deviations of a difference.  It is kept if the two-sided p of Student's t is at most the level
 * and it is ahead.  With SHARED 1, all ideas are compared with the same runs of the baseline; with
 * 0 each has its own.  Levels: LORD++ at 0.05; alpha 0.05 for each; Bonferroni's bound for all 200.
 *
 * With LORD++ the mean share of false ones among those kept may not exceed 0.05 by more than chance
 * allows (3 standard errors), and it must find more than Bonferroni's bound does.  At alpha 0.05
 * the share must exceed 0.05, or the simulation shows nothing.
 */
#include "analysis/statistics/lord.h"
#include "analysis/statistics/student.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { IDEAS = 200, REAL = 20, SEEDS_MAX = 64 };
#define FDR 0.05

typedef enum rule { LORD, FIXED, BONFERRONI, RULES } rule;
static const char *const NAME[RULES] = { "LORD++", "alpha 0.05", "Bonferroni" };

typedef struct search {
    int seeds;
    double effect;
    bool shared;
} search;

/* p of each idea (IDEAS), 1 if it is behind; and which are real. */
static void make(double *p, bool *real, const search *s, gsl_rng *g)
{
    double base[SEEDS_MAX];
    int order[IDEAS];
    for (int i = 0; i < IDEAS; i++) order[i] = i, real[i] = false;
    gsl_ran_shuffle(g, order, IDEAS, sizeof *order);
    for (int i = 0; i < REAL; i++) real[order[i]] = true;
    for (int k = 0; k < s->seeds; k++) base[k] = gsl_ran_ugaussian(g);
    for (int i = 0; i < IDEAS; i++) {
        double sum = 0, square = 0;
        for (int k = 0; k < s->seeds; k++) {
            const double b = s->shared ? base[k] : gsl_ran_ugaussian(g);
            const double d = (gsl_ran_ugaussian(g) - b) / sqrt(2) - (real[i] ? s->effect : 0);
            sum += d, square += d * d;
        }
        const double n = s->seeds, mean = sum / n,
                     t = mean / sqrt((square - sum * mean) / (n - 1) / n);
        p[i] = t < 0 ? 2 * student_above(-t, n - 1) : 1;
    }
}

/* The share of false ones among those kept (0 if none is), and how many real ones are kept. */
static double keep(int *found, const double *p, const bool *real, rule r)
{
    bool kept[IDEAS];
    int all = 0;
    *found = 0;
    for (int i = 0; i < IDEAS; i++) {
        const double level = r == LORD ? lord_level(kept, FDR, i) : r == FIXED ? 0.05 : FDR / IDEAS;
        kept[i] = p[i] <= level;
        all += kept[i], *found += kept[i] && real[i];
    }
    return all ? (double)(all - *found) / all : 0;
}

int main(int argc, char **argv)
{
    if (argc < 4) return 2;
    const search s = { atoi(argv[1]), atof(argv[2]), atoi(argv[3]) };
    const int sequences = argc > 4 ? atoi(argv[4]) : 1000;
    if (s.seeds < 2 || s.seeds > SEEDS_MAX) return 2;
    double share[RULES] = { 0 }, square[RULES] = { 0 }, power[RULES] = { 0 };
    gsl_rng *g = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(g, 1);
    for (int i = 0; i < sequences; i++) {
        double p[IDEAS];
        bool real[IDEAS];
        make(p, real, &s, g);
        for (rule r = 0; r < RULES; r++) {
            int found;
            const double x = keep(&found, p, real, r);
            share[r] += x / sequences, square[r] += x * x / sequences;
            power[r] += (double)found / REAL / sequences;
        }
    }
    gsl_rng_free(g);
    for (rule r = 0; r < RULES; r++)
        printf("%s: %.3f of what is kept is nothing, %.3f of what is real is kept\n", NAME[r],
               share[r], power[r]);
    const double se = sqrt((square[LORD] - share[LORD] * share[LORD]) / sequences);
    const bool ok =
        share[LORD] <= FDR + 3 * se && share[FIXED] > FDR + 0.03 && power[LORD] > power[BONFERRONI];
    if (!ok) printf("FAILED\n");
    return ok ? 0 : 1;
}
