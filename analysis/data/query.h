/* query.h - a user's query: it can read the whole database but change nothing.
 *
 * Three safeguards: the database is opened read-only, an authorizer permits nothing but reading,
 * and a statement that runs too long is stopped.
 */
#ifndef ANALYSIS_DATA_QUERY_H
#define ANALYSIS_DATA_QUERY_H

#include "core/db/db.h"

typedef struct query {
    sqlite3_stmt *statement;
    double seconds;   /* time limit */
    int64_t deadline; /* in ms of the monotonic clock */
    bool stopped;     /* the limit was reached */
} query;

/* Prepare the only statement in `sql` on a database opened with DB_READ, and start the clock.  *q
 * must stay in place until query_close.  Fails on several statements, and on one that does anything
 * but read. */
bool query_open(query *q, db *d, const char *sql, double seconds, error *e);

/* Set the parameter `key` (":study"): to a number if `numbers` and the value looks like one,
 * otherwise to text.  Returns false if the query has no such parameter. */
bool query_bind(query *q, const char *key, const char *value, bool numbers);

void query_close(query *q, db *d);

/* If a step failed because of the time limit, say so in e. */
void query_explain(const query *q, error *e);

#endif
