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
 * To show equivalence, each contrast is looked at from one side: that of the margin it would have
 * to pass.  Half the two-sided probability is then too little - where |t| may be large on both
 * sides at once it counts double - and the worst choice of sides has half of a star on either, for
 *
 *     P(no t reaches c) = E_s int phi(z) Phi(x + z)^i Phi(x - z)^(size - i) dz
 *
 * is log-convex in i and the same from both ends.  Several stars are added up (Bonferroni), and so
 * are the pairs of a clique, unless the probability of both sides is less.
 */
#ifndef ANALYSIS_STATISTICS_MAXT_H
#define ANALYSIS_STATISTICS_MAXT_H

#include <stdbool.h>

/* The contrasts that have to hold at once. */
typedef struct maxt_family {
    int stars;
    const int *size; /* contrasts of each star */
    int clique;      /* not 0: all pairs of this many arms instead */
} maxt_family;

/* P(max |t| >= c). */
double maxt_tail(const maxt_family *f, double c, double df);

/* The c that max |t| reaches with probability alpha. */
double maxt_critical(const maxt_family *f, double alpha, double df);

/* The same from one side, the worst for each contrast; c may be below 0. */
double maxt_tail_side(const maxt_family *f, double c, double df);
double maxt_critical_side(const maxt_family *f, double alpha, double df);

/* Probability that t leaves [-c, c] when the true difference is `effect` and its standard error
 * (of which there is an estimate with df degrees of freedom) is `se`. */
double maxt_power_difference(double effect, double se, double df, double c);

/* Probability that diff -+ c se_estimated lies inside (-margin, margin). */
double maxt_power_equivalence(double effect, double margin, double se, double df, double c);

#endif
