/* task_items.c - read the items of a task, and take means over some of them. */
#include "analysis/figures/task_items.h"

#include <gsl/gsl_sort.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

extern const char sql_figure_task_items[]; /* task_items.sql */

bool task_items_none(bool *ok, figure *f, error *e)
{
    *ok = true;
    if (f->c->scored) return false;
    char *names;
    int n;
    *ok = scores_suites(&names, &n, f->study->sweep_id, f->d, e);
    if (*ok && n)
        figure_missing(f, "the metric is %s: --metric takes a suite (%s)", f->study->metric.name,
                       names);
    else if (*ok)
        figure_missing(f, "no run was evaluated on a suite of tasks");
    free(names);
    return true;
}

bool task_items_read(double **trait, int *known, figure *f, int task, task_items_trait which,
                     error *e)
{
    const scores_task *t = &f->c->scored->scores->task[task];
    double *x = error_zeroed((size_t)t->items, sizeof *x);
    sqlite3_stmt *q;
    int at = 0;
    *known = 0;
    for (int i = 0; i < t->items; i++) x[i] = NAN;
    bool row = true, ok = db_query(f->d, &q, e, sql_figure_task_items, "i", t->task_id);
    while (ok && (ok = db_next(f->d, q, &row, e)) && row) {
        const int item = sqlite3_column_int(q, 0), column = 1 + (int)which;
        while (at < t->items && t->item[at] < item) at++;
        if (at == t->items || t->item[at] != item || sqlite3_column_type(q, column) == SQLITE_NULL)
            continue;
        x[at] = sqlite3_column_double(q, column), ++*known;
    }
    sqlite3_finalize(q);
    *trait = x;
    if (!ok) free(x);
    return ok;
}

int task_items_levels(double *out, const double *x, int n)
{
    int m = 0, levels = 0;
    for (int i = 0; i < n; i++)
        if (!isnan(x[i])) out[m++] = x[i];
    gsl_sort(out, 1, (size_t)m);
    for (int i = 0; i < m; i++)
        if (!levels || out[i] != out[levels - 1]) out[levels++] = out[i];
    return levels;
}

double task_items_mean(const scores *k, int task, int arm, int seed, const bool *in)
{
    const double *x = scores_items(k, task, arm, seed);
    double sum = 0;
    int n = 0;
    if (isnan(k->mean[(task * k->arms + arm) * k->seeds + seed])) return NAN;
    for (int i = 0; i < k->task[task].items; i++)
        if (in[i]) sum += x[i], n++;
    return n ? sum / n : NAN;
}

int task_items_row(const scores *k, int t)
{
    int r = 0;
    while (k->row[r].scope != SCORES_TASK || k->row[r].weight[t] == 0) r++;
    return r;
}
