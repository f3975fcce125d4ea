/* journal.h - one attempt at one run, as it goes into the database.
 *
 *     open     load the newest good checkpoint, delete the rows past it, begin an attempt
 *     step     a row, kept in memory for a moment
 *     ...      evaluations and checkpoints, each in one transaction with every row before it
 *              (an evaluation later, if another process has the database locked)
 *     close    the status that the run ends with
 *
 * A checkpoint's file is durable before its row is.  The two newest are kept while the run is
 * training.
 */
#ifndef TRAINER_RUN_JOURNAL_H
#define TRAINER_RUN_JOURNAL_H

#include "trainer/model/evaluation.h"
#include "trainer/model/train_step.h"
#include "trainer/run/run_row.h"
#include "trainer/run/run_start.h"

typedef struct journal_row {
    int64_t step, wall_ms; /* milliseconds of training up to here, in all attempts */
    double loss, grad_norm, lr;
    bool clipped;
} journal_row;

typedef struct journal {
    db *d;
    const config *settings;
    run_start start; /* the caller's */
    int64_t run_id, attempt, code_id, host_id;
    char uid[CONFIG_UID];
    char *folder;
    int64_t from_step; /* of the checkpoint it resumed from; 0: the start */
    int64_t wall_ms;   /* of training, up to from_step                    */
    int64_t flushed_ms, began_ms;
    int64_t held_ms, retry_ms; /* while another process has the database locked: since, and when to
                                  ask again; else 0 */
    bool said;                 /* the user knows of it */
    int rows, room;
    journal_row *row;
    int evaluations;
    struct journal_sums *sums; /* not the final one */
} journal;

/* Fill train's weights and optimizer state: from the newest checkpoint, or as the configuration
 * starts, with the weights of `start` if that exists.  `start` must outlive j.  The caller has the
 * run's lock.  Fails if the database does, or if there is no room for the weights, with nothing
 * changed. */
bool journal_open(journal *j, db *d, const run_row *r, const run_spec *spec, const run_start *start,
                  train_step *train, error *e);
void journal_drop(journal *j); /* without writing the rows in memory */

/* Keep a row, or the sums of an evaluation, until they are written.  While another process has the
 * database locked they stay in memory, and training goes on; when there are very many, and before a
 * final evaluation, a checkpoint and the end, it waits.  Fails if the database does. */
bool journal_step(journal *j, const journal_row *row, error *e);
bool journal_evaluation(journal *j, int64_t step, const eval_result *r, int n, bool final,
                        error *e);

/* If the file can't be written safely, the checkpoint before it stays the newest, *saved is false,
 * and an event says why.  Fails if the database does, or if there is not even room for the
 * weights: then what follows would be trained in vain. */
bool journal_checkpoint(journal *j, bool *saved, const train_step *train, int64_t step, error *e);

/* Is a file of the run's folder half-written, or a checkpoint without a row? */
bool journal_leftover(db *d, bool *left, int64_t run_id, const char *file, error *e);

/* Remove such files.  The caller has the run's lock. */
void journal_sweep(db *d, int64_t run_id, const char *uid);

/* The end of a run that took its last step; its weights are kept as train.keep says. */
bool journal_done(journal *j, const train_step *train, int64_t step, error *e);

/* The end of an attempt: diverged, failed or preempted, and why. */
bool journal_close(journal *j, run_status status, int64_t step, const char *message, int exit_code,
                   error *e);

#endif
