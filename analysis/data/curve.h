/* curve.h - how the loss of a run fell: points of tokens and loss.
 *
 * Either the evaluations during training, or the training loss as means over equal spans of tokens.
 * Unlike a moving average, such means do not lag behind and are not distorted at the ends.
 */
#ifndef ANALYSIS_DATA_CURVE_H
#define ANALYSIS_DATA_CURVE_H

#include "analysis/data/study.h"

typedef struct curve {
    int n;
    double *tokens, *loss, *seconds; /* (n); seconds of training by the run's clock, NaN: unknown */
} curve;

enum {
    CURVE_FEWEST = 5, /* with fewer evaluations there is no curve */
    CURVE_SPANS = 50, /* spans of tokens for the training loss    */
};

/* The curve of one run: by the study's metric or, if `training`, its training loss over spans of
 * `span` tokens.  The caller closes it. */
bool curve_read(curve *k, const study *s, db *d, int64_t run_id, bool training, double span,
                error *e);
void curve_close(curve *k);

/* Tokens of the study's longest run so far; 0 if no step is recorded. */
bool curve_longest(double *tokens, const study *s, db *d, error *e);

/* Add a point at the end. */
void curve_add(curve *k, double tokens, double loss);

#endif
