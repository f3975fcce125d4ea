/* trend_simulation.c LEVELS SEEDS CORRELATION BEND - does the prediction interval for a size that
 * was not tried hold the truth as often as it claims?
 *
 * 4,000 made-up ladders.  The true difference is a line in log2 of the size, off which each size
 * lies by a normal error of standard deviation BEND (the new size, too).  Seeds scatter with
 * standard deviation 1, of which CORRELATION is common to a seed's sizes.  The size asked for is
 * one ladder beyond the largest.  A 95 % interval has to hold at least 3,757 times (the 99.9 %
 * binomial bound).
 */
#include "analysis/statistics/trend.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { LADDERS = 4000, LEAST = 3757, SEEDS_MAX = 32 };

int main(int argc, char **argv)
{
    if (argc != 5) return 2;
    const int levels = atoi(argv[1]), seeds = atoi(argv[2]);
    const double correlation = atof(argv[3]), bend = atof(argv[4]);
    const double at = 2 * levels;
    int held = 0;
    double width = 0;
    gsl_rng *g = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(g, 9);
    for (int i = 0; i < LADDERS; i++) {
        double u[TREND_LEVELS], d[TREND_LEVELS * SEEDS_MAX], block[SEEDS_MAX];
        trend t;
        for (int s = 0; s < seeds; s++) block[s] = sqrt(correlation) * gsl_ran_ugaussian(g);
        for (int l = 0; l < levels; l++) {
            const double truth = 3 - 0.5 * l + bend * gsl_ran_ugaussian(g);
            u[l] = l;
            for (int s = 0; s < seeds; s++)
                d[l * seeds + s] = truth + block[s] + sqrt(1 - correlation) * gsl_ran_ugaussian(g);
        }
        const double truth = 3 - 0.5 * at + bend * gsl_ran_ugaussian(g);
        trend_fit(&t, u, d, levels, seeds);
        const trend_point p = trend_predict(&t, at, 0.05);
        held += p.lo <= truth && truth <= p.hi;
        width += p.hi - p.lo;
    }
    gsl_rng_free(g);
    printf("%d levels, %d seeds, correlation %g, bend %g: holds %.1f %%, mean width %.2f\n", levels,
           seeds, correlation, bend, 100.0 * held / LADDERS, width / LADDERS);
    return held < LEAST;
}
