/* acc.c - the accuracy of the next token: targets that were the likeliest token / tokens.  On a
 * corpus with a mask these are the answers alone: MQAR's accuracy, for instance.
 */
#include "core/db/metric.h"

const metric_kind metric_acc = {
    .name = "acc",
    .unit = "",
    .value = "1.0 * e.n_right / e.n_tok",
    .larger_is_better = true,
    .help = "share of the tokens that were the likeliest one",
};
