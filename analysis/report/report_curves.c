/* report_curves.c - the curves of a report as JSON, for page.js to draw.
 *
 * Two kinds of loss, if a run has at least two points of it: the study's metric at the evaluations
 * during training, and the training loss as means over spans of tokens.
 */
#include "analysis/data/curve.h"
#include "analysis/figures/figures.h"
#include "analysis/report/report.h"
#include "analysis/statistics/student.h"

#include <stdlib.h>

enum { MOST = 400 }; /* points of a curve; more cannot be seen */

static json_t *points_of(const curve *k)
{
    json_t *list = json_array();
    const int every = k->n / MOST + 1;
    for (int p = 0; p < k->n; p++)
        if (p % every == 0 || p + 1 == k->n)
            json_array_append_new(list, json_pack("[f, f]", k->tokens[p], k->loss[p]));
    return list;
}

/* One kind of loss for all runs; *longest is the largest number of points of a run. */
static bool read_kind(json_t **runs, int *longest, const study *s, db *d, bool training,
                      double span, error *e)
{
    *runs = json_array(), *longest = 0;
    for (int a = 0; a < s->arms; a++) {
        json_t *arm = json_array();
        json_array_append_new(*runs, arm);
        for (int i = 0; i < s->seeds; i++) {
            const study_cell *cell = study_at(s, a, i);
            if (cell->status != STUDY_DONE && cell->status != STUDY_DIVERGED) continue;
            curve k;
            if (!curve_read(&k, s, d, cell->run_id, training, span, e)) {
                json_decref(*runs);
                return false;
            }
            if (k.n > *longest) *longest = k.n;
            json_array_append_new(arm, json_pack("{s:b, s:o}", "done", cell->status == STUDY_DONE,
                                                 "points", points_of(&k)));
            curve_close(&k);
        }
    }
    return true;
}

bool report_curves(json_t **curves, const comparison *c, db *d, error *e)
{
    const study *s = c->study;
    double most;
    if (!curve_longest(&most, s, d, e)) return false;
    json_t *arms = json_array(), *kinds = json_array();
    style usual;
    style_default(&usual);
    chart_look *look = figures_looks(s, &usual);
    for (int a = 0; a < s->arms; a++) {
        const int n = s->arm[a].done;
        json_array_append_new(arms, json_pack("{s:s, s:s, s:i, s:i, s:f}", "name", s->arm[a].label,
                                              "colour", look[a].colour, "dash", look[a].dash,
                                              "point", look[a].point, "t",
                                              n > 1 ? student_critical(0.025, n - 1) : 0.0));
    }
    free(look);
    bool ok = true;
    for (int training = 0; ok && most > 0 && training < 2; training++) {
        json_t *runs;
        int longest;
        ok = read_kind(&runs, &longest, s, d, training, most / CURVE_SPANS / 2, e);
        if (!ok) break;
        if (longest >= 2)
            json_array_append_new(kinds, json_pack("{s:s, s:o}", "name",
                                                   training ? "training loss" : s->metric.name,
                                                   "runs", runs));
        else
            json_decref(runs);
    }
    *curves = json_pack("{s:o, s:o}", "arms", arms, "kinds", kinds);
    if (!ok) json_decref(*curves);
    return ok;
}
