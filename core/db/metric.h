/* metric.h - what is compared: [TASK.]SPLIT_KIND[@CONTEXT], such as val_loss@512.
 *
 * A kind of metric is a number that an evaluation's row in the table `eval` gives: one C file in
 * metrics/ that ends in one `const metric_kind`, listed in one line of metrics/meson.build.  Names
 * are read by metric_parse and written by metric_write, and nowhere else.
 *
 * Scores on a suite of tasks are called tasks:SUITE..., of which metric_parse takes any: which
 * suites there are is known to the database (analysis/data/scores.h).
 */
#ifndef CORE_DB_METRIC_H
#define CORE_DB_METRIC_H

#include "core/base/error.h"

#include <stddef.h>
#include <stdint.h>

enum { METRIC_NAME = 96, METRIC_WORD = 32, METRIC_TASK = 64 };

typedef struct metric_kind {
    const char *name;  /* "loss"                                        */
    const char *unit;  /* "nats", "bits a byte", ""                     */
    const char *value; /* SQL over a row of eval called e               */
    bool larger_is_better;
    const char *help; /* one line                                      */
} metric_kind;

/* Every kind, NULL last.  Generated from metrics/meson.build. */
extern const metric_kind *const metric_kinds[];

/* The parts of the default metric: the loss on the held-out part of the corpus. */
extern const char METRIC_DEFAULT_TASK[], METRIC_DEFAULT_SPLIT[], METRIC_DEFAULT_KIND[];

typedef struct metric {
    char name[METRIC_NAME]; /* as it was written */
    char task[METRIC_TASK], split[METRIC_WORD];
    int64_t context;   /* 0: not given */
    const char *value; /* of its kind  */
    const char *unit;
    bool larger_is_better;
} metric;

/* "tasks": the split of scores on a suite, whose task is the rest of the name. */
extern const char METRIC_TASKS[];
bool metric_is_suite(const metric *m);

/* Fails, with the kinds there are, on a name that is not of this form or has an unknown kind. */
bool metric_parse(metric *m, const char *text, error *e);

/* The metric of an imported study: any printable name, such as accuracy or val_loss@512, whose
 * value is stored as it was.  A loss by the names of this program is read as metric_parse does;
 * others have the split METRIC_IMPORTED.  `larger_is_better` is not set.  Fails on a name that is
 * too long or not printable. */
extern const char METRIC_IMPORTED[];
bool metric_of_import(metric *m, const char *text, error *e);

/* Do two metrics give the same number, however they are written? */
bool metric_same(const metric *a, const metric *b);

/* The name of a metric, the default task left out; context 0: without "@CONTEXT". */
void metric_write(char *out, size_t size, const char *task, const char *split, const char *kind,
                  int64_t context);

#endif
