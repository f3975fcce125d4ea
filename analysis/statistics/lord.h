/* lord.h - levels for a sequence of tests that keep the false discovery rate: LORD++.
 *
 * Test t gets the level
 *
 *     alpha_t = w g(t) + (fdr - w) g(t - T1) + fdr sum over j >= 2 of g(t - Tj),   w = fdr / 2
 *
 * where T1 < T2 < ... are the tests before t that were discoveries, and the weights g(1), g(2) ...
 * fall slowly and have the sum 1 (Ramdas, Yang, Wainwright and Jordan, NeurIPS 2017).  So each
 * discovery earns level for later tests, and the level falls while there are none.
 *
 * If the p of true null hypotheses are independent of each other and of the rest, the expected
 * share of false ones among the discoveries is at most fdr at any time.  If they are only valid
 * given the past, the same holds of the ratio of expectations.
 */
#ifndef ANALYSIS_STATISTICS_LORD_H
#define ANALYSIS_STATISTICS_LORD_H

#include <stdbool.h>

/* The level of the next test, after n tests of which some were discoveries, discovery (n). */
double lord_level(const bool *discovery, double fdr, int n);

#endif
