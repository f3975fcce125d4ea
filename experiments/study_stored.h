/* study_stored.h - a study by the name that the user gave. */
#ifndef EXPERIMENTS_STUDY_STORED_H
#define EXPERIMENTS_STUDY_STORED_H

#include "experiments/study_file.h"

/* Read the study called `name`: a file, a folder with a study.yaml, or the newest version of a
 * study in the database at `db_path`, which must outlive s; then n settings, as study_file_read
 * does. */
bool study_stored_open(study_file *s, const char *name, const char *db_path, char *const *settings,
                       int n, error *e);

/* The same, but only from the database. */
bool study_stored_recall(study_file *s, const char *name, const char *db_path,
                         char *const *settings, int n, error *e);

#endif
