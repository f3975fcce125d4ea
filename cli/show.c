/* show.c - attnlab show RUN | STUDY: everything that the database holds about it, by sections. */
#include "analysis/data/lookup.h"
#include "analysis/data/rows.h"
#include "cli/command.h"
#include "cli/sql.h"

/* A statement with the id of the run or study as its one argument. */
typedef struct section {
    const char *name, *sql;
    bool one; /* at most one row */
} section;

// clang-format off
static const section RUN[] = {
    { "run",           sql_show_run,               true },
    { "studies",       sql_show_run_studies,       false },
    { "lineage",       sql_show_run_lineage,       false },
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

static bool show(db *d, command_call *call, error *e)
{
    const char *what = call->argument[0];
    const table_format f = command_format(call);
    const section *k = RUN;
    int64_t id;
    if (!lookup_run_maybe(d, &id, what, e)) return false;
    if (!id) {
        if (!lookup_study_maybe(d, &id, what, e)) return false;
        k = STUDY;
    }
    if (!id) return error_usage(e, "%s: no run or study '%s'", d->path, what);
    for (bool first = true; k->name; k++, first = false)
        if (!print_section(d, k, id, f, first, e)) return false;
    call->document = true; /* each section is a field of the object */
    return true;
}

static int run(command_call *call, const void *given)
{
    const table_format f = command_format(call);
    error e;
    db d;
    (void)given;
    if (f != TABLE_TEXT && f != TABLE_MD && f != TABLE_JSON)
        return command_refuse(call, "--output: several tables are shown: table, md or json");
    if (!db_open(&d, call->db, DB_READ, &e)) return command_fail(call, &e);
    const bool ok = show(&d, call, &e);
    db_close(&d);
    return ok ? STATUS_DONE : command_fail(call, &e);
}

const command command_show = {
    .name = "show",
    .group = COMMAND_DATABASE,
    .help = "everything about one run or study",
    .arguments = "RUN|STUDY",
    .summary = "Show everything that the database holds about a run or a study.",
    .text = "A run is named by its uid or the start of its uid, a study by its name or its file.",
    .shared = SHARED_DB | SHARED_OUTPUT,
    .run = run,
};
