/* powerlaw.h - loss against tokens: L(D) = E + A D^-beta, with its uncertainty.
 *
 * Hoffmann et al. 2022 (section 3.3) for one size of model; with E = 0 it is Kaplan et al. 2020.
 * Fitted by least squares (GSL, Levenberg and Marquardt) in a form that data determine well:
 *
 *     L(D) = loss - fall (1 - e^(-beta u)) / beta,     u = ln(D / D1),  D1 the largest D
 *
 * `loss` is the value at D1 and `fall` is the slope there: what e times the tokens would take off
 * it. Both are close to what was observed; only beta, which says how the fall slows down, is needed
 * to extrapolate.  beta = 0 is a straight line in ln D, and a negative beta bends the other way,
 * with no discontinuity in between.  E and A exist if beta > 0:  E = loss - fall / beta, ln A =
 * ln(fall / beta) + beta ln D1.
 *
 * Runs of one seed share weights and text, and points along one run share their past, so the seed
 * is the unit: standard errors are by the jackknife that leaves out one seed at a time (Cameron,
 * Gelbach and Miller 2008 for few clusters), intervals by Student's t with seeds - 1 degrees of
 * freedom.  With a single seed it is the error of the fit (the covariance of least squares, points
 * - 3 degrees of freedom).
 */
#ifndef ANALYSIS_STATISTICS_POWERLAW_H
#define ANALYSIS_STATISTICS_POWERLAW_H

#include <stdbool.h>

typedef struct powerlaw_point {
    double tokens, loss;
    int seed; /* points of one seed belong together */
} powerlaw_point;

/* An estimate with its standard error and 1 - alpha interval; NaN: unknown. */
typedef struct powerlaw_value {
    double value, se, lo, hi;
} powerlaw_value;

typedef enum powerlaw_shape {
    POWERLAW_NONE, /* one number of tokens, or data that no curve fits      */
    POWERLAW_LINE, /* two numbers of tokens: a slope, which cannot forecast */
    POWERLAW_CURVE,
} powerlaw_shape;

typedef struct powerlaw {
    powerlaw_shape shape;
    int points, seeds, levels; /* levels: different numbers of tokens */
    double least, most;        /* tokens; `most` is D1 */
    double parameter[3];       /* loss, fall, beta */
    double covariance[3][3];   /* of least squares, with the residual variance; NaN without one */
    double df;                 /* degrees of freedom of the intervals */
    double sd;                 /* standard deviation of a point about the curve */

    powerlaw_value loss;     /* at D1 */
    powerlaw_value doubling; /* the slope there, per doubling of the tokens */
    powerlaw_value gain;     /* what twice the tokens would take off; only of a curve */
    powerlaw_value next;     /* the loss at twice the tokens; only of a curve */
    powerlaw_value beta;     /* only of a curve */
    powerlaw_value floor;    /* E; NaN unless all of beta's interval is above 0 */
    double log_a;            /* ln A; NaN if there is no E */
} powerlaw;

/* Fit n points, whose losses are finite and whose tokens are positive.  Each interval has the level
 * 1 - alpha by itself. */
void powerlaw_fit(powerlaw *p, const powerlaw_point *x, int n, double alpha);

/* The fitted loss at so many tokens. */
double powerlaw_at(const powerlaw *p, double tokens);

#endif
