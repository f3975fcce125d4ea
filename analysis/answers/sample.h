/* sample.h - the held-out text as a sample: evaluation noise beside training noise.
 *
 * d[s][q] is the difference of two arms at seed s on piece q of the text.  Seeds and pieces cross:
 *
 *     d[s][q] = delta + seed[s] + piece[q] + error
 *
 * The intervals of contrast.h take the text as it is; here it stands for other text of its kind,
 * which adds piece/Q to the variance of the mean, by the mean squares of the crossed design
 * (Searle, Casella and McCulloch, Variance Components, 1992, ch. 4):
 *
 *     V = seed/S + error/(S Q)  +  piece/Q        the share of the text is piece/Q / V
 *
 * Of the interval, each side is the root of two squares: what contrast.h gives, and Student's t
 * (Q - 1 degrees of freedom, Bonferroni over the pairs) times the error of the text (limits of a
 * sum from those of its parts: Zou and Donner, Statistics in Medicine 27, 2008).  So where the
 * text adds nothing it is the interval of contrast.h.  Neighbouring windows resemble each other,
 * so a piece is a run of consecutive windows, not one.
 */
#ifndef ANALYSIS_ANSWERS_SAMPLE_H
#define ANALYSIS_ANSWERS_SAMPLE_H

#include "analysis/answers/comparison.h"

enum { SAMPLE_PIECES = 50 }; /* at most, of the text */

typedef struct sample {
    int seeds, pieces;         /* pieces 0: there are no sums by sequence to go by */
    double seed, piece, error; /* variances of one difference; none below 0        */
    double se_seeds, se_text;  /* standard errors: the text as it is; what other text adds */
    double se, share;          /* of both; the part of its square that is the text's       */
    double lo, hi;             /* simultaneous 1 - alpha, on other text; NaN if there is none */
} sample;

/* The variances and se_text.  d (seeds, pieces), both at least 2. */
void sample_fit(sample *m, const double *d, int seeds, int pieces);

/* The rest, from the pair as contrast.h compares it, one of `pairs`. */
void sample_widen(sample *m, const contrast *r, int pairs, double alpha);

/* The i-th pair of a comparison, at the seeds that it used.  Only losses in nats a token have sums
 * by sequence. */
bool sample_read(sample *m, const comparison *c, db *d, int i, error *e);

#endif
