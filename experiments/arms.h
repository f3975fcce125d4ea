/* arms.h - the rows of a study's plan: every combination of its axes, each a configuration.
 *
 * An arm's base is the arm that differs from it in nothing but the baseline's axes, which there
 * have the baseline's values; an arm with those values is a baseline itself.
 */
#ifndef EXPERIMENTS_ARMS_H
#define EXPERIMENTS_ARMS_H

#include "experiments/study_file.h"

enum { ARMS_MAX = 512, ARM_LABEL = 256 };

typedef struct arm {
    char label[ARM_LABEL]; /* what varies, in short; unique in the study */
    int at[SWEEP_AXES];    /* its value of each axis                     */
    int base;              /* -1: a baseline                             */
    config c;              /* resolved and matched; the seeds are 1      */
    model_cost cost;
    double residual; /* parameters over the base's, minus 1 */
} arm;

typedef struct arms {
    int n;
    arm *arm;
} arms;

/* Expand, match and check the study; fills in s->metric where none was given. */
bool arms_open(arms *a, sweep *s, error *e);
void arms_close(arms *a);

/* The configuration of one of its runs. */
void arm_config(config *c, const arm *a, int seed);

#endif
