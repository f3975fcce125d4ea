/* record.h - what the trainer writes into the database: configurations, runs, attempts, steps.
 *
 * A run is owned by the process that holds the lock on RUN_DIR/lock; the kernel frees it on death.
 * Rows say what happened and are never asked who is alive.
 */
#ifndef TRAINER_RECORD_H
#define TRAINER_RECORD_H

#include "core/db.h"
#include "trainer/config.h"

/* One run of the plan. */
typedef struct record_run {
    int64_t run_id;
    char uid[CONFIG_UID];
    int64_t generation, target_step, last_step; /* last_step -1: none yet */
    char status[16];
    char message[512];
    bool outdated; /* recorded by other code than this build has for what it uses */
} record_run;

/* Make sure that the dataset, config (with its parameters) and run of a resolved configuration are
 * there, status 'planned' when new; *r is the newest generation, or, when `again` and the newest
 * was recorded by other code, a new one.  Also writes RUN_DIR/config.yaml, which `train` runs.  The
 * caller holds the transaction. */
bool record_plan(db *d, record_run *r, const config *c, bool again, error *e);

/* The same without writing: *found is false when there is no such run. */
bool record_find(db *d, record_run *r, bool *found, const config *c, error *e);

/* "DB.runs/UID", without a slash behind; the caller frees it. */
char *record_folder(const db *d, const char *uid);

/* Does a living process own the run? */
bool record_alive(const db *d, const char *uid, bool *alive, error *e);

#endif
