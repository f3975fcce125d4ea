/* scores.h - the scores of a study's runs on a suite of tasks, as arrays.
 *
 *     score of a task  = mean over its items (nll, bpb: sum of nats / sum of tokens or bytes)
 *     score of a group = mean of the scores of its tasks
 *     score of a suite = mean of the scores of its groups
 *
 * as in Llama 2 (Touvron et al., arXiv:2307.09288, table 3).  Accuracies and losses have no common
 * mean: where both occur, the mean is that of the accuracies.  Items are those that every run
 * scored, so that runs are compared on the same items.
 *
 * A suite is named where a metric is: SUITE[/PART][:SCORE][@CONTEXT].  PART is a group or a task,
 * SCORE (acc, acc_norm, margin, nll, bpb) replaces the score that each task states, and CONTEXT
 * chooses among evaluations with different longest items.
 */
#ifndef ANALYSIS_DATA_SCORES_H
#define ANALYSIS_DATA_SCORES_H

#include "core/db/db.h"
#include "core/db/metric.h"

struct study;

/* What an item is scored by. */
typedef struct scores_kind {
    const char *name, *unit, *words; /* "acc", "", "accuracy" */
    const char *value, *weight;      /* SQL over a row of task_score called s; weight: of a ratio */
    bool larger_is_better, accuracy; /* accuracy: 0 or 1, so that means are shares */
} scores_kind;

typedef struct scores_task {
    int64_t task_id;
    char *name, *group;
    const scores_kind *kind;
    int all, items;     /* of the task; that every run scored */
    int *item;          /* (items) their numbers */
    double *x, *weight; /* (arms, seeds, items); (items), of mean 1, NULL: not a ratio */
    double chance;      /* NaN: not known */
    int64_t context[2]; /* least and most of the runs */
} scores_task;

typedef enum scores_scope { SCORES_SUITE, SCORES_GROUP, SCORES_TASK } scores_scope;

/* A suite, a group or a task: a linear combination of the means of tasks. */
typedef struct scores_row {
    scores_scope scope;
    const char *name, *group; /* of the suite, group or task; the group that it is part of, or "" */
    const scores_kind *kind;
    int tasks, items;
    double *weight; /* (tasks of the suite) */
} scores_row;

typedef struct scores {
    int64_t suite_id;
    char *suite, *sha256;
    int arms, seeds, tasks, rows;
    scores_task *task;
    scores_row *row; /* the first is what was named; a group of one task has no row of its own */
    double *mean;    /* (tasks, arms, seeds); NaN: the run has no scores */
    int64_t other;   /* evaluations of finished runs by another suite of this name */
} scores;

/* Is this the name of a suite in the database, with its part, with or without "tasks:"?  Fills in
 * the metric if so. */
bool scores_metric(metric *m, bool *found, const char *text, db *d, error *e);

/* Read the scores of a study's finished runs into s->scores, and the first row into its cells. The
 * caller frees *s->scores. */
bool scores_open(struct study *s, db *d, error *e);
void scores_close(scores *k); /* takes NULL */

/* The score of a row, an arm and a seed. */
double scores_value(const scores *k, int row, int arm, int seed);

/* The scores of a task's items at one run (items). */
const double *scores_items(const scores *k, int task, int arm, int seed);

/* The suites by which the finished runs of a study were evaluated, "a, b"; NULL if none.  The
 * caller frees it. */
bool scores_suites(char **names, int *n, int64_t sweep_id, db *d, error *e);

#endif
