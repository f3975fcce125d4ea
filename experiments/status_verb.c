/* status_verb.c - attnlab status [STUDY]: how far the studies of a record are. */
#define _DEFAULT_SOURCE
#include "experiments/experiments.h"

#include "core/db.h"
#include "core/table.h"
#include "experiments/sweep.h"

#include <argp.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct arguments {
    const char *study, *db;
    table_format format;
} arguments;

static const struct argp_option OPTIONS[] = {
    { "db", 'd', "FILE", 0, "the record [ATTNLAB_DB, or attnlab.db]", 0 },
    { "output", 'o', "FORMAT", 0, "table (default), md, csv, json or jsonl", 0 },
    { 0 },
};

static error_t parse(int key, char *value, struct argp_state *state)
{
    arguments *a = state->input;
    error e;
    switch (key) {
    case 'd':
        a->db = value;
        return 0;
    case 'o':
        if (!table_format_parse(&a->format, value, &e)) argp_error(state, "%s", e.msg);
        return 0;
    case ARGP_KEY_ARG:
        if (a->study) argp_error(state, "one study at a time");
        a->study = value;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp ARGP = {
    .options = OPTIONS,
    .parser = parse,
    .args_doc = "[STUDY]",
    .doc = "How far the studies of a record are, or each run of one (by its name, or its file).",
};

/* The rows of a statement; a column is a number where SQLite says so. */
static bool print(db *d, table_format f, const char *sql, const char *name, error *e)
{
    enum { MOST = 16 };
    const char *column[MOST];
    sqlite3_stmt *q;
    bool row, ok;
    table t;
    if (!db_query(d, &q, e, sql, name ? "t" : NULL, name)) return false;
    const int n = sqlite3_column_count(q);
    for (int i = 0; i < n && i < MOST; i++) column[i] = sqlite3_column_name(q, i);
    table_open(&t, f, stdout, n, column);
    while ((ok = db_next(d, q, &row, e)) && row)
        for (int i = 0; i < n; i++) switch (sqlite3_column_type(q, i)) {
            case SQLITE_INTEGER:
                table_int(&t, sqlite3_column_int64(q, i));
                break;
            case SQLITE_FLOAT:
                table_real(&t, sqlite3_column_double(q, i), 4);
                break;
            default:
                table_text(&t, (const char *)sqlite3_column_text(q, i));
            }
    table_close(&t);
    sqlite3_finalize(q);
    return ok;
}

static const char STUDIES[] =
    "SELECT s.name AS study, count(DISTINCT a.arm_id) AS arms, count(*) AS runs,"
    " sum(r.status = 'done') AS done, sum(r.status = 'diverged') AS diverged,"
    " sum(r.status = 'failed') AS failed, sum(r.status = 'running') AS begun,"
    " sum(r.status = 'preempted') AS preempted, sum(r.status = 'planned') AS planned"
    " FROM sweep s JOIN arm a USING(sweep_id) JOIN arm_run USING(arm_id) JOIN run r USING(run_id)"
    " WHERE a.dropped = 0 GROUP BY s.sweep_id ORDER BY s.sweep_id";

static const char CELLS[] =
    "SELECT a.label AS arm, ar.pair_key AS seed, r.run_uid AS run, r.status,"
    " coalesce((SELECT max(step) FROM train_step t WHERE t.run_id = r.run_id), 0) AS step,"
    " r.target_step AS steps,"
    " (SELECT loss FROM train_step t WHERE t.run_id = r.run_id ORDER BY step DESC LIMIT 1) AS loss,"
    " r.message FROM sweep s JOIN arm a USING(sweep_id) JOIN arm_run ar USING(arm_id)"
    " JOIN run r USING(run_id) WHERE s.name = ? AND a.dropped = 0 ORDER BY ar.pair_key, a.ord";

/* What is there as a file or folder says its name; anything else is one. */
static bool name_of(char out[SWEEP_NAME], const arguments *a, error *e)
{
    sweep s;
    if (!strchr(a->study, '/') && access(a->study, F_OK) != 0) {
        snprintf(out, SWEEP_NAME, "%s", a->study);
        return true;
    }
    if (!sweep_open(&s, a->study, a->db, NULL, 0, e)) return false;
    snprintf(out, SWEEP_NAME, "%s", s.name);
    sweep_close(&s);
    return true;
}

static bool show(const arguments *a, error *e)
{
    db d;
    int64_t known = 0;
    char name[SWEEP_NAME] = "";
    if (a->study && !name_of(name, a, e)) return false;
    if (!db_open(&d, a->db, DB_READ, e)) return false;
    bool ok = true;
    if (!a->study)
        ok = print(&d, a->format, STUDIES, NULL, e);
    else
        ok = db_integer(&d, &known, 0, e, "SELECT 1 FROM sweep WHERE name=?", "t", name) &&
             (known ||
              error_usage(e, "%s: has no study '%s': `attnlab status` lists them", a->db, name)) &&
             print(&d, a->format, CELLS, name, e);
    db_close(&d);
    return ok;
}

int status_verb(int argc, char **argv)
{
    arguments a = { .db = db_default_path() };
    error e;
    argp_parse(&ARGP, argc, argv, 0, NULL, &a);
    if (show(&a, &e)) return STATUS_DONE;
    fprintf(stderr, "attnlab status: %s\n", e.msg);
    return e.status;
}
