/* merge_files.h - weights, checkpoints and logs of merged runs, beside their new database. */
#ifndef EXPERIMENTS_MERGE_FILES_H
#define EXPERIMENTS_MERGE_FILES_H

#include "experiments/merge_rows.h"

/* Copy n files and flush them all to disk.  A file whose hash is not the one of its row is an
 * error: it changed or is damaged. */
bool merge_files_copy(merge_file *file, int n, error *e);

/* Remove those that were copied, because the rows that name them were not written. */
void merge_files_remove(const merge_file *file, int n);

void merge_files_close(merge_file *file, int n);

#endif
