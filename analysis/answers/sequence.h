/* sequence.h - a study that adds seeds until it is decided: where it stands.
 *
 * sweep.seeds: {start, step, max} plans the looks: at `start` seeds, after every `step` more, at
 * `max`.  A contrast is looked at when all runs of a block have ended (analysis/statistics/
 * sequential.h); it stops at the look that decides it.  An arm has as many seeds as its contrasts
 * need, so the baseline goes on while any contrast does.
 *
 * What the study states is looked at in this way however often it is asked for, since runs of a
 * block that is not complete do not count.  Whatever departs from it (another metric, margin or
 * alpha, a point along the way, every two arms) is compared as in a study whose seeds are all
 * planned at once, and is a look outside the plan.
 */
#ifndef ANALYSIS_ANSWERS_SEQUENCE_H
#define ANALYSIS_ANSWERS_SEQUENCE_H

#include "analysis/answers/comparison.h"

/* Fill in the plan of looks, if the comparison, of each arm with its baseline, is the one that the
 * study planned. */
void sequence_plan(comparison *c);

/* Does the difference of pair i count at this seed?  Of any study. */
bool sequence_uses(const comparison *c, int i, int seed);

/* How many seeds each arm is to have by now, seeds (arms), counted from the first; and how many at
 * worst, most (arms).  Only for a study whose comparison is `staged`. */
void sequence_seeds(int *seeds, int *most, const comparison *c);

/* " It goes on to 12 of at most 24 seeds." */
void sequence_left(FILE *out, const comparison *c, int i);

/* How near a contrast is to a decision, in one line; the caller frees it. */
char *sequence_line(const comparison *c, int i);

/* How many runs are left at worst; NULL if none is, or the comparison is not `staged`.  The caller
 * frees it. */
char *sequence_rest(const comparison *c);

/* What belongs to the comparison of such a study: the looks that were taken, and those outside the
 * plan. */
bool sequence_notes(notes *out, const comparison *c, db *d, error *e);

#endif
