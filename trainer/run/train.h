/* train.h - one run, from its configuration to its record. */
#ifndef TRAINER_RUN_TRAIN_H
#define TRAINER_RUN_TRAIN_H

#include "trainer/config/config.h"

typedef struct train_options {
    const char *db;
    bool again, accept; /* what to do with a run that other code recorded: a new one; keep it */
    bool progress;      /* say on stderr how far it is */
    int lock;           /* the run's lock, where the parent took it; -1: to be taken here */
    int64_t until;      /* step to stop after, as on a signal, but with status DONE; 0: the end */
} train_options;

/* Runs, resumes, or says that it is done.  The status is the verb's exit status; where it is not
 * STATUS_DONE, e says why.  *c must be resolved. */
int train_run(const config *c, const train_options *o, error *e);

/* Seconds that one step takes with this many threads (the fastest of a few), measured without a
 * corpus and without a record. */
bool train_measure(double *seconds, const config *c, int n_threads, error *e);

#endif
