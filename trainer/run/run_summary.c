/* run_summary.c - final loss, weights and the next command of a run that is done, from its rows. */
#include "trainer/run/run_summary.h"

#include "core/db/metric.h"
#include "trainer/run/run_folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ": val_loss@512 3.4712", or nothing if the last step was not evaluated. */
static bool final_loss(char *out, size_t size, db *d, int64_t run_id, error *e)
{
    sqlite3_stmt *s;
    bool row, ok;
    out[0] = '\0';
    if (!db_query(d, &s, e,
                  "SELECT split, context, nll_sum / n_tok FROM eval JOIN run USING(run_id)"
                  " WHERE run_id=? AND step=last_step AND task=? ORDER BY context DESC LIMIT 1",
                  "it", run_id, METRIC_DEFAULT_TASK))
        return false;
    if ((ok = db_next(d, s, &row, e)) && row) {
        char name[METRIC_NAME];
        metric_write(name, sizeof name, METRIC_DEFAULT_TASK,
                     (const char *)sqlite3_column_text(s, 0), METRIC_DEFAULT_KIND,
                     sqlite3_column_int64(s, 1));
        snprintf(out, size, ": %s %.4f", name, sqlite3_column_double(s, 2));
    }
    sqlite3_finalize(s);
    return ok;
}

bool run_summary_print(db *d, const run_row *r, error *e)
{
    char loss[METRIC_NAME + 32], *file = NULL;
    if (!final_loss(loss, sizeof loss, d, r->run_id, e) ||
        !db_text(d, &file, e, "SELECT file FROM ckpt WHERE run_id=? ORDER BY step DESC LIMIT 1",
                 "i", r->run_id))
        return false;
    char *path = file ? run_folder_path(d, r->uid, file) : NULL;
    const bool usual = strcmp(d->path, "attnlab.db") == 0;
    fprintf(stderr, "run %s is done%s; weights: %s; next: attnlab show %s%s%s\n", r->uid, loss,
            path ? path : "not kept (train.keep=none)", r->uid, usual ? "" : " --db ",
            usual ? "" : d->path);
    free(path), free(file);
    return true;
}
