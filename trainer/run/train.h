/* train.h - one run, from its configuration to its rows in the database. */
#ifndef TRAINER_RUN_TRAIN_H
#define TRAINER_RUN_TRAIN_H

#include "trainer/config/run_spec.h"

typedef struct train_options {
    const char *db;
    const char *sources; /* a database that has the run it starts from; NULL: db */
    bool again, accept;  /* an outdated run: train a new generation; take it as it is */
    bool allow_mixed; /* resume in another environment (build_row.h), and mark the run as mixed */
    bool progress;    /* show progress on stderr */
    bool summary;     /* when the run is done, say on stderr where its weights are */
    int lock;         /* the run's lock if the parent holds it; -1: take it here */
    int64_t until;    /* stop after this step, as on a signal but with STATUS_DONE; 0: the end */
} train_options;

/* Run it, or resume it, unless it has ended.  Returns the exit status, which is the same however
 * often an ended run is asked for: STATUS_DONE or STATUS_DIVERGED.  e says why unless it is
 * STATUS_DONE. */
int train_run(const run_spec *spec, const train_options *o, error *e);

#endif
