/* run_row.h - the plan of one run in the database: corpus, configuration and run, each inserted
 * once.
 *
 * A run is found by its identity (configuration, seeds, replica); training it again with other code
 * makes a new generation.  Rows say what happened; who is alive is for run_folder.h.
 */
#ifndef TRAINER_RUN_RUN_ROW_H
#define TRAINER_RUN_RUN_ROW_H

#include "core/db/db.h"
#include "core/db/run_status.h"
#include "trainer/config/run_spec.h"

typedef struct run_row {
    int64_t run_id;
    char uid[CONFIG_UID];
    int64_t generation, target_step, last_step; /* last_step -1: none yet */
    int64_t attempts, ended_ms;                 /* ended_ms 0: not ended  */
    run_status status;
    char message[512];
    bool outdated; /* made by other code than this build has for what it uses, or `source` */
    char source[CONFIG_UID]; /* the run it started from, if that was trained again since; or "" */
    bool mixed;              /* computed in more than one environment (build_row.h)         */
} run_row;

/* Insert what is missing of the rows of dataset, config (with its parameters) and run.  *r is the
 * newest generation, or a new one if `again` and the newest is outdated or mixed.  Fails without a
 * corpus. The caller holds the transaction. */
bool run_row_plan(db *d, run_row *r, const run_spec *spec, bool again, error *e);

/* The same without writing: *found is false if there is no such run. */
bool run_row_find(db *d, run_row *r, bool *found, const run_spec *spec, error *e);

/* The run's folder with the config.yaml that `train` runs.  A run that has begun keeps the file it
 * began with.  Do this last before the commit, so that a refused plan leaves no folder. */
bool run_row_write_config(const db *d, const run_row *r, const run_spec *spec, error *e);

/* The rows of a configuration that nothing is trained with; it needs no corpus.  The caller holds
 * the transaction. */
bool run_row_config(db *d, const run_spec *spec, error *e);

#endif
