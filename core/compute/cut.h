/* cut.h - cuts N independent rows into pieces for threads_grid.
 *
 *     piece i = rows i each ... min((i + 1) each, N) - 1
 *
 * `each` depends on the sizes alone, never on the number of threads, so that results do not either.
 */
#ifndef CORE_COMPUTE_CUT_H
#define CORE_COMPUTE_CUT_H

#include <assert.h>
#include <limits.h>
#include <stddef.h>

enum {
    CUT_FLOATS = 1 << 16, /* fewest floats of a piece: some ten microseconds */
    CUT_LINE = 64,        /* entries of a row, where entries are cut         */
};

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

/* Cut n entries; a row is one cache line, so that no two pieces share one. */
static inline cut cut_entries(size_t n)
{
    assert(n / CUT_LINE < INT_MAX);
    return cut_rows((int)((n + CUT_LINE - 1) / CUT_LINE), CUT_LINE, INT_MAX);
}

/* Returns the number of entries of piece i, out of n; *at is the first. */
static inline size_t cut_entries_piece(size_t *at, const cut *c, int i, size_t n)
{
    const size_t from = (size_t)i * c->each * CUT_LINE, each = (size_t)c->each * CUT_LINE;
    *at = from;
    return n - from < each ? n - from : each;
}

#endif
