/* query.c - attnlab query: read-only SQL on the database, written out or by name. */
#include "analysis/data/query.h"
#include "analysis/data/rows.h"
#include "analysis/data/saved_queries.h"
#include "cli/command.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

typedef struct options {
    double timeout;
    bool list, explain;
} options;

// clang-format off
static const option OPTIONS[] = {
    { "list",    'l', OPTION_FLAG, NULL,      offsetof(options, list),    "list the saved queries" },
    { "explain", 'x', OPTION_FLAG, NULL,      offsetof(options, explain), "print the SQL and SQLite's plan for it" },
    { "timeout", 't', OPTION_REAL, "SECONDS", offsetof(options, timeout), "stop a query that takes longer", "60", 1e-3, 1e6 },
    { 0 },
};
// clang-format on

/* One NAME=VALUE.  Saved queries say themselves what is a number: a uid of digits is none. */
static bool bind_one(query *q, db *d, const char *word, bool saved, error *e)
{
    const char *equals = strchr(word, '=');
    const int n = (int)(equals - word);
    char key[64], *value = NULL;
    if (snprintf(key, sizeof key, ":%.*s", n, word) >= (int)sizeof key ||
        !sqlite3_bind_parameter_index(q->statement, key))
        return error_usage(e, "the query has no parameter '%.*s'", n, word);
    if (saved && !saved_query_value(&value, d, key + 1, equals + 1, e)) return false;
    query_bind(q, key, value ? value : equals + 1, !saved);
    free(value);
    return true;
}

static bool bind(query *q, db *d, const command_call *call, error *e)
{
    const bool saved = saved_query_find(call->argument[0]);
    for (int i = 1; i < call->arguments; i++)
        if (!bind_one(q, d, call->argument[i], saved, e)) return false;
    return true;
}

/* Of no run at all there is nothing to print; without a study, every study is meant. */
static bool check_given(const command_call *call, error *e)
{
    const saved_query *saved = saved_query_find(call->argument[0]);
    if (!saved || call->arguments > 1 || strcmp(saved->parameters, "run") != 0) return true;
    return error_usage(e, "missing parameter: `attnlab query %s run=RUN`", saved->name);
}

/* A word is the name of a query; SQL has more than one. */
static bool find_sql(const char **sql, const char *asked, error *e)
{
    const saved_query *k = saved_query_find(asked);
    *sql = k ? k->sql : asked;
    for (const char *c = asked; *c && !k; c++)
        if (!isalnum((unsigned char)*c) && *c != '_' && *c != '-') return true;
    if (k) return true;
    char *names = saved_query_names();
    error_usage(e, "no query '%.100s'; there are %s, or write \"SELECT ...\"", asked, names);
    free(names);
    return false;
}

/* The SQL as it is; beneath it, as comments, SQLite's plan. */
static bool explain(query *q, db *d, const command_call *call, double timeout, const char *sql,
                    error *e)
{
    const size_t size = strlen(sql) + 32;
    char *plan = malloc(size);
    if (!plan) error_memory();
    snprintf(plan, size, "EXPLAIN QUERY PLAN %s", sql);
    bool row = true, ok = query_open(q, d, plan, timeout, e);
    free(plan);
    if (!ok) return false;
    printf("%s;\n", sql);
    ok = bind(q, d, call, e);
    while (ok && (ok = db_next(d, q->statement, &row, e)) && row)
        printf("-- %s\n", sqlite3_column_text(q->statement, 3));
    return ok;
}

static bool answer(db *d, command_call *call, const options *o, const char *sql, bool *cut,
                   error *e)
{
    query q = { 0 };
    bool ok;
    if (o->explain)
        ok = explain(&q, d, call, o->timeout, sql, e);
    else {
        ok = check_given(call, e) && query_open(&q, d, sql, o->timeout, e) && bind(&q, d, call, e);
        if (ok) command_rows(call);
        ok = ok && rows_print(cut, d, q.statement, command_format(call), stdout, e);
    }
    if (!ok) query_explain(&q, e);
    query_close(&q, d);
    return ok;
}

static int run(command_call *call, const void *given)
{
    const options *o = given;
    const char *sql;
    bool cut = false;
    error e;
    db d;
    if (o->list) {
        command_rows(call);
        saved_query_list(command_format(call), stdout);
        return STATUS_DONE;
    }
    if (!call->arguments) return command_missing(call, "QUERY; --list shows the saved ones");
    for (int i = 1; i < call->arguments; i++)
        if (!strchr(call->argument[i], '='))
            return command_refuse(call,
                                  "unexpected argument '%.100s': put the SQL in quotes, and "
                                  "parameters after it as NAME=VALUE",
                                  call->argument[i]);
    if (!find_sql(&sql, call->argument[0], &e) || !db_open(&d, call->db, DB_READ, &e))
        return command_fail(call, &e);
    const bool ok = answer(&d, call, o, sql, &cut, &e);
    db_close(&d);
    if (!ok) return command_fail(call, &e);
    if (cut)
        command_note(call, NOTE_WARNING,
                     "Only the first %d rows are shown; -o csv prints all of "
                     "them.",
                     ROWS_ALIGNED);
    return STATUS_DONE;
}

const command command_query = {
    .name = "query",
    .group = COMMAND_DATABASE,
    .help = "read-only SQL, or a saved query",
    .arguments = "[QUERY] [NAME=VALUE...]",
    .summary =
        "Ask the database, read-only. QUERY is the name of a saved query or SQL in quotes, such "
        "as \"SELECT * FROM v_final\".",
    .text =
        "NAME=VALUE gives the parameter :NAME of the SQL a value. `attnlab schema` prints the "
        "tables and views; v_final, v_arm, v_pair, v_missing and v_frontier are the most useful.",
    .shared = SHARED_DB | SHARED_OUTPUT,
    .options = OPTIONS,
    .size = sizeof(options),
    .run = run,
};
