/* curve.h - how the loss of a run fell: points of tokens and loss.
 *
 * The validation curve where a run was evaluated often enough; else the training loss, as means
 * over equal spans of tokens - such means do not lag behind, and they invent nothing at the ends.
 */
#ifndef ANALYSIS_DATA_CURVE_H
#define ANALYSIS_DATA_CURVE_H

#include "analysis/data/study.h"

typedef struct curve {
    int n;
    double *tokens, *loss, *seconds; /* seconds: of training, by the run's clock; NaN: not read */
} curve;

enum {
    CURVE_FEWEST = 5, /* evaluations that make a curve */
    CURVE_SPANS = 50, /* of tokens, for training loss  */
};

/* The curve of one run by the study's metric, or (`training`) of its training loss over spans of
 * `span` tokens. */
bool curve_read(curve *k, const study *s, db *d, int64_t run_id, bool training, double span,
                error *e);
void curve_close(curve *k);

/* One point more, at the end. */
void curve_add(curve *k, double tokens, double loss);

#endif
