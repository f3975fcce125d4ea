/* spike.h - loss spikes: steps whose training loss stands far above what it was just before.
 *
 *     loss[i] > median + k sd,    median and sd (1.4826 x median absolute deviation) of the w steps
 *                                 before i
 *
 * The multiple of 7 is that of the spike score of OLMo 2 (OLMo team 2025, section 3), which has
 * mean and standard deviation in their place; these would be moved by the spike itself, medians are
 * not (Hampel 1974).  Steps in a row are one spike, and so are those with fewer than `gap` others
 * in between.  The first w / 2 steps have too little before them and are not watched.  While the
 * loss falls, what was before is higher, so a spike early in training has to be larger to count.
 *
 * Do arms differ?  Spikes come in bursts, so runs are the unit, paired by seed:
 *
 *   6 seeds or more   exact sign-flips of the paired differences of counts (all 2^n of them)
 *   fewer             given the sum of both, the count of one arm is binomial if spikes come at
 *                     random (Przyborowski and Wilenski 1940): labelled as assuming that
 *
 * p is times the number of contrasts (Bonferroni).  The ratio of rates has Clopper and Pearson's
 * interval on that binomial.
 */
#ifndef ANALYSIS_ANSWERS_SPIKE_H
#define ANALYSIS_ANSWERS_SPIKE_H

#include "analysis/data/study.h"

typedef struct spike_rule {
    int window, gap; /* steps */
    double height;   /* k */
} spike_rule;

#define SPIKE_RULE ((spike_rule){ .window = 100, .gap = 10, .height = 7 })

typedef struct spike {
    int first, steps;    /* index of its first step; from there to its last high one */
    double peak, height; /* largest loss; its distance from the median in sd, the largest */
    int at;              /* index of the peak */
} spike;

/* Spikes of a series of n losses: *out is the caller's to free; returns how many.  *watched: steps
 * that had enough before them. */
int spike_find(spike **out, int *watched, const double *loss, int n, const spike_rule *how);

/* What a run had. */
typedef struct spike_run {
    bool known; /* finished: done or diverged */
    int spikes, watched;
    double worst; /* height of the largest; 0: none */
    spike *spike;
    int64_t *step, *tokens; /* of each, at its peak */
} spike_run;

typedef struct spike_contrast {
    int arm, base, n;             /* seeds at which both have finished */
    int spikes, base_spikes;      /* there */
    double watched, base_watched; /* steps there */
    double ratio, lo, hi;         /* of spikes a step; NaN where neither has any */
    double p, p_adjusted;
    bool flips; /* by sign-flips; else the binomial */
} spike_contrast;

typedef struct spike_study {
    const study *study;
    spike_rule rule;
    spike_run *run; /* (arms, seeds) */
    int contrasts;
    spike_contrast *row; /* every arm with its baseline */
} spike_study;

bool spike_open(spike_study *k, const study *s, db *d, const spike_rule *how, error *e);
void spike_close(spike_study *k);

/* Two-sided p of paired counts by sign-flips of d (n), and of a of a + b by the binomial whose
 * chance is `share`. */
double spike_flip_p(const int *d, int n);
double spike_binomial_p(int a, int b, double share);

#endif
