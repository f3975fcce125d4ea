/* lookup.h - studies and runs by what people call them. */
#ifndef ANALYSIS_DATA_LOOKUP_H
#define ANALYSIS_DATA_LOOKUP_H

#include "core/db/db.h"

/* The study called `name`: its sweep.name, a study file, or a folder with a study.yaml.  Fails if
 * the database has no such study, and lists those it has. */
bool lookup_study(db *d, int64_t *sweep_id, const char *name, error *e);

/* The same, but *sweep_id is 0 if the database has no such study. */
bool lookup_study_maybe(db *d, int64_t *sweep_id, const char *name, error *e);

/* The run whose uid starts with `prefix`; *run_id is 0 if there is none.  Fails if several do. */
bool lookup_run_maybe(db *d, int64_t *run_id, const char *prefix, error *e);

#endif
