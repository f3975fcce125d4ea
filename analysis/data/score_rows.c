/* score_rows.c - which means a suite has: tasks, groups of several, and all groups together.
 *
 * A mean is over scores of one unit.  Where units differ it is over the accuracies; if there are
 * none, there is no mean.  A group of one task is that task, and a suite of one group that group.
 */
#include "analysis/data/score_rows.h"

#include "core/base/error.h"
#include "core/base/growing.h"

#include <stdlib.h>
#include <string.h>

static bool alike(const scores_kind *a, const scores_kind *b)
{
    return a == b || (a->accuracy && b->accuracy);
}

/* The kind of which a mean over parts with these kinds is; NULL: there is no mean. */
static const scores_kind *common(const scores_kind *const *kind, int n)
{
    const scores_kind *accuracy = NULL;
    bool same = true;
    for (int i = 0; i < n; i++) {
        same = same && kind[i] && alike(kind[0], kind[i]);
        if (kind[i] && kind[i]->accuracy && !accuracy) accuracy = kind[i];
    }
    return same && n ? kind[0] : accuracy;
}

static scores_row *add_row(scores *k, scores_scope scope, const char *name, const char *group)
{
    k->row = growing_list(k->row, k->rows, sizeof *k->row);
    scores_row *r = &k->row[k->rows++];
    *r = (scores_row){ .scope = scope,
                       .name = name,
                       .group = group,
                       .weight = error_zeroed((size_t)k->tasks, sizeof *r->weight) };
    return r;
}

/* Which group each task is in, numbered in the order of their first tasks; returns how many. */
static int number_groups(int *of, const scores *k)
{
    int groups = 0;
    for (int t = 0; t < k->tasks; t++) {
        int same = 0;
        while (strcmp(k->task[same].group, k->task[t].group) != 0) same++;
        of[t] = same < t ? of[same] : groups++;
    }
    return groups;
}

/* The weights of a group's mean; false if it has none. */
static const scores_kind *weigh_group(double *weight, const scores *k, const int *of, int group)
{
    const scores_kind **kind = error_zeroed((size_t)k->tasks, sizeof *kind);
    int n = 0, counted = 0;
    for (int t = 0; t < k->tasks; t++)
        if (of[t] == group) kind[n++] = k->task[t].kind;
    const scores_kind *mean = common(kind, n);
    free(kind);
    for (int t = 0; t < k->tasks; t++)
        counted += mean && of[t] == group && alike(mean, k->task[t].kind);
    for (int t = 0; t < k->tasks; t++)
        weight[t] = mean && of[t] == group && alike(mean, k->task[t].kind) ? 1.0 / counted : 0;
    return mean;
}

static void count(scores_row *r, const scores *k)
{
    for (int t = 0; t < k->tasks; t++)
        if (r->weight[t] != 0) r->tasks++, r->items += k->task[t].items;
}

static void add_suite(scores *k, const int *of, int groups)
{
    const scores_kind **kind = error_zeroed((size_t)groups, sizeof *kind);
    double *weight = error_zeroed((size_t)k->tasks, sizeof *weight);
    int counted = 0;
    for (int g = 0; g < groups; g++) kind[g] = weigh_group(weight, k, of, g);
    const scores_kind *mean = common(kind, groups);
    for (int g = 0; g < groups; g++) counted += mean && kind[g] && alike(mean, kind[g]);
    if (counted > 1) {
        scores_row *r = add_row(k, SCORES_SUITE, k->suite, "");
        r->kind = mean;
        for (int g = 0; g < groups; g++) {
            if (!kind[g] || !alike(mean, kind[g])) continue;
            weigh_group(weight, k, of, g);
            for (int t = 0; t < k->tasks; t++) r->weight[t] += weight[t] / counted;
        }
        count(r, k);
    }
    free(kind), free(weight);
}

void score_rows(scores *k)
{
    int *of = error_zeroed((size_t)k->tasks, sizeof *of);
    double *weight = error_zeroed((size_t)k->tasks, sizeof *weight);
    const int groups = number_groups(of, k);
    add_suite(k, of, groups);
    for (int g = 0; g < groups; g++) {
        const scores_kind *mean = weigh_group(weight, k, of, g);
        int first = 0, members = 0;
        while (of[first] != g) first++;
        for (int t = 0; t < k->tasks; t++) members += weight[t] != 0;
        if (mean && members > 1) {
            scores_row *r = add_row(k, SCORES_GROUP, k->task[first].group, k->task[first].group);
            r->kind = mean;
            memcpy(r->weight, weight, (size_t)k->tasks * sizeof *weight);
            count(r, k);
        }
        for (int t = first; t < k->tasks; t++) {
            if (of[t] != g) continue;
            scores_row *r = add_row(k, SCORES_TASK, k->task[t].name, k->task[t].group);
            r->kind = k->task[t].kind, r->weight[t] = 1;
            count(r, k);
        }
    }
    free(of), free(weight);
}
