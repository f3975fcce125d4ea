/* sample.h - the held-out text as a sample: evaluation noise in addition to training noise.
 *
 * d[s][q] is the difference of two arms at seed s on piece q of the text.  Seeds and pieces cross:
 *
 *     d[s][q] = delta + seed[s] + piece[q] + error
 *
 * The intervals of contrast.h are for this text.  Here it is a sample of text of its kind, which
 * adds piece/Q to the variance of the mean, estimated by the mean squares of the crossed design
 * (Searle, Casella and McCulloch, Variance Components, 1992, ch. 4):
 *
 *     V = seed/S + error/(S Q)  +  piece/Q        the share of the text is piece/Q / V
 *
 * Each side of the interval is the root of the sum of two squares: the side that contrast.h gives,
 * and Student's t (Q - 1 degrees of freedom, Bonferroni over the pairs) times the error of the text
 * (limits of a sum from those of its parts: Zou and Donner, Statistics in Medicine 27, 2008).  If
 * the text adds nothing, it is the interval of contrast.h.  Neighbouring windows resemble each
 * other, so a piece is several consecutive windows, not one.
 */
#ifndef ANALYSIS_ANSWERS_SAMPLE_H
#define ANALYSIS_ANSWERS_SAMPLE_H

#include "analysis/answers/comparison.h"

enum { SAMPLE_PIECES = 50 }; /* at most this many pieces of text */

typedef struct sample {
    int seeds, pieces;         /* pieces 0: there are no sums by sequence */
    double seed, piece, error; /* variance components of one difference, at least 0 */
    double se_seeds, se_text;  /* standard errors: on this text; what other text adds */
    double se, share;          /* standard error of both; the text's share of its square */
    double lo, hi;             /* simultaneous 1 - alpha interval, on other text; NaN: none */
} sample;

/* Estimate the variances and se_text.  d (seeds, pieces), both at least 2. */
void sample_fit(sample *m, const double *d, int seeds, int pieces);

/* Fill in the rest from the pair as contrast.h compares it, one of `pairs`. */
void sample_widen(sample *m, const contrast *r, int pairs, double alpha);

/* The sample of the i-th pair of a comparison, at the seeds that were used.  Only losses in nats
 * per token have sums by sequence; pieces is 0 for other metrics. */
bool sample_read(sample *m, const comparison *c, db *d, int i, error *e);

/* Mean losses of the pieces of one run's final evaluation.  *known: its sequences are in the
 * database, and as many as *sequences (0: not known yet). */
bool sample_pieces(double mean[SAMPLE_PIECES], int64_t *sequences, bool *known, const metric *m,
                   db *d, int64_t run_id, error *e);

#endif
