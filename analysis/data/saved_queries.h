/* saved_queries.h - queries that have a name, so that nobody has to write them again.
 *
 * Each is one SELECT over the tables and views that `attnlab schema` prints, with parameters
 * (:study and so on); a parameter that is not given is NULL.  `attnlab query NAME --explain` prints
 * the SQL, to start from.
 */
#ifndef ANALYSIS_DATA_SAVED_QUERIES_H
#define ANALYSIS_DATA_SAVED_QUERIES_H

#include "core/base/table.h"

typedef struct named {
    const char *name, *help;
    const char *parameters; /* in words: "study, points=50"; "" for none */
    const char *sql;
} named;

/* NULL where there is none of that name. */
const named *saved_query_find(const char *name);

/* The i-th, in the order of the list; NULL after the last. */
const named *saved_query_at(int i);

/* name, parameters, help. */
void saved_query_list(table_format f, FILE *out);

/* All names, ", " between them; the caller frees it. */
char *saved_query_names(void);

#endif
