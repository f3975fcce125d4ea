/* trend.c - least squares of each seed's differences on log2 of the size. */
#include "analysis/statistics/trend.h"

#include "analysis/statistics/student.h"

#include <assert.h>
#include <math.h>

/* The mean over the seeds at a level. */
static double level_mean(const trend *t, int l)
{
    double sum = 0;
    for (int s = 0; s < t->seeds; s++) sum += t->d[l * t->seeds + s];
    return sum / t->seeds;
}

void trend_fit(trend *t, const double *u, const double *d, int levels, int seeds)
{
    assert(levels >= 2 && levels <= TREND_LEVELS && seeds >= 1);
    *t = (trend){ .levels = levels, .seeds = seeds, .u = u, .d = d, .residual = NAN };
    for (int l = 0; l < levels; l++) t->mean += u[l] / levels;
    for (int l = 0; l < levels; l++) t->square += (u[l] - t->mean) * (u[l] - t->mean);
    assert(t->square > 0);
    for (int l = 0; l < levels; l++) {
        t->height += level_mean(t, l) / levels;
        t->slope += level_mean(t, l) * (u[l] - t->mean) / t->square;
    }
    if (levels < 3) return;
    double sum = 0;
    for (int l = 0; l < levels; l++) sum += pow(level_mean(t, l) - trend_at(t, u[l]), 2);
    t->residual = sqrt(sum / (levels - 2));
}

double trend_slope(const trend *t, int seed)
{
    double slope = 0;
    for (int l = 0; l < t->levels; l++)
        slope += t->d[l * t->seeds + seed] * (t->u[l] - t->mean) / t->square;
    return slope;
}

double trend_at(const trend *t, double u)
{
    return t->height + t->slope * (u - t->mean);
}

/* The standard error of the line at u, from the seeds' own lines. */
static double error_of_seeds(const trend *t, double u)
{
    double square = 0;
    for (int s = 0; s < t->seeds; s++) {
        double height = 0;
        for (int l = 0; l < t->levels; l++) height += t->d[l * t->seeds + s] / t->levels;
        square += pow(height + trend_slope(t, s) * (u - t->mean) - trend_at(t, u), 2);
    }
    return sqrt(square / (t->seeds - 1) / t->seeds);
}

trend_point trend_predict(const trend *t, double u, double alpha)
{
    trend_point p = { trend_at(t, u), NAN, NAN, NAN, NAN };
    const double off = u - t->mean;
    if (t->seeds > 1) p.by_seeds = student_critical(alpha / 2, t->seeds - 1) * error_of_seeds(t, u);
    if (t->levels < 3) return p;
    p.by_sizes = student_critical(alpha / 2, t->levels - 2) * t->residual *
                 sqrt(1 + 1.0 / t->levels + off * off / t->square);
    const double half = fmax(p.by_sizes, p.by_seeds); /* fmax passes over a NaN */
    p.lo = p.value - half, p.hi = p.value + half;
    return p;
}

trend_point trend_backtest(const trend *t, double alpha)
{
    trend shorter;
    if (t->levels < 4) return (trend_point){ NAN, NAN, NAN, NAN, NAN };
    trend_fit(&shorter, t->u, t->d, t->levels - 1, t->seeds);
    return trend_predict(&shorter, t->u[t->levels - 1], alpha);
}
