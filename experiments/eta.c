/* eta.c - see left.h. */
#include "experiments/eta.h"

#include <math.h>
#include <stdlib.h>

double eta_deal(const double *seconds, int n, int workers)
{
    double *free_at = calloc((size_t)workers, sizeof *free_at), last = 0;
    if (!free_at) return NAN;
    for (int i = 0; i < n; i++) {
        int next = 0;
        for (int j = 1; j < workers; j++)
            if (free_at[j] < free_at[next]) next = j;
        free_at[next] += seconds[i];
        last = fmax(last, free_at[next]);
    }
    free(free_at);
    return last;
}
