/* query.c - attnlab query: the record, as anyone wants to see it, by SQL or by name. */
#include "analysis/data/query.h"
#include "analysis/data/rows.h"
#include "analysis/data/saved_queries.h"
#include "cli/verb.h"
#include "cli/verbs.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 32 }; /* parameters */

typedef struct options {
    verb common;
    const char *sql;
    const char *value[MOST]; /* KEY=VALUE */
    int values;
    double timeout;
    bool list, explain;
} options;

static const struct argp_option OPTIONS[] = {
    { "list", 'l', NULL, 0, "List the queries that have a name", 0 },
    { "explain", 'x', NULL, 0, "Print the SQL and how SQLite would go about it", 0 },
    { "timeout", 't', "SECONDS", 0, "Stop a query that takes longer (60)", 0 },
    { 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    options *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->common;
        return 0;
    case 'l':
        o->list = true;
        return 0;
    case 'x':
        o->explain = true;
        return 0;
    case 't':
        o->timeout = verb_number(state, "--timeout", arg, 0, 1e6);
        return 0;
    case ARGP_KEY_ARG:
        if (!o->sql)
            o->sql = arg;
        else if (!strchr(arg, '=') || o->values == MOST)
            argp_error(state, "one query, in quotes, and then KEY=VALUE for its parameters");
        else
            o->value[o->values++] = arg;
        return 0;
    case ARGP_KEY_END:
        if (!o->sql && !o->list)
            argp_error(state, "give a query, such as leaderboard (--list) or \"SELECT * FROM "
                              "v_final\"");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp ARGP = {
    .options = OPTIONS,
    .parser = parse,
    .args_doc = "NAME [KEY=VALUE...]\n\"SELECT ...\" [KEY=VALUE...]\n--list",
    .doc =
        "Ask the database, read-only.\vA parameter KEY is :KEY in the SQL.  The tables and views "
        "are those that `attnlab schema` prints; v_final, v_arm, v_pair, v_missing and "
        "v_frontier are the handiest.",
    .children = verb_child,
};

/* The queries with names say themselves what is a number: a uid of digits is none. */
static bool bind(query *q, const options *o, error *e)
{
    const bool numbers = !saved_query_find(o->sql);
    for (int i = 0; i < o->values; i++) {
        const char *equals = strchr(o->value[i], '=');
        char key[64];
        const int n = (int)(equals - o->value[i]);
        if (snprintf(key, sizeof key, ":%.*s", n, o->value[i]) >= (int)sizeof key ||
            !query_bind(q, key, equals + 1, numbers))
            return error_usage(e, "the query has no parameter '%.*s'", n, o->value[i]);
    }
    return true;
}

/* A word is the name of a query; SQL has more than one. */
static bool find_sql(const char **sql, const options *o, error *e)
{
    const saved_query *k = saved_query_find(o->sql);
    *sql = k ? k->sql : o->sql;
    for (const char *c = o->sql; *c && !k; c++)
        if (!isalnum((unsigned char)*c) && *c != '_' && *c != '-') return true;
    if (k) return true;
    char *names = saved_query_names();
    error_usage(e, "no query '%.100s'; there are %s, or write \"SELECT ...\"", o->sql, names);
    free(names);
    return false;
}

/* The SQL as it is; beneath it, as comments, SQLite's plan. */
static bool explain(query *q, db *d, const options *o, const char *sql, error *e)
{
    const size_t size = strlen(sql) + 32;
    char *plan = malloc(size);
    if (!plan) error_memory();
    snprintf(plan, size, "EXPLAIN QUERY PLAN %s", sql);
    bool row = true, ok = query_open(q, d, plan, o->timeout, e);
    free(plan);
    if (!ok) return false;
    printf("%s;\n", sql);
    ok = bind(q, o, e);
    while (ok && (ok = db_next(d, q->statement, &row, e)) && row)
        printf("-- %s\n", sqlite3_column_text(q->statement, 3));
    return ok;
}

static bool run(db *d, const options *o, const char *sql, bool *cut, error *e)
{
    query q = { 0 };
    bool ok;
    if (o->explain)
        ok = explain(&q, d, o, sql, e);
    else
        ok = query_open(&q, d, sql, o->timeout, e) && bind(&q, o, e) &&
             rows_print(cut, d, q.statement, o->common.format, stdout, e);
    if (!ok) query_explain(&q, e);
    query_close(&q, d);
    return ok;
}

int query_verb(int argc, char **argv)
{
    options o = { .timeout = 60 };
    verb_parse(&ARGP, argc, argv, &o);
    error e;
    db d;
    if (o.list) {
        saved_query_list(o.common.format, stdout);
        return verb_done(argv[0], STATUS_DONE);
    }
    const char *sql;
    if (!find_sql(&sql, &o, &e) || !db_open(&d, o.common.db, DB_READ, &e))
        return verb_fail(argv[0], &e);
    bool cut = false;
    const bool ok = run(&d, &o, sql, &cut, &e);
    db_close(&d);
    if (!ok) return verb_fail(argv[0], &e);
    if (cut)
        fprintf(stderr, "%s: the first %d rows; -o csv prints all of them\n", argv[0],
                ROWS_ALIGNED);
    return verb_done(argv[0], STATUS_DONE);
}
