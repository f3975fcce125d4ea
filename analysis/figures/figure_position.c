/* figure_position.c - the loss by position in the window, averaged over windows and seeds.
 *
 * From the sums by position of each run's final evaluation, at the longest length it was evaluated
 * at; positions are grouped into at most 32 spans.
 */
#include "analysis/figures/figure.h"

#include <math.h>
#include <string.h>

extern const char sql_figure_positions[]; /* figure_position.sql */

enum { SPANS = 32 }; /* at most this many spans of positions */

typedef struct sums {
    double nll[SPANS], tokens[SPANS];
    int64_t length; /* of the windows; 0: none */
} sums;

/* Add the sums of a run's final evaluation, at the longest length it was evaluated at. */
static bool read_sums(sums *x, const figure *f, int64_t run_id, error *e)
{
    sqlite3_stmt *q;
    bool row = true, ok = db_query(f->d, &q, e, sql_figure_positions, "itt", run_id,
                                   f->study->metric.task, f->study->metric.split);
    while (ok && (ok = db_next(f->d, q, &row, e)) && row) {
        x->length = sqlite3_column_int64(q, 3);
        const int64_t spans = x->length < SPANS ? x->length : SPANS;
        const int64_t k = sqlite3_column_int64(q, 0) * spans / x->length;
        if (k < 0 || k >= SPANS) continue;
        x->tokens[k] += sqlite3_column_double(q, 1), x->nll[k] += sqlite3_column_double(q, 2);
    }
    sqlite3_finalize(q);
    return ok;
}

/* One line: means over windows, finished seeds and the positions of each span. */
static bool put_arm(figure *f, int arm, int64_t *longest, double *lo, double *hi, error *e)
{
    const study *s = f->study;
    sums x = { .length = 0 };
    for (int i = 0; i < s->seeds; i++) {
        const study_cell *cell = study_at(s, arm, i);
        if (cell->status == STUDY_DONE && !read_sums(&x, f, cell->run_id, e)) return false;
    }
    if (!x.length) return true;
    if (x.length > *longest) *longest = x.length;
    const double spans = fmin((double)x.length, SPANS);
    chart_look look = f->look[arm];
    look.size *= 0.6, look.every = 4;
    const int line =
        chart_add_series(&f->chart, 0, CHART_LINE, look, s->arm[arm].label, "position loss");
    for (int k = 0; k < SPANS; k++) {
        if (!(x.tokens[k] > 0)) continue;
        const double mean = x.nll[k] / x.tokens[k];
        chart_row(&f->chart, line, (double[]){ (k + 0.5) * (double)x.length / spans, mean });
        figure_widen(lo, hi, mean);
    }
    chart_add_entry(&f->chart, f->name[arm], CHART_LINE, look);
    return true;
}

/* The context before RoPE was stretched, in the arms of the study; 0: none was, or they differ. */
static bool old_context(int64_t *context, const figure *f, error *e)
{
    return db_integer(f->d, context, 0, e,
                      "SELECT min(p.value) FROM arm a JOIN config c USING(config_id)"
                      " JOIN config_param p USING(config_id)"
                      " WHERE a.sweep_id = ? AND a.dropped = 0 AND p.key ="
                      " 'model.rope_original_context' AND p.value < c.context"
                      " HAVING count(DISTINCT p.value) = 1",
                      "i", f->study->sweep_id);
}

static bool make(figure *f, error *e)
{
    double lo = INFINITY, hi = -INFINITY;
    int64_t length = 0, old = 0;
    chart_add_panel(&f->chart, NULL, f->style->panel_width, f->style->panel_height);
    for (int a = 0; a < f->study->arms; a++)
        if (!put_arm(f, a, &length, &lo, &hi, e)) return false;
    if (!length) return figure_missing(f, "none are recorded");
    if (!old_context(&old, f, e)) return false;
    chart_axis *x = &f->chart.panel[0].x, *y = &f->chart.panel[0].y;
    x->lo = 0, x->hi = (double)length;
    figure_range(y, lo, hi, 0.05);
    if (old && old < length) chart_rule(&f->chart, 0, 'x', (double)old, CHART_DASHED);
    chart_tics(x, 6), chart_tics(y, 6);
    chart_set_title(x, "position in the window, tokens");
    chart_set_title(y, "loss, nats per token");
    char text[256];
    int n = snprintf(text, sizeof text,
                     "final evaluation: means over seeds, windows and spans of positions");
    if (f->chart.entries < f->study->arms)
        snprintf(text + n, sizeof text - (size_t)n, "; not drawn: %d of %d arms, without sums",
                 f->study->arms - f->chart.entries, f->study->arms);
    if (old && old < length && n > 0 && (size_t)n < sizeof text)
        snprintf(text + strlen(text), sizeof text - strlen(text),
                 "; dashed: the context before RoPE was stretched, %lld", (long long)old);
    chart_set_remark(&f->chart, text);
    return true;
}

const figure_kind figure_kind_position = {
    .name = "position",
    .help = "the loss by position in the window",
    .needs = "a final evaluation with sums by position",
    .make = make,
};
