/* spikes.h - loss spikes of a study: what each run had, and whether arms differ in them.
 *
 * Spikes (spike.h) come in bursts, so runs are the units: six spikes in one run say no more than
 * one.  Arms are compared by exact sign-flips of the differences of counts, paired by seed; p is
 * multiplied by the number of contrasts (Bonferroni).  With n seeds p is at least 2 / 2^n, so few
 * seeds leave everything undecided.
 */
#ifndef ANALYSIS_ANSWERS_SPIKES_H
#define ANALYSIS_ANSWERS_SPIKES_H

#include "analysis/data/study.h"
#include "analysis/statistics/spike.h"

typedef struct spikes_run {
    bool known; /* finished: done or diverged */
    int spikes, watched;
    double worst; /* height of the largest; 0: none */
    spike *spike;
    int64_t *step, *tokens; /* (spikes): of the peak of each */
} spikes_run;

typedef struct spikes_contrast {
    int arm, base, n;             /* n: seeds at which both have finished */
    int spikes, base_spikes;      /* at those seeds */
    double watched, base_watched; /* steps, at those seeds */
    double ratio;                 /* of spikes per step; NaN if neither has any */
    double p, p_adjusted;
} spikes_contrast;

typedef struct spikes {
    const study *study;
    spike_rule rule;
    spikes_run *run; /* (arms, seeds) */
    int contrasts;
    spikes_contrast *row; /* every arm with its baseline */
} spikes;

/* s must outlive k; the caller closes k. */
bool spikes_open(spikes *k, const study *s, db *d, const spike_rule *how, error *e);
void spikes_close(spikes *k);

#endif
