/* query.c - prepare a user's query with an authorizer and a time limit. */
#include "analysis/data/query.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LOOK_EVERY = 1000 }; /* virtual-machine instructions between two looks at the clock */

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int look(void *context)
{
    query *q = context;
    q->stopped = now_ms() >= q->deadline;
    return q->stopped;
}

/* Permit reading, functions, and pragmas that describe tables. */
static int authorize(void *context, int action, const char *a, const char *b, const char *schema,
                     const char *trigger)
{
    static const char *const PRAGMA[] = { "table_info",  "table_xinfo", "table_list",
                                          "index_list",  "index_info",  "foreign_key_list",
                                          "user_version" };
    (void)context, (void)schema, (void)trigger;
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_RECURSIVE:
        return SQLITE_OK;
    case SQLITE_UPDATE: /* a table-valued function is declared like this; a real UPDATE is refused
                           later, because its statement is not read-only */
        return a && strcmp(a, "sqlite_master") == 0 ? SQLITE_OK : SQLITE_DENY;
    case SQLITE_FUNCTION:
        return b && sqlite3_stricmp(b, "load_extension") == 0 ? SQLITE_DENY : SQLITE_OK;
    case SQLITE_PRAGMA:
        for (size_t i = 0; i < sizeof PRAGMA / sizeof *PRAGMA; i++)
            if (a && sqlite3_stricmp(a, PRAGMA[i]) == 0 &&
                (strcmp(PRAGMA[i], "user_version") != 0 || !b))
                return SQLITE_OK;
        return SQLITE_DENY;
    default:
        return SQLITE_DENY;
    }
}

/* Is there anything but blanks, comments and semicolons left? */
static bool more(db *d, const char *tail)
{
    while (tail && *tail) {
        sqlite3_stmt *s;
        const char *next;
        if (sqlite3_prepare_v2(d->handle, tail, -1, &s, &next) != SQLITE_OK || s) {
            sqlite3_finalize(s);
            return true;
        }
        if (next == tail) return false;
        tail = next;
    }
    return false;
}

bool query_open(query *q, db *d, const char *sql, double seconds, error *e)
{
    *q = (query){ .seconds = seconds, .deadline = now_ms() + (int64_t)(1000 * seconds) };
    sqlite3_set_authorizer(d->handle, authorize, NULL);
    sqlite3_progress_handler(d->handle, LOOK_EVERY, look, q);
    const char *tail;
    const int status = sqlite3_prepare_v2(d->handle, sql, -1, &q->statement, &tail);
    bool ok = true;
    if (status == SQLITE_AUTH)
        ok = error_usage(e, "a query can only read: SELECT, WITH or EXPLAIN (%s)",
                         sqlite3_errmsg(d->handle));
    else if (status != SQLITE_OK)
        ok = error_usage(e, "%s", sqlite3_errmsg(d->handle));
    else if (!q->statement)
        ok = error_usage(e, "the query is empty");
    else if (!sqlite3_stmt_readonly(q->statement) || sqlite3_column_count(q->statement) == 0)
        ok = error_usage(e, "a query can only read: SELECT, WITH or EXPLAIN");
    else if (more(d, tail))
        ok = error_usage(e, "give one statement at a time");
    for (char *c = e->msg; !ok && *c; c++)
        if (*c == '\n' || *c == '\r') *c = ' ';
    if (!ok) query_close(q, d);
    return ok;
}

bool query_bind(query *q, const char *key, const char *value, bool numbers)
{
    const int at = sqlite3_bind_parameter_index(q->statement, key);
    if (!at) return false;
    char *end;
    errno = 0;
    const long long whole = strtoll(value, &end, 10);
    if (numbers && *value && !*end && !errno)
        return sqlite3_bind_int64(q->statement, at, whole) == SQLITE_OK;
    const double real = strtod(value, &end);
    if (numbers && *value && !*end && isfinite(real))
        return sqlite3_bind_double(q->statement, at, real) == SQLITE_OK;
    return sqlite3_bind_text(q->statement, at, value, -1, SQLITE_TRANSIENT) == SQLITE_OK;
}

void query_close(query *q, db *d)
{
    sqlite3_finalize(q->statement);
    q->statement = NULL;
    sqlite3_progress_handler(d->handle, 0, NULL, NULL);
    sqlite3_set_authorizer(d->handle, NULL, NULL);
}

void query_explain(const query *q, error *e)
{
    if (q->stopped)
        error_set(e,
                  "stopped after %g s: make the query smaller, or allow more time with --timeout",
                  q->seconds);
}
