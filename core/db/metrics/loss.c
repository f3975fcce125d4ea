/* loss.c - the mean negative log-likelihood of a target: sum of -ln p / tokens. */
#include "core/db/metric.h"

const metric_kind metric_loss = {
    .name = "loss",
    .unit = "nats",
    .value = "e.nll_sum / e.n_tok",
    .help = "mean loss of a token",
};
