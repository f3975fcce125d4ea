/* query.h - what others ask of the record, without being able to change it.
 *
 * Three locks: the database is opened read-only, an authorizer lets through nothing but reading,
 * and a statement that runs too long is stopped.
 */
#ifndef ANALYSIS_DATA_QUERY_H
#define ANALYSIS_DATA_QUERY_H

#include "core/db/db.h"

typedef struct query {
    sqlite3_stmt *statement;
    double seconds;   /* it may take */
    int64_t deadline; /* ms, of the monotonic clock */
    bool stopped;
} query;

/* Prepare the one statement in `sql` on a database opened with DB_READ.  The clock starts.  *q must
 * stay where it is until query_close.  Fails on more than one statement, and on one that does
 * anything but read. */
bool query_open(query *q, db *d, const char *sql, double seconds, error *e);
/* Give the parameter `key` (":study") a value: a number where `numbers` and it reads like one, else
 * text.  False where the query has none of that name. */
bool query_bind(query *q, const char *key, const char *value, bool numbers);

void query_close(query *q, db *d);

/* A failed step was the clock's doing: say so in e. */
void query_explain(const query *q, error *e);

#endif
