/* spike.h - loss spikes: steps whose training loss is far above what it was just before.
 *
 *     loss[i] > median + k sd,    median and sd (1.4826 x median absolute deviation) of the w steps
 *                                 before i
 *
 * The factor k = 7 is that of the spike score of OLMo 2 (OLMo team 2025, section 3), which uses
 * mean and standard deviation; the spike itself would move these, but not medians (Hampel 1974).
 * Consecutive steps are one spike, and so are those with fewer than `gap` others in between.  The
 * first w / 2 steps have too few steps before them and are not watched.  While the loss falls, the
 * steps before are higher, so a spike early in training must be larger to count.
 */
#ifndef ANALYSIS_STATISTICS_SPIKE_H
#define ANALYSIS_STATISTICS_SPIKE_H

typedef struct spike_rule {
    int window, gap; /* steps */
    double height;   /* k */
} spike_rule;

#define SPIKE_RULE ((spike_rule){ .window = 100, .gap = 10, .height = 7 })

typedef struct spike {
    int first, steps;    /* index of its first step; steps from there to its last high one */
    double peak, height; /* the largest loss; the largest distance from the median, in sd */
    int at;              /* index of the peak */
} spike;

/* Find the spikes of n losses; the caller frees *out.  Returns how many there are.  *watched: steps
 * that have enough steps before them. */
int spike_find(spike **out, int *watched, const double *loss, int n, const spike_rule *how);

#endif
