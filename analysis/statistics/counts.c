/* counts.c - exact tests of counts, by adding up the probabilities of all outcomes that are no
 * likelier than the one seen. */
#include "analysis/statistics/counts.h"

#include "core/base/error.h"

#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdlib.h>

/* Probabilities that agree in all but the last bits are equal. */
static const double TIE = 1 + 1e-7;

double counts_fisher_p(int a, int n, int b, int m)
{
    const unsigned K = (unsigned)(a + b), N = (unsigned)(n + m), drawn = (unsigned)n;
    const double seen = gsl_ran_hypergeometric_pdf((unsigned)a, K, N - K, drawn);
    double p = 0;
    for (unsigned k = 0; k <= drawn && k <= K; k++) {
        const double likely = gsl_ran_hypergeometric_pdf(k, K, N - K, drawn);
        if (likely <= seen * TIE) p += likely;
    }
    return fmin(1, p);
}

double counts_flip_p(const int *d, int n)
{
    /* The share of the 2^n sign settings that give each sum, built up one pair at a time. */
    int most = 0, sum = 0;
    for (int i = 0; i < n; i++) most += abs(d[i]), sum += d[i];
    double *ways = error_zeroed(2 * (size_t)most + 1, sizeof *ways);
    double *next = error_zeroed(2 * (size_t)most + 1, sizeof *next);
    ways[most] = 1;
    for (int i = 0; i < n; i++) {
        for (int k = 0; k <= 2 * most; k++) next[k] = 0;
        for (int k = 0; k <= 2 * most; k++) {
            if (ways[k] == 0) continue;
            next[k + d[i]] += ways[k] / 2, next[k - d[i]] += ways[k] / 2;
        }
        double *swap = ways;
        ways = next, next = swap;
    }
    double p = 0;
    for (int k = 0; k <= 2 * most; k++)
        if (abs(k - most) >= abs(sum)) p += ways[k];
    free(ways), free(next);
    return fmin(1, p);
}
