/* counts.h - exact tests of counts: of runs that diverged, and of loss spikes.
 *
 * A run that diverged is an outcome, not a missing value.  Of N finished runs K diverged; if both
 * arms diverge equally often, the number among the n runs of one arm is hypergeometric,
 *
 *     P(k) = C(K, k) C(N - K, n - k) / C(N, n)
 *
 * and p is the sum of P over all k that are no likelier than the one seen (Fisher, 1934).
 *
 * Two counts of events in time, a and b: if events come at random, a is binomial given a + b
 * (Przyborowski and Wilenski, 1940).  Paired counts can do without that assumption: under no
 * difference, the sign of each pair's difference is as likely one way as the other.
 */
#ifndef ANALYSIS_STATISTICS_COUNTS_H
#define ANALYSIS_STATISTICS_COUNTS_H

/* Fisher's exact test: two-sided p that `a` of n and `b` of m are equally likely; 1 if n or m is 0.
 */
double counts_fisher_p(int a, int n, int b, int m);

/* Two-sided p that `a` of a + b events are binomial with the probability `share`; 1 if there are
 * none. */
double counts_binomial_p(int a, int b, double share);

/* Two-sided p of the sum of d (n) when all 2^n ways to set the signs are equally likely. */
double counts_flip_p(const int *d, int n);

/* Clopper and Pearson's 1 - alpha interval for the probability behind a of a + b events. */
void counts_share(double *lo, double *hi, int a, int b, double alpha);

#endif
