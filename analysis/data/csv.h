/* csv.h - records of CSV (RFC 4180), cut out of a text in place.
 *
 *     char *field[CSV_FIELDS];
 *     int n, line = 1;
 *     while (csv_record(field, &n, &text, &line)) ...
 */
#ifndef ANALYSIS_DATA_CSV_H
#define ANALYSIS_DATA_CSV_H

#include <stdbool.h>

enum { CSV_FIELDS = 64 }; /* of a record at most */

/* Cut the next record of *at into fields, in place; false at the end.  Empty lines are passed over.
 * *n is -1 if a quote is not closed, something follows it, or there are too many fields.  *line
 * counts the lines that were read. */
bool csv_record(char *field[CSV_FIELDS], int *n, char **at, int *line);

#endif
