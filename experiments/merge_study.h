/* merge_study.h - studies of one name on two machines are one study. */
#ifndef EXPERIMENTS_MERGE_STUDY_H
#define EXPERIMENTS_MERGE_STUDY_H

#include "experiments/merge_rows.h"

/* Studies with their versions; arms; cells.  Fails if two studies of one name have no arm in
 * common, or were imported from different files. */
bool merge_study_sweeps(merge_work *x, int table);
bool merge_study_arms(merge_work *x, int table);
bool merge_study_cells(merge_work *x, int table);

/* When all tables are merged: looks are numbered, and seeds that the newest version lacks go. */
bool merge_study_finish(merge_work *x);

#endif
