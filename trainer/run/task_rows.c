/* task_rows.c - one statement for each kind of row, prepared once for all rows of a task.
 *
 * A NaN is stored as NULL and read back as NaN.
 */
#include "trainer/run/task_rows.h"

#include "trainer/run/build_row.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void bind_real(sqlite3_stmt *s, int column, double x)
{
    if (isnan(x))
        sqlite3_bind_null(s, column);
    else
        sqlite3_bind_double(s, column, x);
}

static void bind_count(sqlite3_stmt *s, int column, int64_t x, int64_t unknown)
{
    if (x == unknown)
        sqlite3_bind_null(s, column);
    else
        sqlite3_bind_int64(s, column, x);
}

/* Run a statement whose values are bound. */
static bool step(db *d, sqlite3_stmt *s, error *e)
{
    bool row;
    const bool ok = db_next(d, s, &row, e);
    sqlite3_reset(s);
    return ok;
}

static bool write_items(db *d, int64_t task_id, const suite_task *t, const coded *list, error *e)
{
    sqlite3_stmt *s;
    bool ok = db_query(d, &s, e,
                       "INSERT INTO task_item(task_id, item, name, length, distance, depth)"
                       " VALUES(?,?,?,?,?,?)",
                       NULL);
    for (int i = 0; ok && i < t->all.n; i++) {
        const item *it = &t->all.item[i];
        sqlite3_bind_int64(s, 1, task_id);
        sqlite3_bind_int(s, 2, i);
        sqlite3_bind_text(s, 3, it->id, -1, SQLITE_STATIC);
        bind_count(s, 4, list[i].length, 0);
        bind_count(s, 5, it->distance, -1);
        bind_real(s, 6, it->depth < 0 ? NAN : it->depth);
        ok = step(d, s, e);
    }
    sqlite3_finalize(s);
    return ok;
}

static bool find_task(db *d, int64_t *task_id, int64_t suite_id, const suite_task *t, error *e)
{
    return db_integer(d, task_id, 0, e, "SELECT task_id FROM task WHERE suite_id=? AND name=?",
                      "it", suite_id, t->name);
}

static bool add_tasks(db *d, int64_t suite_id, const suite *s, coded *const *list, error *e)
{
    bool ok = true;
    for (int i = 0; ok && i < s->tasks; i++) {
        const suite_task *t = &s->task[i];
        ok = db_run(d, e,
                    "INSERT INTO task(suite_id, ord, name, grp, kind, metric, shots, n_items,"
                    " chance) VALUES(?,?,?,?,?,?,?,?,?)",
                    "inttttnnd", suite_id, i, t->name, t->group, t->kind->name, t->metric, t->shots,
                    t->all.n, t->chance) &&
             write_items(d, db_last_id(d), t, list[i], e);
    }
    return ok;
}

bool task_rows_suite(db *d, int64_t *task_id, const suite *s, coded *const *list, error *e)
{
    int64_t suite_id;
    if (!db_integer(d, &suite_id, 0, e, "SELECT suite_id FROM suite WHERE sha256=?", "t",
                    s->sha256))
        return false;
    if (!suite_id) {
        if (!db_run(d, e, "INSERT INTO suite(sha256, name, path) VALUES(?,?,?)", "ttt", s->sha256,
                    s->name, s->path))
            return false;
        suite_id = db_last_id(d);
        if (!add_tasks(d, suite_id, s, list, e)) return false;
    }
    bool ok = true;
    for (int i = 0; ok && i < s->tasks; i++)
        ok = find_task(d, &task_id[i], suite_id, &s->task[i], e);
    return ok;
}

/* --- scores ----------------------------------------------------------------------------------- */

static bool write_scores(db *d, int64_t id, const task_result *r, error *e)
{
    sqlite3_stmt *s;
    bool ok = db_query(d, &s, e,
                       "INSERT INTO task_score(task_eval_id, item, acc, acc_norm, margin, nll,"
                       " n_tok, n_bytes, options_json) VALUES(?,?,?,?,?,?,?,?,?)",
                       NULL);
    for (int i = 0; ok && i < r->scored; i++) {
        const task_score *x = &r->score[i];
        sqlite3_bind_int64(s, 1, id);
        sqlite3_bind_int(s, 2, x->item);
        bind_real(s, 3, x->acc), bind_real(s, 4, x->acc_norm), bind_real(s, 5, x->margin);
        bind_real(s, 6, x->nll);
        sqlite3_bind_int64(s, 7, x->tokens);
        bind_count(s, 8, x->bytes, 0);
        sqlite3_bind_text(s, 9, x->detail, -1, SQLITE_STATIC);
        ok = step(d, s, e);
    }
    sqlite3_finalize(s);
    return ok;
}

static bool find(db *d, int64_t *id, const task_key *key, error *e)
{
    return db_integer(d, id, 0, e,
                      "SELECT task_eval_id FROM task_eval WHERE run_id=? AND step=? AND task_id=?"
                      " AND context=?",
                      "iiin", key->run_id, key->step, key->task_id, key->context);
}

bool task_rows_write(db *d, const task_key *key, const task_result *r, error *e)
{
    int64_t id, code_id;
    if (!find(d, &id, key, e)) return false;
    if (id) return true;
    return build_row_code(d, &code_id, e) &&
           db_run(d, e,
                  "INSERT INTO task_eval(run_id, step, task_id, context, n_scored, n_skipped,"
                  " n_truncated, wall_ms, code_id) VALUES(?,?,?,?,?,?,?,?,?)",
                  "iiinnnnii", key->run_id, key->step, key->task_id, key->context, r->scored,
                  r->skipped, r->truncated, r->wall_ms, code_id) &&
           write_scores(d, db_last_id(d), r, e);
}

static double real_of(sqlite3_stmt *s, int column)
{
    return sqlite3_column_type(s, column) == SQLITE_NULL ? NAN : sqlite3_column_double(s, column);
}

static bool read_head(db *d, task_result *out, int64_t id, error *e)
{
    sqlite3_stmt *s;
    bool row = false;
    const bool ok = db_query(d, &s, e,
                             "SELECT n_scored, n_skipped, n_truncated, wall_ms FROM task_eval"
                             " WHERE task_eval_id=?",
                             "i", id) &&
                    db_next(d, s, &row, e);
    if (ok && row) {
        out->skipped = sqlite3_column_int(s, 1), out->truncated = sqlite3_column_int(s, 2);
        out->wall_ms = sqlite3_column_int64(s, 3);
        out->score = error_zeroed((size_t)sqlite3_column_int(s, 0), sizeof *out->score);
    }
    sqlite3_finalize(s);
    return ok;
}

static bool read_scores(db *d, task_result *out, int64_t id, error *e)
{
    sqlite3_stmt *s;
    bool row, ok = db_query(d, &s, e,
                            "SELECT item, acc, acc_norm, margin, nll, n_tok, n_bytes, options_json"
                            " FROM task_score WHERE task_eval_id=? ORDER BY item",
                            "i", id);
    while (ok && (ok = db_next(d, s, &row, e)) && row)
        out->score[out->scored++] = (task_score){ .item = sqlite3_column_int(s, 0),
                                                  .acc = real_of(s, 1),
                                                  .acc_norm = real_of(s, 2),
                                                  .margin = real_of(s, 3),
                                                  .nll = real_of(s, 4),
                                                  .tokens = sqlite3_column_int64(s, 5),
                                                  .bytes = sqlite3_column_int64(s, 6),
                                                  .detail = db_column(s, 7) };
    sqlite3_finalize(s);
    return ok;
}

bool task_rows_read(db *d, bool *found, task_result *out, const task_key *key, error *e)
{
    int64_t id;
    *out = (task_result){ 0 };
    if (!find(d, &id, key, e)) return false;
    *found = id != 0;
    if (!id || (read_head(d, out, id, e) && read_scores(d, out, id, e))) return true;
    task_result_close(out);
    return false;
}
