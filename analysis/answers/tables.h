/* tables.h - what a comparison says, in tables for people. */
#ifndef ANALYSIS_ANSWERS_TABLES_H
#define ANALYSIS_ANSWERS_TABLES_H

#include "analysis/answers/comparison.h"
#include "core/base/table.h"

#include <stdio.h>

/* How many digits a difference is printed with: enough to show the smallest error. */
int tables_digits(const comparison *c);

/* The arms: n, mean, spread, size, what became of their runs. */
void tables_arms(FILE *out, const comparison *c, table_format f);

/* The contrasts: difference, interval, p, smallest effect, verdict. */
void tables_pairs(FILE *out, const comparison *c, table_format f);

/* How differences change along axes of numbers (interaction.h), under a line that says so (not in
 * HTML); nothing where there is no such axis. */
void tables_interactions(FILE *out, const comparison *c, table_format f);

/* What other text of the same kind would add to the error (sample.h); likewise. */
bool tables_samples(FILE *out, const comparison *c, db *d, table_format f, error *e);

#endif
