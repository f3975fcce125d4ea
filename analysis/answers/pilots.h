/* pilots.h - what finished studies tell a planner: spread and time, by size of model and tokens.
 *
 * Arms of one size (layers and width) and one length are a point.  Its spread is that of the
 * difference of two arms at one seed (noise.h), its time the mean of its runs, from the start of
 * each process to its end, attempts added up.
 */
#ifndef ANALYSIS_ANSWERS_PILOTS_H
#define ANALYSIS_ANSWERS_PILOTS_H

#include "analysis/data/study.h"

typedef struct pilots_point {
    int64_t n_layers, dim;
    double tokens;
    double sd, df; /* of a difference; NaN and 0 if there are too few runs */
    double seconds,
        core_seconds;       /* of a run, on the clock; of one seed of all arms, of processors */
    int runs, seeds, pairs; /* seeds that all of its arms share; contrasts */
    double half;  /* half the width of an interval, on average over the contrasts; NaN: unbounded */
    bool plateau; /* runs were still spread by the moment of leaving the plateau (leave.h) */
} pilots_point;

typedef struct pilots {
    int n;
    pilots_point *point;
} pilots;

/* Add the points of the study called `name`, by that metric (NULL: the study's own).  Nothing is
 * added if no run has finished. */
bool pilots_add(pilots *p, db *d, const char *name, const char *metric_name, error *e);
void pilots_close(pilots *p);

#endif
