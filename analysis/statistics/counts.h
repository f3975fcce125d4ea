/* counts.h - exact tests of counts: of runs that diverged, and of loss spikes.
 *
 * A run that diverged is an outcome, not a missing value.  Of N finished runs K diverged; if both
 * arms diverge equally often, the number among the n runs of one arm is hypergeometric,
 *
 *     P(k) = C(K, k) C(N - K, n - k) / C(N, n)
 *
 * and p is the sum of P over all k that are no likelier than the one seen (Fisher, 1934).
 *
 * Events such as loss spikes come in bursts within a run, so runs are the units.  Under no
 * difference, the sign of each pair's difference of counts is as likely one way as the other.
 */
#ifndef ANALYSIS_STATISTICS_COUNTS_H
#define ANALYSIS_STATISTICS_COUNTS_H

/* Fisher's exact test: two-sided p that `a` of n and `b` of m are equally likely; 1 if n or m is 0.
 */
double counts_fisher_p(int a, int n, int b, int m);

/* Two-sided p of the sum of d (n) when all 2^n ways to set the signs are equally likely. */
double counts_flip_p(const int *d, int n);

#endif
