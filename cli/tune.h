/* tune.h - sweep.tune: find each arm's own best value of a key, by a study of its own. */
#ifndef CLI_TUNE_H
#define CLI_TUNE_H

#include "cli/command.h"
#include "experiments/arms.h"

/* Run what is missing of the study NAME.tune, fit each arm's best value, and give it to the arm.
 * The same results give the same values, in any process and after any interruption.  With
 * `dry` nothing is run or written: if results are missing, the runs that come next are shown, and
 * *pending is true.  Returns the exit status; e has the reason unless it is STATUS_DONE. */
int tune_arms(command_call *call, int64_t jobs, bool dry, bool *pending, const study_file *s,
              arms *a, error *e);

#endif
