/* sentence.h - what a comparison says, in words for somebody who has never seen one. */
#ifndef ANALYSIS_ANSWERS_SENTENCE_H
#define ANALYSIS_ANSWERS_SENTENCE_H

#include "analysis/answers/comparison.h"
#include "core/base/notes.h"

#include <stdio.h>

/* The verdict of pair i: one sentence. */
void sentence_verdict(FILE *out, const comparison *c, int i);

/* Adds how unlike the spreads of the arms are, if the largest standard deviation is at least 4
 * times the smallest, and what follows from that, in a sentence. */
void sentence_spread(notes *out, const comparison *c, const char *consequence);

/* Adds what a reader must know besides: procedure, looks, confounds, what did not finish, what was
 * changed after runs had finished or after a look. */
bool sentence_notes(notes *out, const comparison *c, db *d, error *e);

#endif
