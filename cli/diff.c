/* diff.c - attnlab diff A B: in what two runs differ: configuration, code, environment,
 * results.
 *
 * A run is its uid (or the start of it), or STUDY/ARM/SEED.
 */
#include "analysis/data/lookup.h"
#include "analysis/data/rows.h"
#include "cli/command.h"
#include "cli/sql.h"

#include <stdlib.h>
#include <string.h>

typedef struct options {
    bool all;
} options;

// clang-format off
static const option OPTIONS[] = {
    { "all", 'a', OPTION_FLAG, NULL, offsetof(options, all), "also show what is the same in both" },
    { 0 },
};
// clang-format on

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

static bool diff(db *d, command_call *call, const options *o, error *e)
{
    int64_t a, b;
    sqlite3_stmt *q;
    if (!find(d, &a, call->argument[0], e) || !find(d, &b, call->argument[1], e)) return false;
    if (!db_query(d, &q, e, sql_diff, "iin", a, b, (int)o->all)) return false;
    command_rows(call);
    const bool ok = rows_print(NULL, d, q, command_format(call), stdout, e);
    sqlite3_finalize(q);
    return ok;
}

static int run(command_call *call, const void *given)
{
    error e;
    db d;
    if (!db_open(&d, call->db, DB_READ, &e)) return command_fail(call, &e);
    const bool ok = diff(&d, call, given, &e);
    db_close(&d);
    return ok ? STATUS_DONE : command_fail(call, &e);
}

const command command_diff = {
    .name = "diff",
    .group = COMMAND_COMPARE,
    .help = "how two runs differ",
    .arguments = "RUN RUN",
    .summary = "How two runs differ: configuration, seeds, size, code, environment, results.",
    .text = "A run is named by its uid, the start of its uid, or STUDY/ARM/SEED.",
    .shared = SHARED_DB | SHARED_OUTPUT,
    .options = OPTIONS,
    .size = sizeof(options),
    .run = run,
};
