/* ls.c - attnlab ls: the runs, or the studies, a line each. */
#include "analysis/data/lookup.h"
#include "analysis/data/rows.h"
#include "cli/command.h"

#include <string.h>

static const char RUNS[] =
    "WITH plan AS (SELECT ar.run_id, group_concat(DISTINCT s.name) AS study,"
    "  group_concat(DISTINCT a.label) AS arm FROM arm_run ar JOIN arm a USING(arm_id)"
    "  JOIN sweep s USING(sweep_id) GROUP BY ar.run_id)"
    " SELECT r.run_uid, p.study, coalesce(p.arm, f.attention) AS arm, r.seed_init AS seed,"
    "  r.status, r.last_step AS step, r.target_step,"
    "  (SELECT loss FROM (SELECT nll_sum / n_tok AS loss, step, e.context,"
    "    e.context = f.context AS own FROM eval e WHERE e.run_id = r.run_id AND split = 'val'"
    "    AND task = 'lm') ORDER BY step DESC, own DESC, context LIMIT 1)"
    "  AS val_loss,"
    "  (SELECT tokens FROM train_step t WHERE t.run_id = r.run_id ORDER BY step DESC LIMIT 1)"
    "  AS tokens, round(r.train_ms / 1000.0, 1) AS train_s"
    " FROM run r JOIN config f USING(config_id) LEFT JOIN plan p USING(run_id)"
    " WHERE (?1 = 0 OR r.run_id IN (SELECT run_id FROM arm_run JOIN arm USING(arm_id)"
    "   WHERE sweep_id = ?1)) AND (?2 IS NULL OR r.status = ?2)"
    " ORDER BY p.study, (SELECT min(ord) FROM arm_run JOIN arm USING(arm_id)"
    "   WHERE run_id = r.run_id), r.seed_init, r.generation, r.run_id";

static const char STUDIES[] =
    "SELECT s.name AS study,"
    " (SELECT count(*) FROM arm WHERE sweep_id = s.sweep_id AND dropped = 0) AS arms,"
    " v.seeds, v.metric, v.margin,"
    " count(r.run_id) AS runs, coalesce(sum(r.status = 'done'), 0) AS done,"
    " coalesce(sum(r.status = 'diverged'), 0) AS diverged,"
    " coalesce(sum(r.status = 'failed'), 0) AS failed,"
    " coalesce(sum(r.status IN ('planned', 'running', 'preempted')), 0) AS unfinished,"
    " (SELECT count(*) FROM comparison WHERE sweep_id = s.sweep_id) AS looks, v.question"
    " FROM sweep s LEFT JOIN sweep_version v ON v.sweep_id = s.sweep_id AND v.version ="
    "  (SELECT max(version) FROM sweep_version WHERE sweep_id = s.sweep_id)"
    " LEFT JOIN run r ON r.run_id IN (SELECT run_id FROM arm_run JOIN arm USING(arm_id)"
    "  WHERE arm.sweep_id = s.sweep_id AND arm.dropped = 0)"
    " WHERE ?1 = 0 OR s.sweep_id = ?1 GROUP BY s.sweep_id ORDER BY s.created_ms, s.sweep_id";

static const char *const STATUSES[] = { "planned", "running",   "done", "diverged",
                                        "failed",  "preempted", NULL };

typedef struct options {
    int64_t status;
    bool studies;
} options;

// clang-format off
static const option OPTIONS[] = {
    { "studies", 's', OPTION_FLAG,   NULL,     offsetof(options, studies), "list studies instead of runs" },
    { "status",  'S', OPTION_CHOICE, "STATUS", offsetof(options, status),  "only runs with this status", NULL, 0, 0, STATUSES },
    { 0 },
};
// clang-format on

static bool list(db *d, command_call *call, const options *o, error *e)
{
    const char *status = o->status == OPTION_UNSET ? NULL : STATUSES[o->status];
    int64_t sweep = 0;
    sqlite3_stmt *s;
    if (call->arguments && !lookup_study(d, &sweep, call->argument[0], e)) return false;
    if (!(o->studies ? db_query(d, &s, e, STUDIES, "i", sweep)
                     : db_query(d, &s, e, RUNS, "it", sweep, status)))
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
    .shared = SHARED_DB | SHARED_OUTPUT,
    .options = OPTIONS,
    .size = sizeof(options),
    .run = run,
};
