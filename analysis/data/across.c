/* across.c - match two studies by label and by seed, and move what matches into one.
 *
 * Equal seeds give equal initial weights (where shapes agree) and the same order of the text, so
 * they pair runs of different studies as they pair the arms of one.
 */
#define _GNU_SOURCE /* asprintf */
#include "analysis/data/across.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int find_label(const study *s, const char *label)
{
    int a = s->arms - 1;
    while (a >= 0 && strcmp(s->arm[a].label, label) != 0) a--;
    return a;
}

static int find_seed(const study *s, int64_t seed)
{
    int i = s->seeds - 1;
    while (i >= 0 && s->seed[i] != seed) i--;
    return i;
}

static bool same_runs(const study *first, const study *second, int a, int b)
{
    for (int i = 0; i < first->seeds; i++) {
        const int k = find_seed(second, first->seed[i]);
        const int64_t run = study_at(first, a, i)->run_id;
        if (k >= 0 && run && run == study_at(second, b, k)->run_id) return true;
    }
    return false;
}

/* Arms that are in both with runs of their own; returns how many. */
static int match_arms(int (*pair)[2], const study *first, const study *second, notes *list)
{
    int n = 0;
    for (int a = 0; a < first->arms; a++) {
        const char *label = first->arm[a].label;
        const int b = find_label(second, label);
        if (b < 0)
            notes_add(list, NOTE_INFO, "Only %s has an arm '%s'.", first->name, label);
        else if (same_runs(first, second, a, b))
            notes_add(list, NOTE_INFO, "'%s' is the same runs in both studies.", label);
        else
            pair[n][0] = a, pair[n++][1] = b;
    }
    for (int b = 0; b < second->arms; b++)
        if (find_label(first, second->arm[b].label) < 0)
            notes_add(list, NOTE_INFO, "Only %s has an arm '%s'.", second->name,
                      second->arm[b].label);
    return n;
}

static int ascending(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* The seeds of both, or all if they share none. */
static void match_seeds(study *s, const study *first, const study *second, notes *list)
{
    s->seed = error_zeroed((size_t)(first->seeds + second->seeds), sizeof *s->seed);
    for (int i = 0; i < first->seeds; i++)
        if (find_seed(second, first->seed[i]) >= 0) s->seed[s->seeds++] = first->seed[i];
    const int shared = s->seeds;
    if (shared) {
        const int left = first->seeds + second->seeds - 2 * shared;
        if (left)
            notes_add(list, NOTE_INFO, "%d seed%s only one of the studies has %s left aside.", left,
                      left == 1 ? " that" : "s that", left == 1 ? "is" : "are");
        return;
    }
    notes_add(list, NOTE_WARNING, "The studies share no seed, so their runs are not paired.");
    for (int i = 0; i < first->seeds; i++) s->seed[s->seeds++] = first->seed[i];
    for (int i = 0; i < second->seeds; i++) s->seed[s->seeds++] = second->seed[i];
    qsort(s->seed, (size_t)s->seeds, sizeof *s->seed, ascending);
}

/* Move an arm and its cells; the source keeps the rest. */
static void take_arm(study *s, int to, study *from, int arm)
{
    study_arm *new = &s->arm[to];
    char *label;
    if (asprintf(&label, "%s/%s", from->name, from->arm[arm].label) < 0) error_memory();
    *new = from->arm[arm];
    free(new->label);
    new->label = label;
    new->base = -1, new->base_arm_id = 0;
    new->done = new->diverged = new->failed = new->unfinished = 0;
    from->arm[arm].label = from->arm[arm].attention = from->arm[arm].axis_json = NULL;
    for (int i = 0; i < s->seeds; i++) {
        const int k = find_seed(from, s->seed[i]);
        study_cell *cell = study_at(s, to, i);
        *cell = (study_cell){ .value = NAN };
        if (k < 0) continue;
        *cell = *study_at(from, arm, k);
        *study_at(from, arm, k) = (study_cell){ .value = NAN };
        study_count(new, cell->status);
    }
}

/* What both state; where they differ, the stricter alpha and no margin. */
static void join_terms(study *s, const study *first, const study *second, notes *list)
{
    const double one = first->stated.margin, two = second->stated.margin;
    const bool same = one == two || (isnan(one) && isnan(two));
    s->alpha = fmin(first->alpha, second->alpha);
    s->margin = same ? first->margin : NAN;
    s->stated = (study_stated){ first->stated.metric, s->alpha, s->margin };
    if (!same)
        notes_add(list, NOTE_INFO,
                  "The studies state different margins (%g and %g): --margin chooses one.", one,
                  two);
}

static bool check_metrics(const study *first, const study *second, error *e)
{
    return metric_same(&first->metric, &second->metric) ||
           error_usage(
               e, "study '%s' is compared by %s and study '%s' by %s: choose one with --metric",
               first->name, first->metric.name, second->name, second->metric.name);
}

/* Move the n pairs of arms into *s, which has the names, seeds and terms of both. */
static void fill(study *s, study *first, study *second, int (*pair)[2], int n, notes *list)
{
    *s = (study){ .sweep_id = first->sweep_id,
                  .version = first->version,
                  .metric = first->metric,
                  .at = first->at,
                  .generation = first->generation,
                  .arms = 2 * n,
                  .other = { .sweep_id = second->sweep_id, .version = second->version } };
    if (asprintf(&s->name, "%s against %s", first->name, second->name) < 0) error_memory();
    s->other.first = strdup(first->name), s->other.name = strdup(second->name);
    if (!s->other.first || !s->other.name) error_memory();
    notes_add(list, NOTE_WARNING,
              "Across studies: each arm of %s against the arm of %s with the same label. They were "
              "not planned as one study, so look at what else differs.",
              first->name, second->name);
    match_seeds(s, first, second, list);
    join_terms(s, first, second, list);
    s->arm = error_zeroed((size_t)s->arms, sizeof *s->arm);
    s->cell = error_zeroed((size_t)s->arms * (size_t)s->seeds, sizeof *s->cell);
    for (int i = 0; i < n; i++) {
        take_arm(s, i, first, pair[i][0]), take_arm(s, n + i, second, pair[i][1]);
        s->arm[i].base = n + i, s->arm[i].base_arm_id = s->arm[n + i].arm_id;
    }
}

bool across_join(study *s, study *first, study *second, notes *list, error *e)
{
    *s = (study){ 0 };
    int(*pair)[2] = error_zeroed((size_t)first->arms, sizeof *pair), n = 0;
    const bool ok =
        (first->sweep_id != second->sweep_id ||
         error_usage(e, "'%s' is given twice: give two studies", first->name)) &&
        check_metrics(first, second, e) &&
        ((n = match_arms(pair, first, second, list)) > 0 ||
         error_usage(e, "studies '%s' and '%s' have no arm with the same label and other runs",
                     first->name, second->name));
    study_note_import(list, first), study_note_import(list, second);
    if (ok) fill(s, first, second, pair, n, list);
    free(pair);
    study_free(first), study_free(second);
    return ok;
}
