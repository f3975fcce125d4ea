/* score_rows.h - the rows of a suite: its own mean, its groups, its tasks. */
#ifndef ANALYSIS_DATA_SCORE_ROWS_H
#define ANALYSIS_DATA_SCORE_ROWS_H

#include "analysis/data/scores.h"

/* Fill in the rows of k out of its tasks. */
void score_rows(scores *k);

#endif
