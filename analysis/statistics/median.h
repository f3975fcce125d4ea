/* median.h - a median with a confidence interval between two order statistics.
 *
 *     P(x_(k) <= median <= x_(n+1-k)) = 1 - 2 P(Binomial(n, 1/2) < k)
 *
 * It holds for every continuous distribution (David and Nagaraja, Order Statistics, 2003, section
 * 7.1), so it suits times, which have long tails.
 */
#ifndef ANALYSIS_STATISTICS_MEDIAN_H
#define ANALYSIS_STATISTICS_MEDIAN_H

typedef struct median {
    double x, low, high;
    double coverage; /* of low..high: at least 1 - alpha, or else of the whole range */
} median;

/* Of n >= 1 numbers: the shortest such interval with coverage of at least 1 - alpha; with too few
 * numbers for that, their whole range. */
median median_of(const double *x, int n, double alpha);

#endif
