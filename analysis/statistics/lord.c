/* lord.c - LORD++ (lord.h).
 *
 * Any weights that do not rise and have a sum of at most 1 will do.  Those that its authors propose
 * are made for thousands of tests; of 200 tests with 10 % real effects they find less than
 * Bonferroni's bound does.  g(j) = j^-1.3 / zeta(1.3) finds more than either (tests/
 * ledger_simulation.c, docs/sequential.md).
 */
#include "analysis/statistics/lord.h"

#include <math.h>

#define EXPONENT 1.3
#define ZETA     3.931949211809544 /* the sum of j^-1.3 over all j */

static double weight(int j)
{
    return pow(j, -EXPONENT) / ZETA;
}

double lord_level(const bool *discovery, double fdr, int n)
{
    const double start = fdr / 2;
    double level = start * weight(n + 1);
    int found = 0;
    for (int t = 0; t < n; t++)
        if (discovery[t]) level += (found++ ? fdr : fdr - start) * weight(n - t);
    return level;
}
