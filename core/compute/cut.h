/* cut.h - rows that do not meet, cut into pieces for threads_grid. */
#ifndef CORE_COMPUTE_CUT_H
#define CORE_COMPUTE_CUT_H

enum { CUT_FLOATS = 1 << 16 }; /* least floats of a piece: some ten microseconds */

/* N rows of `width` floats, cut into pieces of `each` rows. */
typedef struct cut {
    int N, each, pieces;
} cut;

/* At most `most` pieces, which follow from the sizes alone. */
static inline cut cut_rows(int N, int width, int most)
{
    const int least = CUT_FLOATS / width + 1, spread = (N - 1) / most + 1;
    cut c = { .N = N, .each = least > spread ? least : spread };
    c.pieces = (N + c.each - 1) / c.each;
    return c;
}

/* The first row of piece i, and how many there are. */
static inline int cut_piece(int *n, const cut *c, int i)
{
    const int from = i * c->each;
    *n = c->N - from < c->each ? c->N - from : c->each;
    return from;
}

#endif
