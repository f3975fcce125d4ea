/* bpb.c - bits a byte: sum of -log2 p / bytes of the text.  Unlike the loss of a token, it can be
 * compared between tokenizers.  The loss on BOS, which begins each further document of the held-out
 * text, is in the sum, and BOS has no bytes: one more such document adds a little.
 * 0.6931471805599453 is ln 2.
 */
#include "core/db/metric.h"

const metric_kind metric_bpb = {
    .name = "bpb",
    .unit = "bits a byte",
    .value = "e.nll_sum / e.n_bytes / 0.6931471805599453",
    .help = "bits to code a byte of the text; includes the loss on BOS between documents, which "
            "has no bytes",
};
