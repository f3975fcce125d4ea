/* last.c - the loss over the last quarter of each window, where the context is longest. */
#include "core/db/metric.h"

const metric_kind metric_last = {
    .name = "last",
    .unit = "nats",
    .value = "e.last_nll_sum / e.last_n_tok",
    .help = "mean loss of a token in the last quarter of each window",
};
