/* likeness.h - is the held-out text like the training text?  Their distributions of pieces,
 * compared.
 *
 *     divergence = H((p + q) / 2) - (H(p) + H(q)) / 2        (Jensen-Shannon, in bits; 0 to 1)
 *
 * p and q are the shares of each piece in the two texts, and H is the entropy.  It is the sum of
 * one term for each piece, so the pieces that make the difference can be named (Lin, Divergence
 * measures based on the Shannon entropy, 1991).
 */
#ifndef TRAINER_CORPUS_LIKENESS_H
#define TRAINER_CORPUS_LIKENESS_H

#include "trainer/corpus/corpus.h"

enum { LIKENESS_WORST = 5 };

typedef struct likeness_piece {
    int32_t token;
    double train, val; /* its share of the two texts    */
    double bits;       /* its part of the divergence    */
} likeness_piece;

typedef struct likeness {
    double bits;     /* the divergence                                                         */
    double expected; /* its mean if the same tokens were dealt at random to texts of both sizes */
    int n;
    likeness_piece worst[LIKENESS_WORST]; /* (n) the largest parts first */
} likeness;

/* Compare two texts by how often each of V pieces is in them (train, val: (V) counts). */
void likeness_measure(likeness *out, const int64_t *train, const int64_t *val, int V);

/* The same of the splits of a corpus that was read whole.  BOS does not count. */
void likeness_of_corpus(likeness *out, const corpus *c);

/* Does one piece alone shift what is measured?  Its part is 0.002 bits or more: that of a piece
 * that is 0.4 % of one text and none of the other.  The names in a novel stay below. */
bool likeness_is_strange(const likeness_piece *p);

/* Are the texts of different kinds, such as two languages: above 0.1 bits? */
bool likeness_is_far(const likeness *l);

#endif
