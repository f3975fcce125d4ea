/* divergence.h - does one arm diverge more often than another?
 *
 * A run that diverged is an outcome, not a missing value.  Of N finished runs K diverged; if both
 * arms diverge equally often, the number among the n runs of one arm is hypergeometric:
 *
 *     P(k) = C(K, k) C(N - K, n - k) / C(N, n)
 *
 * and p is the sum of P over all k that are no likelier than the one seen (Fisher, 1934).
 */
#ifndef ANALYSIS_STATISTICS_DIVERGENCE_H
#define ANALYSIS_STATISTICS_DIVERGENCE_H

/* Two-sided p that `diverged` of n and `base_diverged` of base_n are equally likely; 1 where either
 * n is 0. */
double divergence_p(int diverged, int n, int base_diverged, int base_n);

#endif
