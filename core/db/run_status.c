/* run_status.c - the words of the column run.status (schema.sql checks that there are no others).
 */
#include "core/db/run_status.h"

#include <assert.h>
#include <string.h>

const char *const run_status_words[RUN_STATUSES + 1] = {
    [RUN_NEW] = "new",
    [RUN_PLANNED] = "planned",
    [RUN_RUNNING] = "running",
    [RUN_DONE] = "done",
    [RUN_DIVERGED] = "diverged",
    [RUN_FAILED] = "failed",
    [RUN_PREEMPTED] = "preempted",
};

const char *run_status_word(run_status status)
{
    return run_status_words[status];
}

run_status run_status_of(const char *word)
{
    run_status status = RUN_NEW;
    while (status < RUN_STATUSES && strcmp(run_status_words[status], word) != 0) status++;
    assert(status < RUN_STATUSES);
    return status;
}

bool run_status_final(run_status status)
{
    return status == RUN_DONE || status == RUN_DIVERGED;
}
