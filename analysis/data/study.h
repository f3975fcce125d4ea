/* study.h - a study as arrays: its arms, its seeds, and one value for each finished cell.
 *
 * A cell is an arm at a seed.  Its run is the newest generation of the planned one (or a given
 * generation), and its value is the metric at the last step, for runs that are done.  A run that
 * diverged has no value but is counted; so is one that failed or has not finished.
 */
#ifndef ANALYSIS_DATA_STUDY_H
#define ANALYSIS_DATA_STUDY_H

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

/* Where along the training values are taken: at the last evaluation by then. */
typedef enum study_measure {
    STUDY_FINAL,
    STUDY_TOKENS,
    STUDY_FLOPS,   /* of training: tokens times the configuration's */
    STUDY_SECONDS, /* of training, by the clock of each run         */
} study_measure;

typedef struct study_point {
    study_measure of;
    double value;
} study_point;

typedef struct study_cell {
    int64_t run_id, generation;
    bool older_done; /* an older generation is done, and this one is not finished */
    study_status status;
    double value; /* NaN where there is none */
    char *uid, *message;
    /* What else may differ between two runs; NULL where it is not recorded. */
    char *code, *binary, *host, *blas, *tokens, *evaluated;
} study_cell;

typedef struct study_arm {
    int64_t arm_id, base_arm_id; /* 0: a baseline */
    int base;                    /* index of its baseline, or -1 */
    char *label, *attention, *axis_json;
    int64_t n_heads, n_kv_heads; /* n_kv_heads 0 where the variant has none */
    int64_t n_params;
    double kv_bytes; /* a token */
    int done, diverged, failed, unfinished;
} study_arm;

typedef struct study {
    int64_t sweep_id, version;
    char *name, *question, *hypothesis;
    metric metric;
    study_point at;
    double alpha, margin; /* margin NaN: none */
    int arms, seeds;
    study_arm *arm;
    int64_t *seed;    /* pair keys, ascending */
    study_cell *cell; /* (arms, seeds) */
} study;

/* Read the study called `name` (find.h).  `metric_name` NULL: the study's own; generation -1: the
 * newest.  Fails when there is no such study, or no finished run was evaluated by that metric
 * though runs have finished. */
bool study_open(study *s, db *d, const char *name, const char *metric_name, int64_t generation,
                error *e);
/* The same at a point on the way; a finished run that was not evaluated by then has no value. */
bool study_open_at(study *s, db *d, const char *name, const char *metric_name, int64_t generation,
                   study_point at, error *e);
void study_free(study *s);

/* "final", "tokens=2M", "flops=1e15", "seconds=600"; k, M, G and T stand for powers of 1000. */
bool study_point_parse(study_point *p, const char *text, error *e);
void study_point_print(char *text, size_t size, study_point p);

study_cell *study_at(const study *s, int arm, int seed);

#endif
