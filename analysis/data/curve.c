/* curve.c - read how the loss of a run fell; the statements are in curve.sql. */
#include "analysis/data/curve.h"

#include "analysis/data/sql.h"
#include "core/base/growing.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

void curve_add(curve *k, double tokens, double loss)
{
    k->tokens = growing_list(k->tokens, k->n, sizeof *k->tokens);
    k->loss = growing_list(k->loss, k->n, sizeof *k->loss);
    k->seconds = growing_list(k->seconds, k->n, sizeof *k->seconds);
    k->tokens[k->n] = tokens, k->seconds[k->n] = NAN, k->loss[k->n++] = loss;
}

bool curve_read(curve *k, const study *s, db *d, int64_t run_id, bool training, double span,
                error *e)
{
    *k = (curve){ 0 };
    char sql[512];
    snprintf(sql, sizeof sql, sql_curve_evaluations, s->metric.value);
    sqlite3_stmt *q;
    bool row = true, ok = training ? db_query(d, &q, e, sql_curve_training, "id", run_id, span)
                                   : db_query(d, &q, e, sql, "itti", run_id, s->metric.task,
                                              s->metric.split, s->metric.context);
    while (ok && (ok = db_next(d, q, &row, e)) && row)
        if (isfinite(sqlite3_column_double(q, 1)) && sqlite3_column_type(q, 1) != SQLITE_NULL) {
            curve_add(k, sqlite3_column_double(q, 0), sqlite3_column_double(q, 1));
            k->seconds[k->n - 1] = sqlite3_column_double(q, 2) / 1000;
        }
    sqlite3_finalize(q);
    if (!ok) curve_close(k);
    return ok;
}

bool curve_longest(double *tokens, const study *s, db *d, error *e)
{
    int64_t most;
    if (!db_integer(d, &most, 0, e, sql_curve_longest, "i", s->sweep_id)) return false;
    *tokens = (double)most;
    return true;
}

void curve_close(curve *k)
{
    free(k->tokens), free(k->loss), free(k->seconds);
    *k = (curve){ 0 };
}
