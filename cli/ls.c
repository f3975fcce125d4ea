/* ls.c - attnlab ls: the runs, or the studies, a line each. */
#include "analysis/data/lookup.h"
#include "analysis/data/rows.h"
#include "cli/sql.h"
#include "cli/verb.h"
#include "cli/verbs.h"

#include <string.h>

static const char *const STATUSES[] = { "planned", "running",   "done", "diverged",
                                        "failed",  "preempted", NULL };

typedef struct options {
    verb common;
    const char *study, *status;
    bool studies;
} options;

static const struct argp_option OPTIONS[] = {
    { "studies", 's', NULL, 0, "List studies instead of runs", 0 },
    { "status", 'S', "STATUS", 0,
      "Only runs that are planned, running, done, diverged, failed or preempted", 0 },
    { 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    options *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->common;
        return 0;
    case 's':
        o->studies = true;
        return 0;
    case 'S':
        for (const char *const *known = STATUSES; *known; known++)
            if (strcmp(arg, *known) == 0) o->status = *known;
        if (!o->status) argp_error(state, "--status '%s': no run is ever that", arg);
        return 0;
    case ARGP_KEY_ARG:
        if (o->study) argp_error(state, "one study, or none for all");
        o->study = arg;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp ARGP = {
    .options = OPTIONS,
    .parser = parse,
    .args_doc = "[STUDY]",
    .doc = "List the runs in the database, or those of one study.",
    .children = verb_child,
};

static bool list(db *d, const options *o, error *e)
{
    int64_t sweep = 0;
    if (o->study && !lookup_study(d, &sweep, o->study, e)) return false;
    sqlite3_stmt *s;
    const bool ok = (o->studies ? db_query(d, &s, e, sql_ls_studies, "i", sweep)
                                : db_query(d, &s, e, sql_ls_runs, "it", sweep, o->status)) &&
                    rows_print(NULL, d, s, o->common.format, stdout, e);
    sqlite3_finalize(s);
    return ok;
}

int ls_verb(int argc, char **argv)
{
    options o = { 0 };
    verb_parse(&ARGP, argc, argv, &o);
    error e;
    db d;
    if (!db_open(&d, o.common.db, DB_READ, &e)) return verb_fail(argv[0], &e);
    const bool ok = list(&d, &o, &e);
    db_close(&d);
    return ok ? verb_done(argv[0], STATUS_DONE) : verb_fail(argv[0], &e);
}
