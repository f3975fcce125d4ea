/* series.h - loss against tokens, arm by arm: runs of several lengths, or one run along the way.
 *
 * Arms that differ only in train.tokens form one series.  What its points can tell depends on their
 * origin:
 *
 *   horizons   final losses of runs of two or more lengths, each with its own schedule: where a run
 *              of that length ends, and so where a longer one would (Hoffmann et al. 2022)
 *   steady     one length, with a constant learning rate after the warm-up (`constant`, and `wsd`
 *              before it decays): where a run stopped there, without decay, ends (Haegele et al.
 *              2024)
 *   schedule   one length with a falling learning rate: a description of that run.  A shorter run
 *              would have ended below this curve, so it cannot forecast
 */
#ifndef ANALYSIS_ANSWERS_SERIES_H
#define ANALYSIS_ANSWERS_SERIES_H

#include "analysis/data/curve.h"
#include "analysis/statistics/powerlaw.h"

typedef enum series_basis { SERIES_HORIZONS, SERIES_STEADY, SERIES_SCHEDULE } series_basis;

typedef struct series {
    char *name;
    int arms, *arm; /* indices in the study, by length */
    int base;       /* index of the baseline's series; -1: this is a baseline */
    series_basis basis;
    char schedule[16];
    curve *curve;    /* (seeds): final losses by length, or the evaluations of the run; n is 0 if
                        nothing finished */
    double from, to; /* tokens of the points that a fit uses */
    double epoch;    /* tokens of the training text; NaN: unknown */
    powerlaw fit;
} series;

typedef struct series_list {
    const study *study;
    int n;
    series *row;
} series_list;

enum { SERIES_SKIPPED = 10 }; /* along a run, a fit leaves out the first 1/10 and the warm-up */

/* Find and fit the series of a study, which must outlive l; the caller closes l.  from: a fit uses
 * points from so many tokens on; NaN: as described above. */
bool series_open(series_list *l, const study *s, db *d, double from, error *e);
void series_close(series_list *l);

/* "4 horizons", "constant rate" or "one schedule". */
void series_describe(char *text, size_t size, const series *r);

#endif
