/* sample.h - the held-out text as a sample: evaluation noise beside training noise.
 *
 * d[s][q] is the difference of two arms at seed s on piece q of the text.  Seeds and pieces cross:
 *
 *     d[s][q] = delta + seed[s] + piece[q] + error
 *
 * The intervals of contrast.h take the text as it is; here it stands for other text of its kind, so
 * the variance of the mean is V = seed/S + piece/Q + error/(S Q), each component from its mean
 * square (Searle, Casella and McCulloch, Variance Components, 1992, ch. 4), with Satterthwaite's
 * degrees of freedom.  Neighbouring windows resemble each other, so a piece is a run of consecutive
 * windows, not one.
 */
#ifndef ANALYSIS_SAMPLE_H
#define ANALYSIS_SAMPLE_H

#include "analysis/comparison.h"

enum { SAMPLE_PIECES = 50 }; /* at most, of the text */

typedef struct sample {
    int seeds, pieces;         /* pieces 0: there are no sums by sequence to go by */
    double diff;               /* the mean                                         */
    double seed, piece, error; /* variances; none below 0                         */
    double se_seeds, se_text;  /* standard error with the text as it is, and what other text adds */
    double se, df;             /* of both                                          */
    double lo, hi;             /* 1 - alpha over the number of pairs (Bonferroni)  */
} sample;

/* d (seeds, pieces), both at least 2; alpha of this one interval. */
void sample_fit(sample *m, const double *d, int seeds, int pieces, double alpha);

/* The i-th pair of a comparison, at the seeds that it used.  Only losses in nats a token have sums
 * by sequence. */
bool sample_read(sample *m, const comparison *c, db *d, int i, error *e);

#endif
