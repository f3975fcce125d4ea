/* metric.h - what is compared: [TASK.]SPLIT_KIND[@CONTEXT], such as val_loss@512.
 *
 * Kinds: loss (nats a token), bpb (bits a byte), last (nats a token over the last quarter of each
 * window).  The task is `lm` unless it is said.
 */
#ifndef ANALYSIS_DATA_METRIC_H
#define ANALYSIS_DATA_METRIC_H

#include "core/base/error.h"

#include <stdint.h>

typedef struct metric {
    char name[96]; /* as it was written */
    char task[32], split[32];
    int64_t context;   /* 0: not said */
    const char *value; /* SQL on a row of eval called e */
    const char *unit;  /* "nats", "bits a byte", "" */
    bool larger_is_better;
} metric;

/* Fails, with the kinds there are, on anything else. */
bool metric_parse(metric *m, const char *text, error *e);

#endif
