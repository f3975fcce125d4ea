/* cut.h - cuts N independent rows into pieces for threads_grid.
 *
 *     piece i = rows i each ... min((i + 1) each, N) - 1
 *
 * `each` depends on the sizes alone, never on the number of threads, so that results do not either.
 */
#ifndef CORE_COMPUTE_CUT_H
#define CORE_COMPUTE_CUT_H

enum { CUT_FLOATS = 1 << 16 }; /* fewest floats of a piece: some ten microseconds */

/* N rows in pieces of `each` rows; the last piece may have fewer. */
typedef struct cut {
    int N, each, pieces;
} cut;

/* Cut N rows of `width` floats into at most `most` pieces. */
static inline cut cut_rows(int N, int width, int most)
{
    const int least = CUT_FLOATS / width + 1, spread = (N - 1) / most + 1;
    cut c = { .N = N, .each = least > spread ? least : spread };
    c.pieces = (N + c.each - 1) / c.each;
    return c;
}

/* Returns the first row of piece i; *n is its number of rows. */
static inline int cut_piece(int *n, const cut *c, int i)
{
    const int from = i * c->each;
    *n = c->N - from < c->each ? c->N - from : c->each;
    return from;
}

#endif
