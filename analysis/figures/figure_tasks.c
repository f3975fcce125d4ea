/* figure_tasks.c - the scores of a suite by task and arm, as squares of colour.
 *
 * A square has the score of the arm. Its colour is proportional to the difference from the
 * baseline, each unit by itself, and paler where it is undecided; "~" marks that and "=" what is
 * equivalent.
 */
#include "analysis/figures/cells.h"
#include "analysis/figures/task_items.h"

#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The largest difference of the rows with the unit of row r. */
static double most_of(const scored *k, const comparison *c, int r)
{
    const scores *x = k->scores;
    double most = 0;
    for (int i = 0; i < c->asked.pairs; i++)
        for (int j = 0; j < x->rows; j++)
            if (strcmp(x->row[j].kind->unit, x->row[r].kind->unit) == 0 &&
                !isnan(scored_at(k, i, j)->diff))
                most = fmax(most, fabs(scored_at(k, i, j)->diff));
    return most;
}

/* The mean of an arm on a row: over the seeds that are compared, or all it has. */
static double mean_of(const comparison *c, int row, int arm)
{
    double *x = error_zeroed((size_t)c->study->seeds, sizeof *x);
    size_t n = 0;
    for (int s = 0; s < c->study->seeds; s++) {
        const double value = scores_value(c->study->scores, row, arm, s);
        const bool counts =
            c->result.shared_seeds && !c->result.left_out[arm] ? c->result.used[s] : !isnan(value);
        if (counts) x[n++] = value;
    }
    const double mean = n ? gsl_stats_mean(x, 1, n) : NAN;
    free(x);
    return mean;
}

static void put_square(figure *f, const cells *g, int row, int arm)
{
    const comparison *c = f->c;
    const int pair = comparison_pair(c, arm);
    const crossed_row *r = pair < 0 ? NULL : scored_at(c->scored, pair, row);
    const double mean = mean_of(c, row, arm), most = most_of(c->scored, c, row);
    char text[48] = "no value", colour[STYLE_COLOUR] = "#ffffff";
    if (!isnan(mean)) snprintf(text, sizeof text, "%.3f", mean);
    if (!isnan(mean) && r && !isnan(r->diff)) {
        const bool better = (r->diff > 0) == r->larger_is_better;
        /* Never the full colour, so that the text stays readable; what is undecided is pale. */
        const double depth = most > 0 ? 0.05 + 0.75 * fabs(r->diff) / most : 0;
        style_blend(colour, "#ffffff", better ? f->style->better : f->style->worse,
                    r->verdict == CONTRAST_UNDECIDED ? 0.3 * depth : depth);
        strcat(text, r->verdict == CONTRAST_UNDECIDED    ? " ~"
                     : r->verdict == CONTRAST_EQUIVALENT ? " ="
                                                         : "");
    }
    cells_put(f, g, row, arm, mean, colour, text);
}

static void put_remark(figure *f)
{
    const comparison *c = f->c;
    char text[512];
    int n = snprintf(text, sizeof text,
                     "scores; colour: difference from the baseline; \"~\": undecided at %g %%, for "
                     "seeds and items together",
                     100 * c->asked.alpha);
    if (!isnan(c->asked.margin))
        snprintf(text + n, sizeof text - (size_t)n, "; \"=\": equivalent within ±%g",
                 c->asked.margin);
    chart_set_remark(&f->chart, text);
}

static bool make(figure *f, error *e)
{
    enum { TEXT = 128 };
    bool ok;
    if (task_items_none(&ok, f, e)) return ok;
    const scores *k = f->c->scored->scores;
    char **name = error_zeroed((size_t)k->rows, sizeof *name);
    for (int r = 0; r < k->rows; r++) {
        const scores_row *of = &k->row[r];
        name[r] = error_zeroed(TEXT, 1);
        snprintf(name[r], TEXT, "%.90s%s%s%s", of->name,
                 of->scope == SCORES_SUITE   ? ", mean of groups"
                 : of->scope == SCORES_GROUP ? ", mean"
                                             : "",
                 *of->kind->unit ? ", " : "", of->kind->unit);
    }
    const cells g = cells_open(f, NULL, k->rows, name, f->study->arms, f->name);
    for (int r = 0; r < k->rows; r++)
        for (int a = 0; a < f->study->arms; a++) put_square(f, &g, r, a);
    put_remark(f);
    for (int r = 0; r < k->rows; r++) free(name[r]);
    free(name);
    return true;
}

const figure_kind figure_kind_tasks = {
    .name = "tasks",
    .help = "scores by task and arm, ~ if undecided",
    .needs = "scores on a suite of tasks",
    .make = make,
};
