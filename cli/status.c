/* status.c - attnlab status [STUDY]: how far the studies of a database are.
 *
 * The database cannot know which runs are at work, for a process that dies tells nobody: the locks
 * of the runs do.  In SQL they are a function, alive(run_uid). */
#define _DEFAULT_SOURCE
#include "cli/command.h"

#include "analysis/data/rows.h"
#include "core/db/db.h"
#include "experiments/eta.h"
#include "experiments/study_file.h"
#include "trainer/run/progress.h"
#include "trainer/run/record.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool print(command_call *call, db *d, const char *sql, const char *name, error *e)
{
    sqlite3_stmt *q;
    if (!db_query(d, &q, e, sql, name ? "t" : NULL, name)) return false;
    command_rows(call);
    const bool ok = rows_print(NULL, d, q, command_format(call), stdout, e);
    sqlite3_finalize(q);
    return ok;
}

#define DEAD "(r.status = 'running' AND NOT alive(r.run_uid))"

static const char STUDIES[] =
    "SELECT s.name AS study, count(DISTINCT a.arm_id) AS arms, count(*) AS runs,"
    " sum(r.status = 'done') AS done, sum(r.status = 'diverged') AS diverged,"
    " sum(r.status = 'failed') AS failed, sum(r.status = 'running' AND NOT " DEAD ") AS running,"
    " sum(" DEAD ") AS cut_off, sum(r.status = 'preempted') AS preempted,"
    " sum(r.status = 'planned') AS planned"
    " FROM sweep s JOIN arm a USING(sweep_id) JOIN arm_run USING(arm_id) JOIN run r USING(run_id)"
    " WHERE a.dropped = 0 GROUP BY s.sweep_id ORDER BY s.sweep_id";

static const char CELLS[] =
    "SELECT a.label AS arm, ar.pair_key AS seed, r.run_uid AS run,"
    " iif(" DEAD ", 'cut off', r.status) AS status,"
    " coalesce((SELECT max(step) FROM train_step t WHERE t.run_id = r.run_id), 0) AS step,"
    " r.target_step AS steps,"
    " (SELECT loss FROM train_step t WHERE t.run_id = r.run_id ORDER BY step DESC LIMIT 1) AS loss,"
    " r.message FROM sweep s JOIN arm a USING(sweep_id) JOIN arm_run ar USING(arm_id)"
    " JOIN run r USING(run_id) WHERE s.name = ? AND a.dropped = 0 ORDER BY ar.pair_key, a.ord";

/* Work is counted in FLOPs of training, as sweep does on the way. */
#define CELL                                                                                       \
    "WITH cell AS (SELECT r.run_id, r.run_uid, ar.pair_key, a.ord, r.attempts, r.target_step,"     \
    " r.status IN ('done', 'diverged') AS finished,"                                               \
    " r.status = 'running' AND alive(r.run_uid) AS running,"                                       \
    " coalesce((SELECT max(step) FROM train_step t WHERE t.run_id = r.run_id), 0) AS step,"        \
    " c.train_flops_per_token * p.value AS work"                                                   \
    " FROM sweep s JOIN arm a USING(sweep_id) JOIN arm_run ar USING(arm_id) JOIN run r"            \
    " USING(run_id) JOIN config c ON c.config_id = r.config_id JOIN config_param p ON"             \
    " p.config_id = c.config_id AND p.key = 'train.batch_tokens'"                                  \
    " WHERE s.name = ?1 AND a.dropped = 0) "

static const char REST[] = CELL "SELECT finished, running, work * (target_step - step) FROM cell"
                                " ORDER BY running DESC, pair_key, ord";

/* What a worker did a second: those at work, and those that ended in the last hour. */
static const char RATE[] =
    CELL "SELECT sum(work * (coalesce(t.to_step, step) - t.from_step)) /"
         " (1e-3 * sum(coalesce(t.ended_ms, ?2) - t.started_ms)) FROM cell JOIN attempt t"
         " USING(run_id) WHERE (t.ended_ms IS NULL AND running AND t.attempt = attempts) OR"
         " (t.ended_ms > ?2 - 3600000 AND t.to_step > t.from_step)";

static bool find_rate(double *rate, db *d, const char *name, error *e)
{
    sqlite3_stmt *q;
    bool row;
    if (!db_query(d, &q, e, RATE, "ti", name, db_now_ms())) return false;
    const bool ok = db_next(d, q, &row, e);
    *rate = ok && row ? sqlite3_column_double(q, 0) : 0; /* of a NULL: 0 */
    sqlite3_finalize(q);
    return ok;
}

/* "NAME: 3 of 60 cells done, 2 running, about 4 min 10 s left" */
static bool summarise(command_call *call, db *d, const char *name, error *e)
{
    sqlite3_stmt *q;
    bool row, ok;
    int64_t cells = 0;
    double rate = 0, *rest = NULL;
    int done = 0, running = 0, n = 0;
    if (!db_integer(d, &cells, 0, e, CELL "SELECT count(*) FROM cell", "t", name) ||
        !find_rate(&rate, d, name, e) || !db_query(d, &q, e, REST, "t", name))
        return false;
    if (!(rest = calloc((size_t)cells + 1, sizeof *rest))) error_memory();
    while ((ok = db_next(d, q, &row, e)) && row) {
        done += sqlite3_column_int(q, 0), running += sqlite3_column_int(q, 1);
        if (!sqlite3_column_int(q, 0) && n < cells) rest[n++] = sqlite3_column_double(q, 2) / rate;
    }
    sqlite3_finalize(q);
    char left[32] = "a while";
    if (running && rate > 0) progress_time(left, sizeof left, eta_deal(rest, n, running));
    free(rest);
    if (!ok) return false;
    command_note(call, NOTE_INFO, "%s: %d of %lld cells done, %d running%s%s%s%s", name, done,
                 (long long)cells, running, running ? ", " : "",
                 running && rate > 0 ? "about " : "", running ? left : "",
                 running ? " left"
                 : n     ? "; `attnlab sweep` resumes"
                         : "");
    return true;
}

static void alive(sqlite3_context *x, int n, sqlite3_value **value)
{
    bool yes;
    error ignored;
    const char *uid = (const char *)sqlite3_value_text(value[0]);
    (void)n;
    /* A lock that cannot be looked at is believed to be held. */
    if (!uid || !record_alive(sqlite3_user_data(x), uid, &yes, &ignored)) yes = true;
    sqlite3_result_int(x, yes);
}

/* What is there as a file or folder says its name; anything else is one. */
static bool name_of(char out[SWEEP_NAME], const char *given, const char *path, error *e)
{
    sweep s;
    if (!strchr(given, '/') && access(given, F_OK) != 0) {
        snprintf(out, SWEEP_NAME, "%s", given);
        return true;
    }
    if (!sweep_open(&s, given, path, NULL, 0, e)) return false;
    snprintf(out, SWEEP_NAME, "%s", s.name);
    sweep_close(&s);
    return true;
}

static bool show(command_call *call, error *e)
{
    const char *asked = call->arguments ? call->argument[0] : NULL;
    db d;
    int64_t known = 0;
    char name[SWEEP_NAME] = "";
    if (asked && !name_of(name, asked, call->db, e)) return false;
    if (!db_open(&d, call->db, DB_READ, e)) return false;
    bool ok = true;
    if (sqlite3_create_function(d.handle, "alive", 1, SQLITE_UTF8, &d, alive, NULL, NULL) !=
        SQLITE_OK)
        error_memory();
    if (!asked)
        ok = print(call, &d, STUDIES, NULL, e);
    else
        ok = db_integer(&d, &known, 0, e, "SELECT 1 FROM sweep WHERE name=?", "t", name) &&
             (known || error_usage(e, "%s: has no study '%s': `attnlab status` lists them",
                                   call->db, name)) &&
             print(call, &d, CELLS, name, e) && summarise(call, &d, name, e);
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
    .text = "'cut off' is a run whose process died: `attnlab sweep` resumes it.",
    .shared = SHARED_DB | SHARED_OUTPUT,
    .run = run,
};
