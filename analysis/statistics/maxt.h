/* maxt.h - the largest |t| among contrasts whose errors are shared, and what follows from it.
 *
 * Arms 0..A-1 have means with independent normal errors of one variance, estimated by s^2 with df
 * degrees of freedom.  The contrasts of an arm with its baseline make a star around that baseline:
 * those of one star correlate by 1/2 (Dunnett, JASA 50, 1955), those of different stars only
 * through s.  With x = sqrt(2) c s/sigma,
 *
 *     P(max |t| <= c) = E_s  prod over stars  int phi(z) [Phi(z + x) - Phi(z - x)]^size dz
 *
 * and when every pair of A arms is compared (Tukey), the star's integral becomes
 * A int phi(z) [Phi(z) - Phi(z - x)]^(A-1) dz.  One contrast is Student's t; df may be infinite.
 *
 * To show equivalence, each contrast is tested from one side: that of the margin it would have to
 * pass.  Half the two-sided probability would be too small, because it counts twice the cases in
 * which |t| is large on both sides at once.  The worst choice of sides puts half of a star on
 * either side, because
 *
 *     P(no t reaches c) = E_s int phi(z) Phi(x + z)^i Phi(x - z)^(size - i) dz
 *
 * is log-convex and symmetric in i.  Several stars are added up (Bonferroni), and so are the pairs
 * of a clique, unless the two-sided probability is smaller.
 */
#ifndef ANALYSIS_STATISTICS_MAXT_H
#define ANALYSIS_STATISTICS_MAXT_H

#include <stdbool.h>

/* The contrasts that have to hold at once. */
typedef struct maxt_family {
    int stars;
    const int *size; /* (stars): contrasts of each star */
    int clique;      /* if not 0: all pairs of this many arms instead */
} maxt_family;

/* How many contrasts the family has. */
int maxt_contrasts(const maxt_family *f);

/* P(max |t| >= c). */
double maxt_tail(const maxt_family *f, double c, double df);

/* The c that max |t| exceeds with probability alpha, to about 1e-7 in alpha; below 1e-5,
 * Bonferroni's bound for it. */
double maxt_critical(const maxt_family *f, double alpha, double df);

/* The same from one side, the worst for each contrast; c may be below 0. */
double maxt_tail_side(const maxt_family *f, double c, double df);
double maxt_critical_side(const maxt_family *f, double alpha, double df);

/* Probability that t leaves [-c, c] if the true difference is `effect` and its true standard error
 * is `se`, which is estimated with df degrees of freedom. */
double maxt_power_difference(double effect, double se, double df, double c);

/* Probability that diff -+ c se_estimated lies inside (-margin, margin). */
double maxt_power_equivalence(double effect, double margin, double se, double df, double c);

#endif
