/* saved_queries.h - queries that have a name, so that nobody has to write them again.
 *
 * Each is one SELECT over the tables and views that `attnlab schema` prints, with parameters such
 * as :study; a parameter that is not given is NULL.  To add one, write queries/NAME.sql and list
 * NAME in meson.build.  `attnlab query NAME --explain` prints the SQL, as a start for your own.
 */
#ifndef ANALYSIS_DATA_SAVED_QUERIES_H
#define ANALYSIS_DATA_SAVED_QUERIES_H

#include "core/base/table.h"
#include "core/db/db.h"

typedef struct saved_query {
    const char *name, *help;
    const char *parameters; /* in words: "study, points=50"; "" for none */
    const char *sql;
} saved_query;

/* Every saved query, in the order of meson.build; the last has the name NULL. */
extern const saved_query saved_queries[];

/* NULL if there is none of that name. */
const saved_query *saved_query_find(const char *name);

/* What the parameter `key` of a saved query is bound to when the user writes `value`: a study, by
 * name or file, becomes its name.  Fails (error_usage) if there is no such study, run, context,
 * suite or task, or if a number is none, for an empty table would hide the mistake.  The caller
 * frees *bound. */
bool saved_query_value(char **bound, db *d, const char *key, const char *value, error *e);

/* A table of names, parameters and help. */
void saved_query_list(table_format f, FILE *out);

/* All names, separated by ", "; the caller frees the text. */
char *saved_query_names(void);

#endif
