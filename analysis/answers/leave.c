/* leave.c - read the training losses of a study, and find the moments of leaving the plateau.
 *
 * Statement leave_losses (leave.sql) gives the losses of a run in the order of its steps.
 */
#include "analysis/answers/leave.h"

#include "analysis/answers/sql.h"
#include "core/base/growing.h"

#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>

/* Losses that are not finite end the curve. */
static bool read_run(leave *k, int cell, db *d, error *e)
{
    double *loss = NULL;
    plateau_run *run = &k->run[cell];
    sqlite3_stmt *q;
    bool row = true, ok = db_query(d, &q, e, sql_leave_losses, "i", k->c->study->cell[cell].run_id);
    while (ok && (ok = db_next(d, q, &row, e)) && row) {
        const double x = sqlite3_column_double(q, 0);
        if (sqlite3_column_type(q, 0) == SQLITE_NULL || !isfinite(x)) break;
        loss = growing_list(loss, run->n, sizeof *loss);
        loss[run->n++] = x;
        k->tokens[cell] = sqlite3_column_double(q, 1) / run->n;
    }
    sqlite3_finalize(q);
    run->loss = k->loss[cell] = loss;
    return ok;
}

bool leave_open(leave *k, const comparison *c, db *d, error *e)
{
    const study *s = c->study;
    const int cells = s->arms * s->seeds;
    *k = (leave){ .c = c,
                  .run = error_zeroed((size_t)cells, sizeof *k->run),
                  .loss = error_zeroed((size_t)cells, sizeof *k->loss),
                  .tokens = error_zeroed((size_t)cells, sizeof *k->tokens),
                  .moment = error_zeroed((size_t)cells, sizeof *k->moment) };
    for (int i = 0; i < cells; i++)
        if (s->cell[i].status == STUDY_DONE && !read_run(k, i, d, e)) {
            leave_close(k);
            return false;
        }
    plateau_find(&k->plateau, k->run, cells);
    for (int i = 0; i < cells; i++) k->moment[i] = k->run[i].moment;
    plateau_explain(&k->share, k->moment, c->y, s->arms, s->seeds);
    return true;
}

void leave_close(leave *k)
{
    for (int i = 0; k->loss && i < k->c->study->arms * k->c->study->seeds; i++) free(k->loss[i]);
    free(k->run), free(k->loss), free(k->tokens), free(k->moment);
    *k = (leave){ 0 };
}

leave_arm leave_of(const leave *k, int arm)
{
    const study *s = k->c->study;
    leave_arm out = { 0, 0, NAN, NAN, NAN };
    double *x = error_zeroed((size_t)s->seeds, sizeof *x);
    for (int i = arm * s->seeds; i < (arm + 1) * s->seeds; i++) {
        if (!isnan(k->moment[i]))
            x[out.n++] = k->moment[i];
        else
            out.stayed += k->run[i].n >= PLATEAU_FEWEST;
    }
    if (out.n) {
        gsl_sort(x, 1, (size_t)out.n);
        out.first = x[0], out.last = x[out.n - 1];
        out.median = gsl_stats_median_from_sorted_data(x, 1, (size_t)out.n);
    }
    free(x);
    return out;
}

bool leave_explains(const leave *k)
{
    return k->plateau.found && k->share.later_is_worse && k->share.lo >= LEAVE_SHARE;
}

void leave_note(notes *out, const leave *k)
{
    const study *s = k->c->study;
    leave_arm widest = { 0 };
    int arm = -1, steps = 0;
    if (!leave_explains(k)) return;
    for (int a = 0; a < s->arms; a++) {
        const leave_arm x = leave_of(k, a);
        if (x.n < 2 || (arm >= 0 && x.last / x.first <= widest.last / widest.first)) continue;
        arm = a, widest = x;
    }
    if (arm < 0) return;
    for (int i = arm * s->seeds; i < (arm + 1) * s->seeds; i++)
        if (k->run[i].n > steps) steps = k->run[i].n;
    notes_add(out, NOTE_WARNING,
              "Runs of one arm (%s) left the first plateau of the training loss between steps %.0f "
              "and %.0f of %d, and that moment explains %.0f %% of the spread within arms (95 %% "
              "interval %.0f to %.0f): longer training would compare the arms, and not the "
              "moments. `attnlab noise %s` shows them.",
              s->arm[arm].label, widest.first, widest.last, steps, 100 * k->share.r2,
              100 * k->share.lo, 100 * k->share.hi, s->name);
}
