/* leave.h - when the runs of a study left the first plateau of their training loss (plateau.h), and
 * whether that moment is what a comparison sees.
 *
 * A study that ends while its runs are still spread by that moment compares moments, not arms.  It
 * is said so where three things hold: a plateau was found, runs that left it later ended higher,
 * and the lower end of the 95 % interval of r^2 is at least LEAVE_SHARE.
 */
#ifndef ANALYSIS_ANSWERS_LEAVE_H
#define ANALYSIS_ANSWERS_LEAVE_H

#include "analysis/answers/comparison.h"
#include "analysis/statistics/plateau.h"
#include "core/base/notes.h"

#define LEAVE_SHARE 0.25

typedef struct leave {
    const comparison *c;
    plateau plateau;
    plateau_run *run;    /* (arms, seeds): n is 0 for a run that is not done */
    double **loss;       /* (arms, seeds): of each step; owned */
    double *tokens;      /* (arms, seeds): tokens of a step */
    double *moment;      /* (arms, seeds): step at which it left; NaN: it didn't, or is not done */
    plateau_share share; /* of the variance of the metric within arms */
} leave;

/* The moments of one arm; n 0: none of its runs left. */
typedef struct leave_arm {
    int n, stayed; /* runs that left, and finished runs that didn't */
    double first, median, last;
} leave_arm;

/* c must outlive k; the caller closes k. */
bool leave_open(leave *k, const comparison *c, db *d, error *e);
void leave_close(leave *k);

leave_arm leave_of(const leave *k, int arm);

/* Is the spread that of the moment, by the rule above? */
bool leave_explains(const leave *k);

/* Adds the warning described above, if it holds. */
void leave_note(notes *out, const leave *k);

#endif
