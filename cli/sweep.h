/* sweep.h - run what is missing of a study, for the commands that do. */
#ifndef CLI_SWEEP_H
#define CLI_SWEEP_H

#include "cli/command.h"
#include "experiments/arms.h"

/* Plan the study and run what is not recorded yet, `jobs` runs at a time (OPTION_UNSET: as many as
 * there are processors).  Where seeds are added until the contrasts are decided, each arm of r gets
 * those that it needs.  Says on stderr how far it is.  Returns the exit status; e has the reason
 * unless it is STATUS_DONE. */
int sweep_run(command_call *call, int64_t jobs, const study_file *s, arms *r, error *e);

/* Show every run of the study, its cost and its state, and write nothing. */
int sweep_dry_run(command_call *call, int64_t jobs, const study_file *s, arms *r, error *e);

#endif
