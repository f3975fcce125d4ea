/* tables.h - the results of a comparison, in tables for people. */
#ifndef ANALYSIS_ANSWERS_TABLES_H
#define ANALYSIS_ANSWERS_TABLES_H

#include "analysis/answers/comparison.h"
#include "core/base/table.h"

#include <stdio.h>

/* The arms: n, mean, spread, size, and how their runs ended. */
void tables_arms(FILE *out, const comparison *c, table_format f);

/* The contrasts: difference, interval, p, smallest detectable effect, verdict. */
void tables_pairs(FILE *out, const comparison *c, table_format f);

/* How differences change along numeric axes (interaction.h), under a line that says so (except in
 * HTML); prints nothing if there is no such axis. */
void tables_interactions(FILE *out, const comparison *c, table_format f);

/* What other text of the same kind would add to the error (sample.h), likewise; prints nothing if
 * there are no sums by sequence. */
bool tables_samples(FILE *out, const comparison *c, db *d, table_format f, error *e);

/* Scores on a suite of tasks: a row for each contrast and each task, group and suite.  For a
 * comparison with scores (scored.h). */
void tables_scores(FILE *out, const comparison *c, table_format f);

#endif
