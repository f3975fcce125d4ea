/* source_runs.h - which runs of other studies a study still needs. */
#ifndef EXPERIMENTS_SOURCE_RUNS_H
#define EXPERIMENTS_SOURCE_RUNS_H

#include "core/db/db.h"
#include "experiments/source.h"

/* Runs of one source study that unfinished runs of this study start from. */
typedef struct source_runs {
    int needed, missing, outdated; /* each run once; missing: not done and not diverged */
    char first[ARM_LABEL + 32];    /* of the missing or, if none is, outdated ones: "ARM, seed N" */
} source_runs;

/* Count them; `d` is NULL if there is no database yet. */
bool source_runs_count(source_runs *n, const source *from, db *d, const arms *a,
                       const study_file *s, error *e);

#endif
