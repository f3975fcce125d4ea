/* lookup.h - studies and runs by what people call them. */
#ifndef ANALYSIS_DATA_LOOKUP_H
#define ANALYSIS_DATA_LOOKUP_H

#include "core/db/db.h"

/* The study called `name`: a sweep.name, a study.yaml whose sweep.name it is, or a folder that
 * holds one.  Fails when there is none, and names those that there are. */
bool lookup_study(db *d, int64_t *sweep_id, const char *name, error *e);

/* The same without a failure when the database has no such study: *sweep_id is 0 then. */
bool lookup_study_maybe(db *d, int64_t *sweep_id, const char *name, error *e);

/* The one run whose uid starts with `prefix`; *run_id is 0 when none does.  Fails on several. */
bool lookup_run_maybe(db *d, int64_t *run_id, const char *prefix, error *e);

#endif
