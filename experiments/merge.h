/* merge.h - databases of several machines as one: `attnlab merge A.db B.db --into C.db`.
 *
 *     C := C + A + B + ...    by the identity of studies, arms, runs and looks
 *
 * Merging twice changes nothing.  All rows go in by one transaction, after all files are durable,
 * so C is what it was or has everything; a new database appears complete.  The sources are only
 * read.
 *
 * Of a run that several have, a finished one replaces one that is not, and of two that are not
 * finished the one with the later checkpoint stays.  Two finished ones must have the same result.
 * The newest version of a study says what its arms are; the versions of all are its history.
 */
#ifndef EXPERIMENTS_MERGE_H
#define EXPERIMENTS_MERGE_H

#include "core/db/db.h"

/* What a source brought. */
typedef struct merge_count {
    int64_t added, continued, known; /* runs: new, further or finished here, as they were      */
    int64_t finished;                /* of those added and continued                            */
    int64_t studies, looks;          /* new ones                                                */
    int64_t files, bytes, missing;   /* of weights: copied; not beside the source               */
    int64_t cut_off;                 /* runs marked as running that no process has              */
} merge_count;

typedef struct merge_order {
    const char *const *source; /* (n) paths of databases */
    int n;
    const char *into; /* created if there is none */
    bool files;       /* copy weights and checkpoints, too */
} merge_order;

/* Merge, and count what each source brought: count (n).  Fails, with nothing changed, if a source
 * is the destination or is given twice, is not a database, is newer than this program, has a run
 * that a living process trains, or has another result of a run. */
bool merge_run(merge_count *count, const merge_order *o, error *e);

#endif
