/* diff.c - attnlab diff A B: in what two runs differ: configuration, code, environment,
 * results.
 *
 * A run is its uid (or the start of it), or STUDY/ARM/SEED.
 */
#include "analysis/data/lookup.h"
#include "analysis/data/rows.h"
#include "cli/sql.h"
#include "cli/verb.h"
#include "cli/verbs.h"

#include <stdlib.h>
#include <string.h>

typedef struct options {
    verb common;
    const char *run[2];
    bool all;
} options;

static const struct argp_option OPTIONS[] = {
    { "all", 'a', NULL, 0, "Also what is the same in both", 0 },
    { 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    options *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->common;
        return 0;
    case 'a':
        o->all = true;
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num > 1) argp_error(state, "two runs");
        o->run[state->arg_num] = arg;
        return 0;
    case ARGP_KEY_END:
        if (!o->run[1]) argp_error(state, "give two runs: uids, or STUDY/ARM/SEED");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp ARGP = {
    .options = OPTIONS,
    .parser = parse,
    .args_doc = "A B",
    .doc =
        "In what two runs differ: configuration, seeds, size, code, environment, results.\vA run "
        "is named by its uid, the start of its uid, or STUDY/ARM/SEED.",
    .children = verb_child,
};

/* STUDY/ARM/SEED, in its newest generation; 0 where there is none.  Labels of arms may hold '/', so
 * the study ends at the first and the seed starts after the last. */
static bool find_cell(db *d, int64_t *run_id, const char *text, error *e)
{
    const char *first = strchr(text, '/'), *last = strrchr(text, '/');
    *run_id = 0;
    if (!first || first == last) return true;
    char *study = strndup(text, (size_t)(first - text)),
         *arm = strndup(first + 1, (size_t)(last - first - 1));
    if (!study || !arm) error_memory();
    const bool ok = db_integer(d, run_id, 0, e, sql_diff_cell, "ttt", study, arm, last + 1);
    free(study), free(arm);
    return ok;
}

static bool find(db *d, int64_t *run_id, const char *text, error *e)
{
    if (!lookup_run_maybe(d, run_id, text, e)) return false;
    if (!*run_id && !find_cell(d, run_id, text, e)) return false;
    return *run_id
               ? true
               : error_usage(e, "%s: no run '%s': give a uid, or STUDY/ARM/SEED", d->path, text);
}

static bool diff(db *d, const options *o, error *e)
{
    int64_t a, b;
    sqlite3_stmt *q;
    if (!find(d, &a, o->run[0], e) || !find(d, &b, o->run[1], e)) return false;
    if (!db_query(d, &q, e, sql_diff, "iin", a, b, (int)o->all)) return false;
    const bool ok = rows_print(NULL, d, q, o->common.format, stdout, e);
    sqlite3_finalize(q);
    return ok;
}

int diff_verb(int argc, char **argv)
{
    options o = { 0 };
    verb_parse(&ARGP, argc, argv, &o);
    error e;
    db d;
    if (!db_open(&d, o.common.db, DB_READ, &e)) return verb_fail(argv[0], &e);
    const bool ok = diff(&d, &o, &e);
    db_close(&d);
    return ok ? verb_done(argv[0], STATUS_DONE) : verb_fail(argv[0], &e);
}
