/* parts.h - how linear layers cut a product C (M, N) = A (M, K) B (K, N): into pieces for idle
 * threads, and each piece into blocks that fit the caches (Goto and van de Geijn 2008).
 *
 * Both depend on the shape alone, and pieces do not change the order in which an entry of C is
 * summed.
 */
#ifndef CORE_COMPUTE_SIMD_PARTS_H
#define CORE_COMPUTE_SIMD_PARTS_H

#include "core/compute/simd/vec.h"

enum {
    DEPTH = 512,     /* most of K in a block                      */
    COLUMNS = 512,   /* most of N in a block                      */
    BLOCK_A = 98304, /* entries of A in a block: 3/8 of 1 MB of L2 */
    PIECES = 16,     /* most pieces of a product                  */
    NARROW = 128,    /* fewest columns of a piece                 */
    SHORT = 256,     /* fewest rows of a piece                    */
};

static inline long min(long a, long b)
{
    return a < b ? a : b;
}

static inline long round_up(long n, long unit)
{
    return (n + unit - 1) / unit * unit;
}

/* The size of a part if n is cut into as few equal parts as possible, each at most `most` and a
 * multiple of `unit`. */
static inline long part_of(long n, long most, long unit)
{
    const long parts = (n + most - 1) / most;
    return min(round_up((n + parts - 1) / parts, unit), most);
}

/* The pieces of a product, counted row by row. */
typedef struct pieces {
    long M, N;          /* of C                */
    long rows, columns; /* of a piece          */
    long across;        /* pieces side by side */
} pieces;

/* Cut C (M, N): one more piece for every `work` multiplications, rows in multiples of `unit`.
 * Columns are cut first, because two pieces with the same columns would both pack that part of B.
 * *n is the number of pieces. */
static inline pieces pieces_of(int *n, long M, long N, long K, long work, long unit)
{
    const long parts = min(M * N * K / work + 1, PIECES);
    const long across = min(parts, (N + NARROW - 1) / NARROW);
    const long down = min((parts + across - 1) / across, (M + SHORT - 1) / SHORT);
    pieces p = { .M = M, .N = N };
    p.columns = round_up((N + across - 1) / across, NR);
    p.rows = round_up((M + down - 1) / down, unit);
    p.across = (N + p.columns - 1) / p.columns;
    *n = (int)(p.across * ((M + p.rows - 1) / p.rows));
    return p;
}

/* Piece i: rows *m0..*m0+*M-1 and columns *n0..*n0+*N-1 of C. */
static inline void pieces_take(long *m0, long *M, long *n0, long *N, const pieces *p, int i)
{
    *m0 = i / p->across * p->rows, *n0 = i % p->across * p->columns;
    *M = min(p->rows, p->M - *m0), *N = min(p->columns, p->N - *n0);
}

#endif
