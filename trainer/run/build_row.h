/* build_row.h - this build and this machine as rows, and which runs are outdated. */
#ifndef TRAINER_RUN_BUILD_ROW_H
#define TRAINER_RUN_BUILD_ROW_H

#include "core/db/db.h"
#include "trainer/config/run_spec.h"

/* The rows of this build (`code`, with its parts) and of this machine, inserted if missing.  The
 * caller holds the transaction. */
bool build_row_code(db *d, int64_t *code_id, error *e);
bool build_row_host(db *d, int64_t *host_id, error *e);

/* Has any part of the code that the run uses changed between that build and this one? */
bool build_row_outdated(db *d, bool *outdated, int64_t code_id, const run_spec *spec, error *e);

#endif
