/* changes.h - in what a comparison departs from what the study states, and what the study stated
 * before.
 *
 * Verdicts hold for a question, a margin and a number of seeds that were chosen beforehand.  Both
 * lists say where that may not be so: the first for this command, the second for the study's file,
 * version by version.
 */
#ifndef ANALYSIS_ANSWERS_CHANGES_H
#define ANALYSIS_ANSWERS_CHANGES_H

#include "analysis/answers/comparison.h"
#include "core/base/notes.h"

/* Adds a warning if the metric, margin, alpha, point of training, generation or pairs of c are not
 * those that the study states. */
void changes_asked(notes *out, const comparison *c);

/* Adds a note for whatever was changed after runs had finished, and for seeds that were changed
 * after a look; of two studies that are compared with each other, for each. */
bool changes_made(notes *out, const study *s, db *d, error *e);

#endif
