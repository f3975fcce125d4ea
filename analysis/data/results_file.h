/* results_file.h - results of runs that were made elsewhere, as a table in a file.
 *
 * CSV (RFC 4180: a first line of names, quotes, LF or CRLF) or lines of JSON objects, told apart by
 * the first character.  Columns: arm, seed, metric, value; and if there are, tokens, step,
 * parameters, kv_bytes.  A value that is empty, null, nan or infinite is a run that diverged.
 */
#ifndef ANALYSIS_DATA_RESULTS_FILE_H
#define ANALYSIS_DATA_RESULTS_FILE_H

#include "core/base/hash.h"
#include "core/base/notes.h"

#include <stdint.h>

typedef struct results_row {
    int line;
    char *arm, *metric;
    int64_t seed, step, tokens, parameters; /* -1: not given */
    double value, kv_bytes;                 /* NaN: not finite; not given */
} results_row;

typedef struct results_file {
    int n;
    results_row *row;
    char sha256[HASH_HEX]; /* of the file */
} results_file;

/* Read a file.  Fails, with file, line and column, on whatever is missing or no number.  Columns
 * that mean nothing here are named in a note. */
bool results_file_read(results_file *r, notes *list, const char *path, error *e);
void results_file_close(results_file *r);

#endif
