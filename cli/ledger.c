/* ledger.c - attnlab ledger [STUDY]: every verdict that this database has shown. */
#include "analysis/answers/ledger.h"
#include "analysis/data/lookup.h"
#include "analysis/data/rows.h"
#include "cli/command.h"
#include "cli/sql.h"

static bool show(command_call *call, error *e)
{
    db d;
    sqlite3_stmt *q = NULL;
    int64_t sweep_id = 0;
    notes list = { 0 };
    if (!db_open(&d, call->db, DB_READ, e)) return false;
    bool ok = (!call->arguments || lookup_study(&d, &sweep_id, call->argument[0], e)) &&
              db_query(&d, &q, e, sql_ledger_verdicts, "i", sweep_id);
    if (ok) {
        command_rows(call);
        ok = rows_print(NULL, &d, q, command_format(call), stdout, e);
    }
    sqlite3_finalize(q);
    ok = ok && ledger_sum(&list, &d, e);
    command_notes(call, &list);
    db_close(&d);
    return ok;
}

static int run(command_call *call, const void *given)
{
    error e;
    (void)given;
    return show(call, &e) ? STATUS_DONE : command_fail(call, &e);
}

const command command_ledger = {
    .name = "ledger",
    .group = COMMAND_COMPARE,
    .help = "every verdict ever shown, and false discoveries over studies",
    .arguments = "[STUDY]",
    .summary =
        "Every verdict that compare, plot, report and frontier have shown from this database, "
        "in order, and which studies were entered in the ledger.",
    .text = "If you try 50 ideas at alpha 0.05, some of those you keep have no effect. `attnlab "
            "compare STUDY "
            "--ledger` tests a study at a level that depends on the studies entered before it "
            "(LORD++), "
            "so that at most 5 % of the studies in which an arm is found better are expected to be "
            "false. Each study is entered once, after its last run, and the entry is final.",
    .shared = SHARED_DB | SHARED_OUTPUT,
    .run = run,
};
