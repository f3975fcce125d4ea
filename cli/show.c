/* show.c - attnlab show RUN | STUDY: all that is on record about one, section by section. */
#include "analysis/data/lookup.h"
#include "analysis/data/rows.h"
#include "cli/sql.h"
#include "cli/verb.h"
#include "cli/verbs.h"

/* A statement with the id of the run or study as its one argument. */
typedef struct section {
    const char *name, *sql;
    bool one; /* at most one row */
} section;

// clang-format off
static const section RUN[] = {
    { "run",           sql_show_run,               true },
    { "studies",       sql_show_run_studies,       false },
    { "model",         sql_show_run_model,         true },
    { "configuration", sql_show_run_configuration, false },
    { "dataset",       sql_show_run_dataset,       true },
    { "code",          sql_show_run_code,          true },
    { "code_files",    sql_show_run_code_files,    false },
    { "attempts",      sql_show_run_attempts,      false },
    { "evaluations",   sql_show_run_evaluations,   false },
    { "checkpoints",   sql_show_run_checkpoints,   false },
    { "events",        sql_show_run_events,        false },
    { 0 },
};

static const section STUDY[] = {
    { "study",         sql_show_study,             true },
    { "versions",      sql_show_study_versions,    false },
    { "arms",          sql_show_study_arms,        false },
    { "runs",          sql_show_study_runs,        false },
    { "comparisons",   sql_show_study_comparisons, false },
    { 0 },
};
// clang-format on

typedef struct options {
    verb common;
    const char *what;
} options;

static error_t parse(int key, char *arg, struct argp_state *state)
{
    options *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->common;
        return 0;
    case ARGP_KEY_ARG:
        if (o->what) argp_error(state, "one run or study");
        o->what = arg;
        return 0;
    case ARGP_KEY_END:
        if (!o->what) argp_error(state, "give a run (its uid, or the start of it) or a study");
        if (o->common.format == TABLE_CSV || o->common.format == TABLE_JSONL ||
            o->common.format == TABLE_LATEX || o->common.format == TABLE_HTML) {
            error e;
            error_usage(&e, "several tables are shown: -o table, md or json");
            verb_refuse(state, &e);
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp ARGP = {
    .parser = parse,
    .args_doc = "RUN|STUDY",
    .doc = "Show all that is on record about a run or a study.\vA run is named by its uid or the "
           "start of it, a study by its name or its study.yaml.",
    .children = verb_child,
};

static bool print_section(db *d, const section *k, int64_t id, table_format f, bool first, error *e)
{
    sqlite3_stmt *s;
    if (!db_query(d, &s, e, k->sql, "i", id)) return false;
    if (f == TABLE_JSON)
        printf("%s\"%s\": ", first ? "{" : ",\n", k->name);
    else
        printf("%s%s%s\n%s", first ? "" : "\n", f == TABLE_MD ? "## " : "", k->name,
               f == TABLE_MD ? "\n" : "");
    const bool ok =
        k->one ? rows_print_one(d, s, f, stdout, e) : rows_print(NULL, d, s, f, stdout, e);
    sqlite3_finalize(s);
    return ok;
}

static bool show(db *d, const options *o, error *e)
{
    int64_t id;
    const section *k = RUN;
    if (!lookup_run_maybe(d, &id, o->what, e)) return false;
    if (!id) {
        if (!lookup_study_maybe(d, &id, o->what, e)) return false;
        k = STUDY;
    }
    if (!id) return error_usage(e, "%s: no run or study '%s'", d->path, o->what);
    for (bool first = true; k->name; k++, first = false)
        if (!print_section(d, k, id, o->common.format, first, e)) return false;
    if (o->common.format == TABLE_JSON) puts("}");
    return true;
}

int show_verb(int argc, char **argv)
{
    options o = { 0 };
    verb_parse(&ARGP, argc, argv, &o);
    error e;
    db d;
    if (!db_open(&d, o.common.db, DB_READ, &e)) return verb_fail(argv[0], &e);
    const bool ok = show(&d, &o, &e);
    db_close(&d);
    return ok ? verb_done(argv[0], STATUS_DONE) : verb_fail(argv[0], &e);
}
