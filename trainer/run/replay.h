/* replay.h - a run trained again from the start and compared with what the database has.
 *
 * The same configuration, seeds and machine give the same bits.  If they don't, this says from
 * which step on, and what is different about the program or the machine.
 */
#ifndef TRAINER_RUN_REPLAY_H
#define TRAINER_RUN_REPLAY_H

#include "core/base/table.h"

typedef struct replay_options {
    const char *db, *run;        /* the database, and the start of the run's uid      */
    const char *const *settings; /* (n) "key=value" outside of the identity           */
    int n;
    bool progress;
    table_format format;
} replay_options;

/* Print a table to `out`: what, recorded, replayed, agree.  Returns the exit status: 0 if loss log,
 * evaluations and weights agree bit for bit; otherwise e says why not. */
int replay_run(const replay_options *o, FILE *out, error *e);

#endif
