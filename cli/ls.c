/* ls.c - attnlab ls: the runs, or the studies, a line each. */
#include "analysis/data/lookup.h"
#include "analysis/data/rows.h"
#include "cli/command.h"
#include "cli/sql.h"
#include "core/db/run_status.h"

/* The statuses that a run in the database can have. */
enum { FIRST_STATUS = RUN_PLANNED };

typedef struct options {
    int64_t status; /* from FIRST_STATUS on */
    bool studies;
} options;

// clang-format off
static const option OPTIONS[] = {
    { "studies", 's', OPTION_FLAG,   NULL,     offsetof(options, studies), "list studies instead of runs" },
    { "status",  'S', OPTION_CHOICE, "STATUS", offsetof(options, status),  "only runs with this status", NULL, 0, 0, run_status_words + FIRST_STATUS },
    { 0 },
};
// clang-format on

static bool list(db *d, command_call *call, const options *o, error *e)
{
    const char *status =
        o->status == OPTION_UNSET ? NULL : run_status_words[FIRST_STATUS + o->status];
    int64_t sweep = 0;
    sqlite3_stmt *s;
    if (call->arguments && !lookup_study(d, &sweep, call->argument[0], e)) return false;
    if (!(o->studies ? db_query(d, &s, e, sql_ls_studies, "i", sweep)
                     : db_query(d, &s, e, sql_ls_runs, "it", sweep, status)))
        return false;
    command_rows(call);
    const bool ok = rows_print(NULL, d, s, command_format(call), stdout, e);
    sqlite3_finalize(s);
    return ok;
}

static int run(command_call *call, const void *given)
{
    error e;
    db d;
    if (!db_open(&d, call->db, DB_READ, &e)) return command_fail(call, &e);
    const bool ok = list(&d, call, given, &e);
    db_close(&d);
    return ok ? STATUS_DONE : command_fail(call, &e);
}

const command command_ls = {
    .name = "ls",
    .group = COMMAND_DATABASE,
    .help = "list runs or studies",
    .arguments = "[STUDY]",
    .summary = "List the runs in the database, or those of one study.",
    .text = "dropped: the arm of this run is no longer in its study. Such runs are kept, but no "
            "comparison uses them.",
    .shared = SHARED_DB | SHARED_OUTPUT,
    .options = OPTIONS,
    .size = sizeof(options),
    .run = run,
};
