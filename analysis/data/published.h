/* published.h - tables of papers as data: the scores of models on benchmarks.
 *
 * A table is CSV.  Lines that begin with # come first: a title, then `source: ...`, `note: ...` and
 * `baseline: MODEL`.  The first record names the columns, of which the first is the model; records
 * whose first field begins with @ describe the columns; the others are models.  Scores are percent.
 *
 *     # MHA, MQA and GQA at equal size (Llama 2, table 18)
 *     # baseline: MHA
 *     model,BoolQ,Average
 *     @metric,accuracy,mean            accuracy, EM, pass@1 and maj@1 are shares of right answers
 *     @items,3270,                     how many there are of them
 *     @chance,50,                      what guessing gives, in percent
 *     @mean_of,,BoolQ + PIQA           the printed mean of other columns
 *     MHA,71.0,44.15
 *
 * Tables of experiments/published are embedded when attnlab is built.
 */
#ifndef ANALYSIS_DATA_PUBLISHED_H
#define ANALYSIS_DATA_PUBLISHED_H

#include "core/base/error.h"
#include "core/base/notes.h"

typedef struct published_file {
    const char *name, *text; /* "llama2-table18" */
} published_file;

/* Every embedded table; the last has no name.  Generated from analysis/data/meson.build. */
extern const published_file published_files[];

typedef struct published_column {
    char *name, *metric, *shots, *mean_of; /* "" where not given */
    double chance;                         /* percent; NaN: not given */
    bool counts;                           /* a share of right answers */
    int parts, *part;                      /* of mean_of: columns */
} published_column;

typedef struct published_model {
    char *name;
    bool own;              /* of a file that was set beside the table */
    double *score, *items; /* (columns) percent, NaN: none; NaN: not known */
    int *digits;           /* (columns) after the point, as printed */
} published_model;

typedef struct published {
    char *name, *title, *source;
    notes notes;
    int columns, models, baseline;
    published_column *column;
    published_model *model;
} published;

/* Read the embedded table of this name or, if there is none, the file at this path.  Fails with the
 * names there are, or with file, line and column. */
bool published_open(published *p, const char *name, error *e);

/* Set the models of another file beside it, matched by the names of columns.  Columns that the
 * table does not have are named in a note. */
bool published_add(published *p, notes *list, const char *path, error *e);
void published_close(published *p);

/* The index of a model; fails with the names there are. */
bool published_find(int *model, const published *p, const char *name, error *e);

/* "llama2-table18, ...": the embedded tables; the caller frees it. */
char *published_names(void);

#endif
