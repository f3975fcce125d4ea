/* series.h - loss against tokens, arm by arm: runs of several lengths, or one run along the way.
 *
 * Arms that differ only in train.tokens are one series.  What its points can say depends on what
 * they are:
 *
 *   horizons   final losses of runs of two lengths or more, each with a schedule of its own: what a
 *              run of that length ends at, and so what a longer one would (Hoffmann et al. 2022)
 *   steady     one length, with the rate constant from the warm-up on (`constant`, and `wsd` before
 *              it decays): what a run stopped there, not decayed, ends at (Haegele et al. 2024)
 *   schedule   one length under a rate that falls: a description of that run.  A shorter run would
 *              have ended below its curve, so it is no forecast
 */
#ifndef ANALYSIS_ANSWERS_SERIES_H
#define ANALYSIS_ANSWERS_SERIES_H

#include "analysis/data/curve.h"
#include "analysis/statistics/powerlaw.h"

typedef enum series_basis { SERIES_HORIZONS, SERIES_STEADY, SERIES_SCHEDULE } series_basis;

typedef struct series {
    char *name;
    int arms, *arm; /* indices in the study, by length */
    int base;       /* index of the baseline's series; -1: it is one */
    series_basis basis;
    char schedule[16];
    curve *curve;    /* (seeds): final losses by length, or the evaluations of the run; n 0 where
                        nothing finished */
    double from, to; /* tokens of the points that a fit uses */
    double epoch;    /* tokens of the training text; NaN where the record has none */
    powerlaw fit;
} series;

typedef struct series_list {
    const study *study;
    int n;
    series *row;
} series_list;

enum { SERIES_SKIPPED = 10 }; /* along a run, a fit leaves out the first 1/10 and the warm-up */

/* The series of a study, fitted; s must stay.  from: the fewest tokens of a point that a fit uses,
 * or NaN for what is said above. */
bool series_open(series_list *l, const study *s, db *d, double from, error *e);
void series_close(series_list *l);

/* "4 horizons", "constant rate" or "one schedule". */
void series_describe(char *text, size_t size, const series *r);

#endif
