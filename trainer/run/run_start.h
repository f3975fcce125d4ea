/* run_start.h - the weights that a run starts from, found when it starts.
 *
 * A source that is named by its identity has run in the meantime or has not; the newest generation
 * of it counts.  Its file must have the hash that the database has.  What was taken is stored in
 * run_source, so that a source which is trained again later is noticed.
 */
#ifndef TRAINER_RUN_RUN_START_H
#define TRAINER_RUN_RUN_START_H

#include "core/db/db.h"
#include "trainer/config/run_spec.h"

typedef struct run_start {
    bool exists;           /* the run starts from other weights than random ones */
    bool diverged;         /* the source did, so there is nothing to start from  */
    int64_t run_id, step;  /* of the source; 0: a file                           */
    char name[160];        /* "run UID (STUDY, ARM, seed N)"; "" for a file      */
    char *file;            /* NULL if there is none                              */
    char sha256[HASH_HEX]; /* that it must have                                  */
} run_start;

/* Find the source of a run in d.  Fails if it has not been trained, or has not kept the weights of
 * that step, and says which run it is.  The caller closes s, also after a failure. */
bool run_start_find(run_start *s, db *d, const run_spec *spec, error *e);
void run_start_close(run_start *s);

/* Store in `d` which weights the run took.  The source's run may be of another database: then only
 * its name is kept.  The caller holds the transaction. */
bool run_start_store(db *d, int64_t run_id, const run_start *s, error *e);

/* Has the source of a run been trained again since, with another result?  The uid of that source if
 * so, else "". */
bool run_start_changed(db *d, char uid[CONFIG_UID], int64_t run_id, error *e);

#endif
