/* named.h - queries that have a name, so that nobody has to write them again.
 *
 * Each is one SELECT over the tables and views that `attnlab schema` prints, with parameters
 * (:study and so on); a parameter that is not given is NULL.  `attnlab query NAME --explain` prints
 * the SQL, to start from.
 */
#ifndef ANALYSIS_NAMED_H
#define ANALYSIS_NAMED_H

#include "core/table.h"

typedef struct named {
    const char *name, *help;
    const char *parameters; /* in words: "study, points=50"; "" for none */
    const char *sql;
} named;

/* NULL where there is none of that name. */
const named *named_find(const char *name);

/* The i-th, in the order of the list; NULL after the last. */
const named *named_at(int i);

/* name, parameters, help. */
void named_list(table_format f, FILE *out);

/* All names, ", " between them; the caller frees it. */
char *named_names(void);

#endif
