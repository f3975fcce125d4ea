/* scored.h - arms compared by their scores on a suite: a row for each task, group and the suite.
 *
 * All rows of all contrasts are one family.  Verdicts are for items of this kind (crossed.h).
 */
#ifndef ANALYSIS_ANSWERS_SCORED_H
#define ANALYSIS_ANSWERS_SCORED_H

#include "analysis/answers/comparison.h"
#include "analysis/data/scores.h"
#include "analysis/statistics/crossed.h"
#include "core/base/notes.h"
#include "core/base/table.h"

#include <stdio.h>

typedef struct scored {
    const scores *scores;
    int seeds;          /* that are compared */
    crossed_row *row;   /* (pairs, rows of scores) */
    double *arm, *base; /* (pairs, rows): means over those seeds */
} scored;

/* Compare the contrasts of c, whose study has scores, and put the first row of each in the place of
 * its result.  The caller frees it. */
scored *scored_open(comparison *c);
void scored_close(scored *k); /* takes NULL */

const crossed_row *scored_at(const scored *k, int pair, int row);

/* The share of the items in the square of a row's error; NaN if it has none. */
double scored_share(const crossed_row *r);

/* Store the rows under the comparison. */
bool scored_record(const comparison *c, db *d, error *e);

/* What a reader must know: how it was computed, and which items are compared. */
void scored_notes(notes *out, const comparison *c);

/* The verdict on one row of pair i, as a sentence. */
void scored_sentence(FILE *out, const comparison *c, int i, int row);

#endif
