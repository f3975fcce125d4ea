/* replay.h - a recorded run, trained again from nothing beside the record, and held against it.
 *
 * The same configuration, seeds and machine give the same bits; where they do not, this says from
 * which step on, and what is other about the program or the machine.
 */
#ifndef TRAINER_RUN_REPLAY_H
#define TRAINER_RUN_REPLAY_H

#include "core/base/table.h"
#include "trainer/config/config.h"

typedef struct replay_options {
    const char *db, *run;        /* the record, and the (start of the) run's uid      */
    const char *const *settings; /* (n) "key=value" outside of the identity           */
    int n;
    bool progress;
    table_format format;
} replay_options;

/* Prints a table to `out`: what, recorded, replayed, agree.  The status is the verb's: 0 when loss
 * log, evaluations and weights agree bit for bit; otherwise e says why not. */
int replay_run(const replay_options *o, FILE *out, error *e);

#endif
