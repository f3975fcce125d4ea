/* build_row.h - this build and this machine as rows, and which runs are outdated. */
#ifndef TRAINER_RUN_BUILD_ROW_H
#define TRAINER_RUN_BUILD_ROW_H

#include "core/db/db.h"
#include "trainer/config/run_spec.h"

/* The rows of this build (`code`, with its parts) and of this machine, inserted if missing.  The
 * caller holds the transaction. */
bool build_row_code(db *d, int64_t *code_id, error *e);
bool build_row_host(db *d, int64_t *host_id, error *e);

/* The environment is what decides the bits of a run besides its configuration and code: processor,
 * kernels, and OpenBLAS with its own kernels.  Steps up to `step` of a run, as its checkpoint of
 * that step has them, may come from other environments than that of host_id: `differs` names the
 * first ("kernels avx2, here plain"), or is empty.  An attempt whose steps were all taken again
 * doesn't count. */
enum { BUILD_ROW_DIFFERS = 256 };
bool build_row_differs(db *d, char differs[BUILD_ROW_DIFFERS], int64_t run_id, int64_t step,
                       int64_t host_id, error *e);

/* Was the run computed in more than one environment? */
bool build_row_mixed(db *d, bool *mixed, int64_t run_id, error *e);

/* Has any part of the code that the run uses changed between that build and this one? */
bool build_row_outdated(db *d, bool *outdated, int64_t code_id, const run_spec *spec, error *e);

#endif
