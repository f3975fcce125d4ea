/* divergence.c - see divergence.h. */
#include "analysis/statistics/divergence.h"

#include <gsl/gsl_randist.h>
#include <math.h>

double divergence_p(int diverged, int n, int base_diverged, int base_n)
{
    const unsigned K = (unsigned)(diverged + base_diverged), N = (unsigned)(n + base_n);
    const unsigned drawn = (unsigned)n;
    const double seen = gsl_ran_hypergeometric_pdf((unsigned)diverged, K, N - K, drawn);
    double p = 0;
    for (unsigned k = 0; k <= drawn && k <= K; k++) {
        const double x = gsl_ran_hypergeometric_pdf(k, K, N - K, drawn);
        if (x <= seen * (1 + 1e-7)) p += x; /* equal in all but the last bits */
    }
    return fmin(p, 1);
}
