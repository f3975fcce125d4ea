/* powerlaw_simulation.c HORIZONS SEEDS CORRELATION BETA NOISE - do the intervals of a fitted curve
 * cover the truth as often as they claim?
 *
 * 2,000 made-up studies: runs of `horizons` lengths, each twice the one before, at the same seeds;
 * E = 2, and 0.8 above it at the longest.  Errors are normal with standard deviation NOISE, of
 * which the seeds' block makes the runs of one seed correlate.  Intervals at 95 % have to cover at
 * least 1,869 times (the 99.9 % binomial bound).
 */
#include "analysis/statistics/powerlaw.h"

#include <gsl/gsl_math.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { STUDIES = 2000, LEAST_COVERED = 1869, POINTS_MAX = 256 };
enum { LOSS, DOUBLING, GAIN, NEXT, BETA, FLOOR, TOLD };
static const char *const NAME[TOLD] = { "loss", "doubling", "gain", "next", "beta", "E" };

static bool holds(const powerlaw_value *v, double truth)
{
    return v->lo <= truth && truth <= v->hi;
}

int main(int argc, char **argv)
{
    if (argc != 6) return 2;
    const int horizons = atoi(argv[1]), seeds = atoi(argv[2]);
    const double correlation = atof(argv[3]), beta = atof(argv[4]), noise = atof(argv[5]);
    const double truth[TOLD] = {
        2.8, 0.8 * beta * M_LN2, 0.8 * (1 - pow(2, -beta)), 2 + 0.8 * pow(2, -beta), beta, 2
    };
    int covered[TOLD] = { 0 }, floors = 0, fitted = 0;
    double width = 0;
    gsl_rng *g = gsl_rng_alloc(gsl_rng_mt19937);
    gsl_rng_set(g, 3);
    for (int i = 0; i < STUDIES; i++) {
        powerlaw_point x[POINTS_MAX];
        powerlaw p;
        int n = 0;
        for (int s = 0; s < seeds; s++) {
            const double shift = noise * sqrt(correlation) * gsl_ran_ugaussian(g);
            for (int k = 0; k < horizons; k++) {
                const double error = noise * sqrt(1 - correlation) * gsl_ran_ugaussian(g);
                const double loss = 2 + 0.8 * pow(2, beta * (horizons - 1 - k));
                x[n++] = (powerlaw_point){ 65536 << k, loss + shift + error, s };
            }
        }
        powerlaw_fit(&p, x, n, 0.05);
        if (p.shape != POWERLAW_CURVE) continue;
        fitted++, width += p.next.hi - p.next.lo;
        const powerlaw_value told[] = { p.loss, p.doubling, p.gain, p.next, p.beta, p.floor };
        for (int k = 0; k < FLOOR; k++) covered[k] += holds(&told[k], truth[k]);
        if (isnan(p.floor.value)) continue;
        floors++, covered[FLOOR] += holds(&told[FLOOR], truth[FLOOR]);
    }
    gsl_rng_free(g);
    /* If E cannot be estimated, nothing false is claimed about it. */
    covered[FLOOR] += fitted - floors;
    bool ok = true;
    for (int k = 0; k < TOLD; k++) {
        const bool enough = covered[k] >= LEAST_COVERED * (double)fitted / STUDIES;
        ok = ok && enough;
        printf("%s: %d of %d%s\n", NAME[k], covered[k], fitted, enough ? "" : " - FAILED");
    }
    printf("E told in %d; the interval of the next loss is %.4f wide on average\n", floors,
           width / fitted);
    return !(ok && fitted > 0.95 * STUDIES);
}
