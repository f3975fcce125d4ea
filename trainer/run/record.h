/* record.h - what the trainer writes into the database: configurations, runs, attempts, steps.
 *
 * A run is owned by the process that holds the lock on RUN_DIR/lock; the kernel frees it on death.
 * Rows say what happened and are never asked who is alive.
 */
#ifndef TRAINER_RUN_RECORD_H
#define TRAINER_RUN_RECORD_H

#include "core/db/db.h"
#include "trainer/config/config.h"

/* One run of the plan. */
typedef struct record_run {
    int64_t run_id;
    char uid[CONFIG_UID];
    int64_t generation, target_step, last_step; /* last_step -1: none yet */
    int64_t attempts, ended_ms;                 /* 0: none, and not ended */
    char status[16];
    char message[512];
    bool outdated; /* recorded by other code than this build has for what it uses */
} record_run;

/* Make sure that the dataset, config (with its parameters) and run of a resolved configuration are
 * there, status 'planned' when new; *r is the newest generation, or, when `again` and the newest
 * was recorded by other code, a new one.  The caller holds the transaction. */
bool record_plan(db *d, record_run *r, const config *c, bool again, error *e);

/* RUN_DIR and its config.yaml, which `train` runs; a run that has begun keeps the file it began
 * with.  The last thing before the commit: what is refused until then leaves no folder. */
bool record_write_config(const db *d, const record_run *r, const config *c, error *e);

/* The rows of a configuration that nothing is trained with (a corpus is not needed); id as
 * config_id.  The caller holds the transaction. */
bool record_config(db *d, char id[CONFIG_ID], const config *c, error *e);

/* The same as record_plan without writing: *found is false when there is no such run. */
bool record_find(db *d, record_run *r, bool *found, const config *c, error *e);

/* "DB.runs/UID", without a slash behind; the caller frees it. */
char *record_folder(const db *d, const char *uid);

/* Take the run: *lock is -1 when a living process has it.  Closing *lock lets it go. */
bool record_own(int *lock, const db *d, const char *uid, error *e);

/* Is this descriptor, which a parent handed down, the lock of the run? */
bool record_owns(int lock, const db *d, const char *uid);

/* Does a living process own the run?  To know, the lock is taken for a moment: who cannot take it
 * should try again before he says that somebody else has it. */
bool record_alive(const db *d, const char *uid, bool *alive, error *e);

/* Rows of the build and of this machine, made where they are missing.  The caller holds the
 * transaction. */
bool record_code(db *d, int64_t *code_id, error *e);
bool record_host(db *d, int64_t *host_id, error *e);

/* Was this code's run made of other code than this build has for what the configuration uses? */
bool record_outdated(db *d, bool *outdated, int64_t code_id, const config *c, error *e);

#endif
