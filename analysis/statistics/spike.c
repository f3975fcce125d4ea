/* spike.c - find the spikes of a loss curve by a moving median and its absolute deviation. */
#include "analysis/statistics/spike.h"

#include "core/base/error.h"

#include <gsl/gsl_movstat.h>
#include <math.h>
#include <stdlib.h>

/* Median and robust standard deviation of the last `window` losses up to and including each. */
static void move(double *median, double *sd, const double *loss, int n, int window)
{
    const gsl_vector_const_view x = gsl_vector_const_view_array(loss, (size_t)n);
    gsl_vector_view m = gsl_vector_view_array(median, (size_t)n),
                    s = gsl_vector_view_array(sd, (size_t)n);
    gsl_movstat_workspace *w = gsl_movstat_alloc2((size_t)window - 1, 0);
    if (!w) error_memory();
    gsl_movstat_mad(GSL_MOVSTAT_END_TRUNCATE, &x.vector, &m.vector, &s.vector, w);
    gsl_movstat_free(w);
}

int spike_find(spike **out, int *watched, const double *loss, int n, const spike_rule *how)
{
    const int first = how->window / 2;
    *out = error_zeroed((size_t)n, sizeof **out);
    *watched = n > first ? n - first : 0;
    if (!*watched) return 0;
    double *median = error_zeroed((size_t)n, sizeof *median),
           *sd = error_zeroed((size_t)n, sizeof *sd);
    move(median, sd, loss, n, how->window);
    int spikes = 0;
    for (int i = first; i < n; i++) {
        const double above = loss[i] - median[i - 1];
        /* Losses that agree to the last digit have no spread to compare with. */
        if (!(above > how->height * sd[i - 1]) || !(sd[i - 1] > 0)) continue;
        const double height = above / sd[i - 1];
        spike *k = spikes ? &(*out)[spikes - 1] : NULL;
        if (!k || i - (k->first + k->steps) >= how->gap) {
            k = &(*out)[spikes++];
            *k = (spike){ .first = i, .peak = loss[i], .at = i };
        }
        k->steps = i - k->first + 1;
        k->height = fmax(k->height, height);
        if (loss[i] > k->peak) k->peak = loss[i], k->at = i;
    }
    free(median), free(sd);
    return spikes;
}
