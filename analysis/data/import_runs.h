/* import_runs.h - results of a file as a study in the database, marked as imported.
 *
 * An arm becomes a configuration that says nothing but where it comes from, a seed of an arm a run
 * that is done (or diverged, if a last value is not finite), and a value an evaluation whose sum is
 * that value over one token, so that not a digit changes.
 */
#ifndef ANALYSIS_DATA_IMPORT_RUNS_H
#define ANALYSIS_DATA_IMPORT_RUNS_H

#include "analysis/data/results_file.h"
#include "core/db/db.h"

typedef struct import_runs {
    const char *file, *study, *metric, *baseline; /* metric, baseline NULL: the only, the first */
    const char *question;                         /* or NULL */
    double margin, alpha;                         /* margin NaN: none */
    const char *const *higher;                    /* (n_higher) metrics of which higher is better */
    int n_higher;
} import_runs;

/* Write the study, in one transaction.  *known is true if it is there already from the same file;
 * then nothing is changed.  Fails on rows that contradict each other and on a name that is taken.
 */
bool import_runs_write(bool *known, db *d, const import_runs *o, const results_file *r, error *e);

#endif
