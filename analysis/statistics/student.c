/* student.c - the upper tail of Student's t, and its inverse by halving.
 *
 * The tail falls with t, so an interval whose ends lie on either side of alpha holds the inverse,
 * and every step keeps it (bisection).  It costs some 60 evaluations, and cannot fail.
 */
#include "analysis/statistics/student.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_math.h>
#include <math.h>

double student_above(double t, double df)
{
    if (isnan(t) || isnan(df)) return NAN;
    if (isinf(t)) return t < 0;
    return isinf(df) ? 0.5 * erfc(t * M_SQRT1_2) : gsl_cdf_tdist_Q(t, df);
}

double student_halve(double (*below)(double x, const void *context), const void *context,
                     double wanted, double lo, double hi, double precision)
{
    for (;;) {
        const double middle = lo + (hi - lo) / 2;
        if (!(middle > lo && middle < hi && hi - lo > precision * fabs(hi))) return hi;
        *(below(middle, context) < wanted ? &lo : &hi) = middle;
    }
}

static double below(double t, const void *df)
{
    return -student_above(t, *(const double *)df);
}

double student_critical(double alpha, double df)
{
    if (isnan(alpha) || !(df > 0)) return NAN;
    if (alpha <= 0) return INFINITY;
    if (alpha >= 0.5) return 0;
    double hi = 1;
    while (isfinite(hi) && student_above(hi, df) > alpha) hi *= 2;
    return isfinite(hi) ? student_halve(below, &df, -alpha, 0, hi, 0) : INFINITY;
}
