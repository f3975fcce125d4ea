/* study.h - a study as arrays: its arms, its seeds, and one value for each finished cell.
 *
 * A cell is an arm at a seed.  Its run is the newest generation of the planned one (or a given
 * generation).  The value of a run that is done is the metric at its last step, or at a point along
 * the way.  A run that diverged, failed or has not finished has no value, but it is counted.
 */
#ifndef ANALYSIS_DATA_STUDY_H
#define ANALYSIS_DATA_STUDY_H

#include "core/base/notes.h"
#include "core/db/db.h"
#include "core/db/metric.h"

#include <stddef.h>

typedef enum study_status {
    STUDY_ABSENT, /* the plan has no such cell, or not in the generation asked for */
    STUDY_UNFINISHED,
    STUDY_FAILED,
    STUDY_DIVERGED,
    STUDY_DONE,
} study_status;

/* Where along the training a value is taken: at the last evaluation up to that point.  The numbers
 * are known to study.sql. */
typedef enum study_measure {
    STUDY_FINAL,
    STUDY_TOKENS,
    STUDY_FLOPS,   /* training FLOPs: tokens times FLOPs per token */
    STUDY_SECONDS, /* training time, by the clock of each run      */
} study_measure;

typedef struct study_point {
    study_measure of;
    double value;
} study_point;

typedef struct study_cell {
    int64_t run_id, generation, code_id; /* code_id 0: not recorded */
    bool mixed;      /* parts of it come from different processors, kernels or BLAS */
    bool older_done; /* this generation is not finished, but an older one is done */
    study_status status;
    double value; /* NaN if there is none */
    bool ended;   /* the value is the one at the last step */
    char *uid, *message;
    /* What else may differ between two runs; NULL if it was not recorded. */
    char *code, *compiler, *host, *kernels, *blas, *tokens, *evaluated;
} study_cell;

typedef struct study_arm {
    int64_t arm_id, base_arm_id; /* base_arm_id 0: a baseline */
    int base;                    /* index of its baseline, or -1 */
    char *label, *attention, *axis_json;
    int64_t context;
    int64_t n_heads, n_kv_heads; /* n_kv_heads 0: the variant has none */
    int64_t n_params;
    double kv_bytes, train_flops;           /* per token */
    int done, diverged, failed, unfinished; /* runs */
} study_arm;

/* What the study's newest version states, whatever is asked for. */
typedef struct study_stated {
    metric metric;
    double alpha, margin;
    int start, step, max; /* seeds at the first look, between looks, at most; 0: all at once */
} study_stated;

/* The second of two studies that are read as one (across.h); zero otherwise. */
typedef struct study_other {
    int64_t sweep_id, version;
    char *name, *first; /* first: the name of the first study */
} study_other;

typedef struct study {
    int64_t sweep_id, version;
    char *name, *question, *hypothesis;
    char *imported; /* "FILE (SHA-256 ...)" if the results were made elsewhere, else NULL */
    metric metric;
    study_point at;
    int64_t generation;   /* that was asked for; -1: the newest of each cell */
    double alpha, margin; /* margin in units of the metric; NaN: none */
    bool ledger;          /* alpha is the level that the ledger gives (answers/ledger.h) */
    study_stated stated;
    study_other other;
    int arms, seeds;
    study_arm *arm;
    int64_t *seed;         /* pair keys, ascending */
    study_cell *cell;      /* (arms, seeds) */
    struct scores *scores; /* if the metric is a suite of tasks (scores.h), else NULL */
} study;

/* Read the study called `name` (lookup.h).  `metric_name` NULL: the study's own metric, else a
 * metric (metric.h) or a suite of tasks (scores.h); generation -1: the newest.  Fails if there is
 * no such study, or if runs have finished but none was evaluated by that metric.  The caller frees
 * the study. */
bool study_open(study *s, db *d, const char *name, const char *metric_name, int64_t generation,
                error *e);
/* The same at a point along the way.  A finished run that was not evaluated by then has no value.
 */
bool study_open_at(study *s, db *d, const char *name, const char *metric_name, int64_t generation,
                   study_point at, error *e);
void study_free(study *s);

/* Adds a note that the results of the study were made elsewhere, if they were. */
void study_note_import(notes *out, const study *s);

/* Is the metric the one that the study states, however it is written? */
bool study_as_stated(const study *s);

/* Points are written "final", "tokens=2M", "flops=1e15" or "seconds=600"; k, M, G and T are powers
 * of 1000. */
bool study_point_parse(study_point *p, const char *text, error *e);
void study_point_print(char *text, size_t size, study_point p);

/* The parts of the code `code_id` that the configuration of an arm used, each with the start of its
 * hash; NULL if they are not recorded.  The caller frees *code. */
bool study_code(char **code, int64_t arm_id, int64_t code_id, db *d, error *e);

/* The lengths at which the finished runs were evaluated by the metric's task and split, ascending;
 * the first `most` of them. */
bool study_contexts(int64_t *context, int *n, const study *s, db *d, int most, error *e);

/* Tokens of a whole run of an arm: the most of its finished runs; 0 if none has finished. */
double study_tokens(const study *s, int arm);

/* The metric of one finished run at its last step; NaN if it was not evaluated, or not to a finite
 * value. */
bool study_run_value(double *value, db *d, int64_t run_id, const metric *m, error *e);

study_cell *study_at(const study *s, int arm, int seed);

/* Add a run to the counts of its arm. */
void study_count(study_arm *a, study_status status);

#endif
