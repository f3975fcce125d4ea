/* optimum.h - where a metric is best along a range of a positive key, such as the learning rate.
 *
 *     y = c_seed + b1 l + b2 l^2 + e,  l = log x        best at l = -b1 / (2 b2)
 *
 * The parabola is fitted by least squares to the best mean and as many points below it as above, at
 * most two, because the loss is a parabola in the logarithm only near its minimum, and rises more
 * steeply on one side.  The interval of the optimum is Fieller's (1954) for the ratio, with the
 * residual's degrees of freedom: it has no end where the curvature may be 0.
 *
 * A value at which some seed has no result (it diverged) counts as a wall.  If the best mean stands
 * at an end of the range, the optimum may lie beyond it, and there is an edge.  If it has walls or
 * ends for neighbours, or the parabola's optimum is not between the neighbours of the best mean,
 * the best value itself is taken.
 */
#ifndef ANALYSIS_STATISTICS_OPTIMUM_H
#define ANALYSIS_STATISTICS_OPTIMUM_H

#include <stdbool.h>

typedef enum optimum_edge { OPTIMUM_INSIDE, OPTIMUM_LOWER, OPTIMUM_UPPER } optimum_edge;

typedef struct optimum {
    double x;      /* the best value; NaN if no point has a result from every seed */
    double lo, hi; /* 95 % interval: 0 and INFINITY where it has no end; NaN if not fitted */
    double y;      /* the metric there: of the parabola or, if not fitted, the best mean */
    optimum_edge edge;
    bool fitted;
    int first, last;     /* the points that were fitted */
    double centre, c[3]; /* y = c[0] + c[1] u + c[2] u^2, u = log x - centre */
} optimum;

enum { OPTIMUM_POINTS = 64 };

/* x (points) ascending, at most OPTIMUM_POINTS; y (points, seeds), NaN where there is no result.
 * The best is the largest if `largest`, otherwise the smallest. */
void optimum_find(optimum *o, const double *x, const double *y, bool largest, int points,
                  int seeds);

#endif
