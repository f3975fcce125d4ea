/* status.c - attnlab status [STUDY]: how far the studies of a database are.
 *
 * The database cannot know which runs are at work, for a process that dies tells nobody: the locks
 * of the runs do.  In SQL they are a function, alive(run_uid). */
#define _DEFAULT_SOURCE
#include "cli/command.h"
#include "cli/sql.h"

#include "analysis/answers/sequence.h"
#include "analysis/data/lookup.h"
#include "analysis/data/rows.h"
#include "core/db/db.h"
#include "experiments/plan_table.h"
#include "trainer/run/progress.h"
#include "trainer/run/run_folder.h"

#include <stdlib.h>

/* Run a statement, with the id of a study as its argument if that is not 0, and print its rows. */
static bool print(command_call *call, db *d, const char *sql, int64_t sweep_id, error *e)
{
    sqlite3_stmt *q;
    if (!db_query(d, &q, e, sql, sweep_id ? "i" : NULL, sweep_id)) return false;
    command_rows(call);
    const bool ok = rows_print(NULL, d, q, command_format(call), stdout, e);
    sqlite3_finalize(q);
    return ok;
}

static bool find_rate(double *rate, db *d, int64_t sweep_id, error *e)
{
    sqlite3_stmt *q;
    bool row;
    if (!db_query(d, &q, e, sql_status_rate, "ii", sweep_id, db_now_ms())) return false;
    const bool ok = db_next(d, q, &row, e);
    *rate = ok && row ? sqlite3_column_double(q, 0) : 0; /* of a NULL: 0 */
    sqlite3_finalize(q);
    return ok;
}

/* "NAME: 3 of 60 cells done, 2 running, about 4 min 10 s left" */
static bool summarise(command_call *call, db *d, int64_t sweep_id, error *e)
{
    sqlite3_stmt *q;
    bool row, ok;
    int64_t cells = 0;
    double rate = 0;
    int done = 0, running = 0, n = 0;
    if (!db_integer(d, &cells, 0, e, sql_status_count, "i", sweep_id) ||
        !find_rate(&rate, d, sweep_id, e) || !db_query(d, &q, e, sql_status_rest, "i", sweep_id))
        return false;
    double *rest = error_zeroed((size_t)cells + 1, sizeof *rest);
    while ((ok = db_next(d, q, &row, e)) && row) {
        done += sqlite3_column_int(q, 0), running += sqlite3_column_int(q, 1);
        if (!sqlite3_column_int(q, 0) && n < cells) rest[n++] = sqlite3_column_double(q, 2) / rate;
    }
    sqlite3_finalize(q);
    char left[32] = "a while";
    if (running && rate > 0) progress_time(left, sizeof left, plan_table_eta(rest, n, running));
    free(rest);
    char *name;
    if (!ok || !db_text(d, &name, e, "SELECT name FROM sweep WHERE sweep_id=?", "i", sweep_id))
        return false;
    command_note(call, NOTE_INFO, "%s: %d of %lld cells done, %d running%s%s%s%s", name, done,
                 (long long)cells, running, running ? ", " : "",
                 running && rate > 0 ? "about " : "", running ? left : "",
                 running ? " left"
                 : n     ? "; `attnlab sweep` resumes"
                         : "");
    free(name);
    return true;
}

/* How near each contrast is to a decision, and what is left at worst, if the study adds seeds until
 * it is decided. */
static bool put_plan(command_call *call, db *d, const char *name, int64_t sweep_id, error *e)
{
    study s;
    comparison c;
    int64_t planned;
    if (!db_integer(d, &planned, 0, e, sql_status_planned, "i", sweep_id)) return false;
    if (!planned) return true;
    if (!study_open(&s, d, name, NULL, -1, e)) return false;
    const bool ok = comparison_open(&c, &s, d, false, e);
    if (ok) {
        for (int i = 0; c.staged && i < c.asked.pairs; i++) {
            char *line = sequence_line(&c, i);
            command_note(call, NOTE_INFO, "%s", line);
            free(line);
        }
        char *line = sequence_rest(&c);
        if (line) command_note(call, NOTE_INFO, "%s", line);
        free(line);
        comparison_close(&c);
    }
    study_free(&s);
    return ok;
}

static void alive(sqlite3_context *x, int n, sqlite3_value **value)
{
    bool yes;
    error ignored;
    const char *uid = (const char *)sqlite3_value_text(value[0]);
    (void)n;
    /* A lock that cannot be looked at is believed to be held. */
    if (!uid || !run_folder_alive(sqlite3_user_data(x), uid, &yes, &ignored)) yes = true;
    sqlite3_result_int(x, yes);
}

static bool show(command_call *call, error *e)
{
    const char *asked = call->arguments ? call->argument[0] : NULL;
    db d;
    int64_t sweep_id = 0;
    bool ok;
    if (!db_open(&d, call->db, DB_READ, e)) return false;
    if (sqlite3_create_function(d.handle, "alive", 1, SQLITE_UTF8, &d, alive, NULL, NULL) !=
        SQLITE_OK)
        error_memory();
    if (!asked)
        ok = print(call, &d, sql_status_studies, 0, e);
    else
        ok = lookup_study(&d, &sweep_id, asked, e) &&
             print(call, &d, sql_status_cells, sweep_id, e) && summarise(call, &d, sweep_id, e) &&
             put_plan(call, &d, asked, sweep_id, e);
    db_close(&d);
    return ok;
}

static int run(command_call *call, const void *given)
{
    error e;
    (void)given;
    return show(call, &e) ? STATUS_DONE : command_fail(call, &e);
}

const command command_status = {
    .name = "status",
    .group = COMMAND_TRAIN,
    .help = "how far studies are",
    .arguments = "[STUDY]",
    .summary =
        "How far the studies in the database are, or each run of one (by its name or its file), "
        "with the time that is left.",
    .text =
        "'cut off' is a run whose process died: `attnlab sweep` resumes it. train_loss is the "
        "loss of the last step on its own batch; `attnlab ls` shows the loss on held-out text.\n\n"
        "Of a study that adds seeds until it is decided, it shows how near each contrast is to "
        "a decision and how many runs are left at worst. That is no look: runs of a block that "
        "is not complete do not count.",
    .shared = SHARED_DB | SHARED_OUTPUT,
    .run = run,
};
