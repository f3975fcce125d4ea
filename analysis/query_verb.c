/* query_verb.c - attnlab query "SELECT ...": the record, as anyone wants to see it. */
#include "analysis/analysis.h"
#include "analysis/query.h"
#include "analysis/rows.h"
#include "analysis/verb.h"

#include <math.h>

typedef struct options {
    verb common;
    const char *sql;
    double timeout;
} options;

static const struct argp_option OPTIONS[] = {
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
    case 't':
        o->timeout = verb_number(state, "--timeout", arg, 0, 1e6);
        return 0;
    case ARGP_KEY_ARG:
        if (o->sql) argp_error(state, "one query, in quotes");
        o->sql = arg;
        return 0;
    case ARGP_KEY_END:
        if (!o->sql) argp_error(state, "give a query, such as \"SELECT * FROM v_final\"");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp ARGP = {
    .options = OPTIONS,
    .parser = parse,
    .args_doc = "\"SELECT ...\"",
    .doc = "Ask the database, read-only.\vThe tables and views are those that `attnlab schema` "
           "prints; v_final, v_arm, v_pair, v_missing and v_frontier are the handiest.",
    .children = verb_child,
};

int query_verb(int argc, char **argv)
{
    options o = { .timeout = 60 };
    verb_parse(&ARGP, argc, argv, &o);
    error e;
    db d;
    if (!db_open(&d, o.common.db, DB_READ, &e)) return verb_fail(argv[0], &e);
    query q;
    bool cut = false, ok = query_open(&q, &d, o.sql, o.timeout, &e);
    if (ok) {
        ok = rows_print(&cut, &d, q.statement, o.common.format, stdout, &e);
        if (!ok) query_explain(&q, &e);
        query_close(&q, &d);
    }
    db_close(&d);
    if (!ok) return verb_fail(argv[0], &e);
    if (cut)
        fprintf(stderr, "%s: the first %d rows; -o csv prints all of them\n", argv[0],
                ROWS_ALIGNED);
    return verb_done(argv[0], STATUS_DONE);
}
