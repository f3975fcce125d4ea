/* spending.h - critical values of Student's t that is looked at several times.
 *
 * At look k there are n[k] values x ~ N(0, s^2), independent, and T_k is their mean over its
 * standard error.  The values c[k] are such that
 *
 *     P(|T_j| >= c[j] at some j <= k) = spent[k]      (or T_j >= c[j], one-sided)
 *
 * for every k, where `spent` is how much of the error may be used up by look k: alpha spending (Lan
 * and DeMets, Biometrika 70, 1983).  The joint distribution of T_1, T_2, ... is exact, not that of
 * normal values with s known: with 6 seeds the two are far apart.
 */
#ifndef ANALYSIS_STATISTICS_SPENDING_H
#define ANALYSIS_STATISTICS_SPENDING_H

#include <stdbool.h>

enum { SPENDING_LOOKS = 100 };

/* c (looks).  n (looks) and spent (looks) must not decrease; spent is above 0 and below 1.  A look
 * that adds no value to the one before, or has fewer than 2, has c = INFINITY: nothing is tested
 * there, and its share goes to the next look. */
void spending_bounds(double *c, const int *n, const double *spent, bool two_sided, int looks);

/* How much of alpha is spent by a look at n of at most `max` seeds: alpha (n / max)^1.5, of the
 * family of Kim and DeMets (Biometrika 74, 1987).  docs/sequential.md says why 1.5. */
double spending_share(double alpha, int n, int max);

#endif
