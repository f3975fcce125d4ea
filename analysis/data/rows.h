/* rows.h - print the rows of a statement as a table. */
#ifndef ANALYSIS_DATA_ROWS_H
#define ANALYSIS_DATA_ROWS_H

#include "core/base/table.h"
#include "core/db/db.h"

enum { ROWS_ALIGNED = 100000 }; /* most rows of an aligned table, which is kept in memory */

/* Run `s` to its end and print its rows; the caller finalizes it.  *cut (may be NULL): there were
 * more than ROWS_ALIGNED rows for an aligned table, and the rest was left out. */
bool rows_print(bool *cut, db *d, sqlite3_stmt *s, table_format f, FILE *out, error *e);

/* Print a single row with a line for each column that is not NULL (in JSON, all of them).  For
 * people, prints nothing if there is no row. */
bool rows_print_one(db *d, sqlite3_stmt *s, table_format f, FILE *out, error *e);

#endif
