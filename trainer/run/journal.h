/* journal.h - one attempt at one run, as it goes into the record.
 *
 *     open     take the newest good checkpoint, delete what was recorded past it, begin an attempt
 *     step     a row, kept in memory for a moment
 *     ...      evaluations and checkpoints; each goes in with every row before it, in one
 * transaction close    the status the run ends with
 *
 * A checkpoint's file is durable before its row is.  The two newest are kept while the run goes on.
 */
#ifndef TRAINER_RUN_JOURNAL_H
#define TRAINER_RUN_JOURNAL_H

#include "trainer/model/evaluation.h"
#include "trainer/model/train_step.h"
#include "trainer/run/record.h"

typedef struct journal_row {
    int64_t step, wall_ms; /* milliseconds of training up to here, in all attempts */
    double loss, grad_norm, lr;
    bool clipped;
} journal_row;

typedef struct journal {
    db *d;
    const config *c;
    int64_t run_id, attempt, code_id, host_id;
    char uid[CONFIG_UID];
    char *folder;
    int64_t from_step; /* of the checkpoint it goes on from; 0: the start */
    int64_t wall_ms;   /* of training, up to from_step                    */
    int64_t flushed_ms, began_ms;
    int rows, room;
    journal_row *row;
} journal;

/* Fill l's weights and optimizer state: from the newest checkpoint, or as the configuration starts.
 * The caller has the run's lock.  Fails, with nothing changed, if the database does. */
bool journal_open(journal *j, db *d, const record_run *r, const config *c, train_step *l, error *e);
void journal_drop(journal *j); /* forget it; rows not yet written are lost */

bool journal_step(journal *j, const journal_row *row, error *e);
bool journal_evaluation(journal *j, int64_t step, const eval_result *r, int n, bool final,
                        error *e);

/* A file that cannot be written, or not for certain, is given up: the checkpoint before it stays
 * the newest, *saved is false, and the event is recorded.  Fails where the database does. */
bool journal_checkpoint(journal *j, bool *saved, const train_step *l, int64_t step, error *e);
bool journal_event(journal *j, const char *level, const char *message, error *e);

/* Remove from the run's folder what was left half-made, and checkpoints that the record does not
 * name (any more).  The caller has the run's lock. */
void journal_sweep(db *d, const record_run *r);

/* The end of a run whose last step was taken: its weights stay as train.keep says. */
bool journal_done(journal *j, const train_step *l, int64_t step, error *e);

/* The end of an attempt: "diverged", "failed" or "preempted", and why. */
bool journal_close(journal *j, const char *status, int64_t step, const char *message, int exit_code,
                   error *e);

#endif
