/* figures_position.c - loss by position in the window; see figures.h. */
#include "analysis/figure.h"
#include "analysis/figures.h"

#include <math.h>
#include <stdlib.h>

enum {
    PANEL = 560, /* width of the plot, in pixels */
    SPANS = 32,  /* of positions, at most         */
};

/* Means over windows, finished seeds and the positions of each span, as a block of data; *points is
 * how many spans had any. */
static bool put_arm(figure *f, int *points, int64_t *length, const comparison *c, db *d, int arm,
                    double *lo, double *hi, error *e)
{
    const study *s = c->study;
    double nll[SPANS] = { 0 }, tokens[SPANS] = { 0 };
    *points = 0;
    for (int i = 0; i < s->seeds; i++) {
        const study_cell *cell = study_at(s, arm, i);
        if (cell->status != STUDY_DONE) continue;
        sqlite3_stmt *q;
        /* Of the lengths it was evaluated at, the longest. */
        bool row = true,
             ok = db_query(d, &q, e,
                           "SELECT p.pos, p.n, p.nll_sum, e.context FROM eval_pos p JOIN eval e"
                           " USING(eval_id) WHERE eval_id = (SELECT eval_id FROM eval x"
                           " JOIN run r USING(run_id) WHERE r.run_id = ? AND x.step = r.last_step"
                           " AND x.task = ? AND x.split = ? ORDER BY x.context DESC, x.stride DESC"
                           " LIMIT 1)",
                           "itt", cell->run_id, s->metric.task, s->metric.split);
        while (ok && (ok = db_next(d, q, &row, e)) && row) {
            *length = sqlite3_column_int64(q, 3);
            const int64_t spans = *length < SPANS ? *length : SPANS;
            const int64_t k = sqlite3_column_int64(q, 0) * spans / *length;
            if (k < 0 || k >= SPANS) continue;
            tokens[k] += sqlite3_column_double(q, 1), nll[k] += sqlite3_column_double(q, 2);
        }
        sqlite3_finalize(q);
        if (!ok) return false;
    }
    for (int k = 0; k < SPANS; k++) *points += tokens[k] > 0;
    if (!*points) return true;
    figure_block(f, s->arm[arm].label);
    for (int k = 0; k < SPANS; k++) {
        if (!(tokens[k] > 0)) continue;
        const double mean = nll[k] / tokens[k];
        const int64_t spans = *length < SPANS ? *length : SPANS;
        fprintf(f->dat.f, "%.9g %.9g\n", (k + 0.5) * (double)*length / (double)spans, mean);
        *lo = fmin(*lo, mean), *hi = fmax(*hi, mean);
    }
    return true;
}

static void put_script(FILE *gp, const comparison *c, const bool *drawn, int64_t length, double lo,
                       double hi, int width)
{
    const double pad = hi > lo ? 0.05 * (hi - lo) : 0.01;
    fprintf(gp,
            "set xrange [0:%lld]\nset yrange [%.9g:%.9g]\n"
            "set xlabel 'position in the window, tokens'\nset ylabel 'loss, nats a token'\n",
            (long long)length, lo - pad, hi + pad);
    figure_tics(gp, 'x', 0, (double)length, 6);
    figure_tics(gp, 'y', lo - pad, hi + pad, 6);
    figure_remark(gp, "means over seeds, windows and spans of positions, of the last evaluation");
    fprintf(gp,
            "set lmargin at screen %.4f\nset rmargin at screen %.4f\n"
            "set key at screen %.4f,0.88 left top vertical Left reverse samplen 2\nplot \\\n",
            75.0 / width, (double)PANEL / width, (PANEL + 8.0) / width);
    int block = 0;
    for (int a = 0; a < c->study->arms; a++) {
        if (!drawn[a]) continue;
        fprintf(gp,
                "  data index %d using 1:2 with linespoints lw 2 lc rgb '%s' pt %d ps 0.5 "
                "pointinterval -4 title ",
                block++, figure_colour(a, false), figure_point(a));
        figure_quote(gp, c->study->arm[a].label);
        fputs(", \\\n", gp);
    }
    fputs("  NaN notitle\n", gp);
}

bool figures_position(const char *folder, const comparison *c, db *d, bool *drawn, error *e)
{
    const int arms = c->study->arms;
    bool *has = calloc((size_t)arms + 1, sizeof *has);
    if (!has) abort();
    int width = 0;
    for (int a = 0; a < arms; a++) width = figure_legend(width, c->study->arm[a].label);
    width += PANEL + 10;
    figure f;
    double lo = INFINITY, hi = -INFINITY;
    int64_t length = 0;
    bool ok = figure_open(&f, folder, "position", width, 380, e);
    *drawn = false;
    if (!ok) {
        free(has);
        return false;
    }
    for (int a = 0; ok && a < arms; a++) {
        int points;
        ok = put_arm(&f, &points, &length, c, d, a, &lo, &hi, e);
        has[a] = points > 0;
        *drawn = *drawn || has[a];
    }
    if (ok && *drawn) {
        put_script(f.gp.f, c, has, length, lo, hi, width);
        ok = figure_close(&f, e);
    } else {
        figure_drop(&f);
    }
    free(has);
    return ok;
}
