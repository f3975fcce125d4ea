/* run_status.h - what became of a run: one enum in the code, one word each in the database.
 *
 *     planned -> running -> done | diverged      final: NaN is an outcome, not a missing row
 *                        -> failed | preempted   run again, or resumed from a checkpoint
 */
#ifndef CORE_DB_RUN_STATUS_H
#define CORE_DB_RUN_STATUS_H

#include <stdbool.h>

typedef enum run_status {
    RUN_NEW, /* not in the database */
    RUN_PLANNED,
    RUN_RUNNING,
    RUN_DONE,
    RUN_DIVERGED,
    RUN_FAILED,
    RUN_PREEMPTED,
    RUN_STATUSES
} run_status;

/* The words, in the order of the enum; NULL last. */
extern const char *const run_status_words[RUN_STATUSES + 1];

/* The word for it, as in the column run.status. */
const char *run_status_word(run_status status);

/* The status that a word of that column stands for. */
run_status run_status_of(const char *word);

/* Is there nothing left to run?  True for done and diverged. */
bool run_status_final(run_status status);

#endif
