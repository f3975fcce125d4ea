/* trend.h - a difference along a ladder of sizes, and what it may be at another size.
 *
 *     d(l, s) = a_s + b_s (u_l - mean u) + ...      u = log2 of the size, l a level, s a seed
 *
 * The line is the mean of the seeds' own least-squares lines, so it makes no difference how the
 * errors of one seed correlate over the sizes.  A prediction has two sources of error, which are
 * seen in different ways, and its interval is the wider of two:
 *
 *     by seeds   t(n - 1) sd(a_s + b_s (u - mean u)) / sqrt n              the line is not known
 *     by sizes   t(L - 2) s sqrt(1 + 1/L + (u - mean u)^2 / sum (u_l - mean u)^2)
 *                                                   and the truth does not lie on a line
 *
 * where s^2 is the mean square of the levels' means about the line, with L - 2 degrees of freedom
 * (Draper and Smith, Applied Regression Analysis, 1998, section 1.4).  Either alone would be too
 * narrow where the other source prevails.  With three sizes t(1) is 12.7: three sizes say little
 * about a fourth.
 */
#ifndef ANALYSIS_STATISTICS_TREND_H
#define ANALYSIS_STATISTICS_TREND_H

#include <stdbool.h>

enum { TREND_LEVELS = 64 };

typedef struct trend {
    int levels, seeds;
    const double *u, *d;  /* the caller's */
    double mean, square;  /* of u: its mean, and the sum of squares about it */
    double height, slope; /* of the line: at the mean of u; per unit of u, that is per doubling */
    double residual;      /* s; NaN below three levels */
} trend;

typedef struct trend_point {
    double value, lo, hi;      /* lo and hi are NaN if there are fewer than 3 levels */
    double by_seeds, by_sizes; /* half-widths */
} trend_point;

/* u (levels) ascending, at least two of them different; d (levels, seeds) without gaps. */
void trend_fit(trend *t, const double *u, const double *d, int levels, int seeds);

/* A seed's own slope. */
double trend_slope(const trend *t, int seed);

/* The line at u. */
double trend_at(const trend *t, double u);

/* What the difference is at u, with a 1 - alpha prediction interval. */
trend_point trend_predict(const trend *t, double u, double alpha);

/* What the smaller sizes would have predicted for the largest: a test of the line on its own data.
 * Needs four levels; NaN otherwise. */
trend_point trend_backtest(const trend *t, double alpha);

#endif
