/* status.c - attnlab status [STUDY]: how far the studies of a record are.
 *
 * The record does not say who is alive, for a process that dies tells nobody: the locks of the runs
 * do.  To SQL they are a function, alive(run_uid). */
#define _DEFAULT_SOURCE
#include "cli/sql.h"
#include "cli/verbs.h"

#include "core/base/table.h"
#include "core/db/db.h"
#include "experiments/eta.h"
#include "experiments/study_file.h"
#include "trainer/run/progress.h"
#include "trainer/run/record.h"

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
    .doc =
        "How far the studies of a record are, or each run of one (by its name, or its file), with "
        "the time that is left.  'cut off' is a run whose process died: `attnlab sweep` resumes "
        "it.",
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

static bool find_rate(double *rate, db *d, const char *name, error *e)
{
    sqlite3_stmt *q;
    bool row;
    if (!db_query(d, &q, e, sql_status_rate, "ti", name, db_now_ms())) return false;
    const bool ok = db_next(d, q, &row, e);
    *rate = ok && row ? sqlite3_column_double(q, 0) : 0; /* of a NULL: 0 */
    sqlite3_finalize(q);
    return ok;
}

/* "NAME: 3 of 60 cells done, 2 running, about 4 min 10 s left" */
static bool summarise(db *d, const char *name, error *e)
{
    sqlite3_stmt *q;
    bool row, ok;
    int64_t cells = 0;
    double rate = 0, *rest = NULL;
    int done = 0, running = 0, n = 0;
    if (!db_integer(d, &cells, 0, e, sql_status_count, "t", name) ||
        !find_rate(&rate, d, name, e) || !db_query(d, &q, e, sql_status_rest, "t", name))
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
    fprintf(stderr, "%s: %d of %lld cells done, %d running", name, done, (long long)cells, running);
    if (running)
        fprintf(stderr, ", %s%s left\n", rate > 0 ? "about " : "", left);
    else
        fputs(n ? "; `attnlab sweep` goes on\n" : "\n", stderr);
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
    if (sqlite3_create_function(d.handle, "alive", 1, SQLITE_UTF8, &d, alive, NULL, NULL) !=
        SQLITE_OK)
        error_memory();
    if (!a->study)
        ok = print(&d, a->format, sql_status_studies, NULL, e);
    else
        ok = db_integer(&d, &known, 0, e, "SELECT 1 FROM sweep WHERE name=?", "t", name) &&
             (known ||
              error_usage(e, "%s: has no study '%s': `attnlab status` lists them", a->db, name)) &&
             print(&d, a->format, sql_status_cells, name, e) && summarise(&d, name, e);
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
