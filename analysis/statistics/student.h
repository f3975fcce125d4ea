/* student.h - the upper tail of Student's t, and its inverse.
 *
 *     P(T >= t) = I(df / (df + t^2); df / 2, 1 / 2) / 2    for t >= 0, I the incomplete beta
 *
 * (Student, Biometrika 6, 1908).  The inverse is found by halving an interval that is known to
 * hold it.  GSL's own inverses iterate without one and call the error handler if they get lost,
 * which happens in extreme tails.
 */
#ifndef ANALYSIS_STATISTICS_STUDENT_H
#define ANALYSIS_STATISTICS_STUDENT_H

/* P(T >= t).  t and df may be infinite; NaN if either is NaN. */
double student_above(double t, double df);

/* The t >= 0 that T exceeds with probability alpha (0 to 0.5; INFINITY if alpha is 0); NaN if an
 * argument is NaN or df is not above 0. */
double student_critical(double alpha, double df);

/* The x in lo to hi at which `below`, which rises with x, reaches `wanted`, to a relative
 * `precision` (0: until no number lies between); `below` gets `context`.  If it does not cross
 * `wanted` there, the nearer end. */
double student_halve(double (*below)(double x, const void *context), const void *context,
                     double wanted, double lo, double hi, double precision);

#endif
