/* figure_depth.c - the score by depth of the evidence and length of the text, a grid for each arm.
 *
 * The picture of passkey retrieval: depth goes down, from the beginning of the text to its end, and
 * length goes across.  Tasks whose items have depths and lengths are taken together.
 */
#include "analysis/figures/cells.h"
#include "analysis/figures/task_items.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEVELS = 12, TEXT = 24 };

/* The items of all tasks that have both. */
typedef struct places {
    int tasks, *task;
    double **depth, **length; /* (tasks, items of each) */
    int depths, lengths;
    double depth_at[LEVELS], length_at[LEVELS];
} places;

/* Add levels to a list, ascending; false if there are too many. */
static bool merge(double list[LEVELS], int *n, const double *x, int m)
{
    for (int i = 0; i < m; i++) {
        int at = 0;
        if (isnan(x[i])) continue;
        while (at < *n && list[at] < x[i]) at++;
        if (at < *n && list[at] == x[i]) continue;
        if (*n == LEVELS) return false;
        memmove(list + at + 1, list + at, (size_t)(*n - at) * sizeof *list);
        list[at] = x[i], ++*n;
    }
    return true;
}

/* *many: there are too many levels to draw. */
static bool find_places(places *p, bool *many, figure *f, error *e)
{
    const scores *k = f->c->scored->scores;
    const size_t n = (size_t)k->tasks;
    *p = (places){ .task = error_zeroed(n, sizeof *p->task),
                   .depth = error_zeroed(n, sizeof *p->depth),
                   .length = error_zeroed(n, sizeof *p->length) };
    *many = false;
    for (int t = 0; t < k->tasks; t++) {
        int deep, is_long;
        double **depth = &p->depth[p->tasks], **length = &p->length[p->tasks];
        if (!k->task[t].kind->accuracy) continue;
        if (!task_items_read(depth, &deep, f, t, TASK_ITEMS_DEPTH, e)) return *depth = NULL, false;
        if (!task_items_read(length, &is_long, f, t, TASK_ITEMS_LENGTH, e))
            return *length = NULL, false;
        if (deep && is_long) {
            *many = *many || !merge(p->depth_at, &p->depths, *depth, k->task[t].items) ||
                    !merge(p->length_at, &p->lengths, *length, k->task[t].items);
            p->task[p->tasks++] = t;
        } else {
            free(*depth), free(*length);
            *depth = *length = NULL;
        }
    }
    return true;
}

static void close_places(places *p, int tasks)
{
    for (int t = 0; t < tasks; t++) free(p->depth[t]), free(p->length[t]);
    free(p->task), free(p->depth), free(p->length);
}

/* The mean score of an arm at a depth and a length, over all items there and all seeds. */
static double mean_at(const figure *f, const places *p, int arm, int d, int l)
{
    const scores *k = f->c->scored->scores;
    double sum = 0;
    int n = 0;
    for (int t = 0; t < p->tasks; t++)
        for (int s = 0; s < k->seeds; s++) {
            const int task = p->task[t];
            if (isnan(k->mean[(task * k->arms + arm) * k->seeds + s])) continue;
            const double *x = scores_items(k, task, arm, s);
            for (int i = 0; i < k->task[task].items; i++)
                if (p->depth[t][i] == p->depth_at[d] && p->length[t][i] == p->length_at[l])
                    sum += x[i], n++;
        }
    return n ? sum / n : NAN;
}

static void put_arm(figure *f, const places *p, int arm, char **depth, char **length)
{
    const cells g = cells_open(f, f->name[arm], p->depths, depth, p->lengths, length);
    for (int d = 0; d < p->depths; d++)
        for (int l = 0; l < p->lengths; l++) {
            const double x = mean_at(f, p, arm, d, l);
            char text[TEXT] = "", colour[STYLE_COLOUR] = "#ffffff";
            if (!isnan(x)) {
                snprintf(text, sizeof text, "%.2f", x);
                style_blend(colour, "#ffffff", f->style->better, 0.8 * x);
            }
            cells_put(f, &g, d, l, x, colour, text);
        }
    chart_set_title(&f->chart.panel[g.panel].x, "length, tokens");
    if (arm % CELLS_COLUMNS == 0) chart_set_title(&f->chart.panel[g.panel].y, "depth");
}

static void put_grids(figure *f, const places *p)
{
    char room[2 * LEVELS][TEXT], *name[2 * LEVELS];
    for (int i = 0; i < 2 * LEVELS; i++) name[i] = room[i];
    for (int d = 0; d < p->depths; d++) snprintf(room[d], TEXT, "%.0f %%", 100 * p->depth_at[d]);
    for (int l = 0; l < p->lengths; l++) snprintf(room[LEVELS + l], TEXT, "%.0f", p->length_at[l]);
    for (int a = 0; a < f->study->arms; a++) put_arm(f, p, a, name, name + LEVELS);
    f->chart.columns = f->study->arms < CELLS_COLUMNS ? f->study->arms : CELLS_COLUMNS;
    chart_set_remark(&f->chart, "shares of right answers, means over items and seeds; depth: the "
                                "place of the evidence, from the beginning (0 %) to the end");
}

static bool make(figure *f, error *e)
{
    bool ok, many;
    places p;
    if (task_items_none(&ok, f, e)) return ok;
    ok = find_places(&p, &many, f, e);
    if (ok && many)
        figure_missing(f, "there are more than %d depths or lengths", LEVELS);
    else if (ok && (p.depths < 2 || p.lengths < 1))
        figure_missing(f, "no task of %s has them", f->study->metric.name);
    else if (ok)
        put_grids(f, &p);
    close_places(&p, f->c->scored->scores->tasks);
    return ok;
}

const figure_kind figure_kind_depth = {
    .name = "depth",
    .help = "the score by depth of the evidence and length of the text, arm by arm",
    .needs = "a suite with a task whose items have depths and lengths",
    .make = make,
};
