/* tuned.h - what was tuned for each arm before a study was run: each arm's own value of the key. */
#ifndef ANALYSIS_ANSWERS_TUNED_H
#define ANALYSIS_ANSWERS_TUNED_H

#include "analysis/data/study.h"

/* Add a note with the value of every arm; nothing if no key is tuned. */
bool tuned_note(notes *out, const study *s, db *d, error *e);

#endif
