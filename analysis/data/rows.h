/* rows.h - the rows of a statement as a table. */
#ifndef ANALYSIS_DATA_ROWS_H
#define ANALYSIS_DATA_ROWS_H

#include "core/base/table.h"
#include "core/db/db.h"

enum { ROWS_ALIGNED = 100000 }; /* rows of aligned output are kept in memory: no more than these */

/* Run `s` to its end and print it; the caller finalises.  *cut (may be NULL) says whether there
 * were more than ROWS_ALIGNED rows for an aligned table. */
bool rows_print(bool *cut, db *d, sqlite3_stmt *s, table_format f, FILE *out, error *e);

/* The same turned round, for a single row: a line for each column that is not NULL (all of them in
 * json).  Prints nothing for people where there is no row. */
bool rows_print_one(db *d, sqlite3_stmt *s, table_format f, FILE *out, error *e);

#endif
