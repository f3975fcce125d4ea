/* arms.h - the arms of a study: the combinations of its design (design.h), each a configuration.
 *
 * An arm's base is the arm that differs from it only in the axes of the baseline, where it has the
 * baseline's values.  An arm with those values is a baseline itself.  In a staircase the base is
 * the step before.
 */
#ifndef EXPERIMENTS_ARMS_H
#define EXPERIMENTS_ARMS_H

#include "experiments/study_file.h"
#include "trainer/model/model.h"

enum { ARMS_MAX = 512, ARM_LABEL = 256 };

/* What an arm starts from; spec is NULL if that is no run. */
typedef struct arm_source {
    const run_spec *spec;       /* the source, resolved                  */
    const struct source *study; /* NULL: a single run                    */
    const struct arm *arm;      /* of that study                         */
    int64_t seed;               /* of its run; -1: as the arm's own run  */
} arm_source;

typedef struct arm {
    char label[ARM_LABEL];   /* what varies, in short; unique in the study */
    int at[STUDY_FILE_AXES]; /* its value of each axis                     */
    int base;                /* -1: a baseline                             */
    int seeds;               /* of the study's seeds: how many it has now  */
    run_spec spec;           /* resolved and matched; the seeds are 1      */
    model_cost cost;
    double residual; /* parameters over the base's, minus 1 */
    arm_source from;
} arm;

typedef struct arms {
    int n;
    arm *arm;
    struct source *sources; /* what the arms start from (source.h) */
} arms;

/* Expand, match and check the study; fills in s->metric if none was given. */
bool arms_open(arms *a, study_file *s, error *e);
void arms_close(arms *a);

/* Give each arm its own value (n) of the key that is tuned. */
bool arms_tune(arms *a, const study_file *s, const double *value, error *e);

/* One of its runs. */
void arm_spec(run_spec *spec, const arm *a, int seed);

#endif
