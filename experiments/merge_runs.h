/* merge_runs.h - runs of one identity on two machines: which of them stays. */
#ifndef EXPERIMENTS_MERGE_RUNS_H
#define EXPERIMENTS_MERGE_RUNS_H

#include "experiments/merge_rows.h"

/* Every run of the source.  Fails if both sides have finished a run with different results, if a
 * living process trains a run of the source, or one of the destination that would be replaced. */
bool merge_runs(merge_work *x, int table);

/* Checkpoints of the runs that are taken, and the files that are to be copied for them.  One whose
 * file is not beside the source is left out and counted. */
bool merge_runs_checkpoints(merge_work *x, int table);

#endif
