/* flip.h - joint sign-flips of whole seeds: tests and intervals that need no normal distribution.
 *
 * d[c][s] is the difference of contrast c at seed s.  If the truth is delta[c], then d - delta
 * keeps its joint distribution when the signs of any seeds are flipped in all contrasts at once.
 * With t the mean divided by its own standard error,
 *
 *     p(delta[c]) = share of the 2^n flips in which max over contrasts |t of the flip| >= |t|
 *
 * (Westfall and Young, 1993; Romano and Wolf, JASA 100, 2005).  A contrast's own differences are
 * flipped about the value in question.  The others are flipped about 0, which makes the test of "no
 * difference" exact for every family, and about their own means, which keeps intervals from
 * shrinking when another arm differs a lot.  The larger p counts.
 *
 * |t| grows with (mean)^2 / mean of squares, and the mean of squares does not change under flips,
 * so a flip counts up to a value that has a closed form: the mean of the seeds flipped, or of those
 * not flipped (Hartigan, JASA 64, 1969), or where |t| passes the largest of the others.  Intervals
 * are order statistics of those values: the inversion is exact.
 *
 * To show equivalence, each contrast is tested from one side.  Of a flip and its mirror image, at
 * least one counts if max |t| is reached, and both only if two contrasts reach it.  So whichever
 * sides are tested
 *
 *     p of one side <= (share in which the largest |t| is reached
 *                       + share in which the second largest is) / 2
 *
 * which for a single contrast is half the two-sided p.
 */
#ifndef ANALYSIS_STATISTICS_FLIP_H
#define ANALYSIS_STATISTICS_FLIP_H

#include <stdbool.h>
#include <stddef.h>

enum { FLIP_EXACT = 16 }; /* up to this many seeds all flips are made; beyond, 32768 of them */

typedef struct flip {
    int contrasts, seeds;
    size_t flips;          /* the first is the identity; a flip and its mirror image are one */
    double *mean, *spread; /* (contrasts); spread: root of the mean square about the mean */
    signed char *sign;     /* (seeds, flips): -1 where a flip changes a seed's sign, else 1 */
    double *sum;           /* (flips): of these signs over the seeds */
    double *turned;        /* (contrasts, flips): sum of the centred differences after a flip */
    double *end; /* (contrasts, 2, FLIP_LISTS, flips): below and above the mean, the value up to
                    which each flip counts, ascending by list (flip.c) */
} flip;

enum { FLIP_LISTS = 7 };

/* d (contrasts, seeds). */
void flip_open(flip *f, const double *d, int contrasts, int seeds);
/* The same with at most `most` flips: random ones, always the same, if there would be more. */
void flip_open_some(flip *f, const double *d, size_t most, int contrasts, int seeds);
void flip_close(flip *f);

/* p that the difference of contrast c is `delta`; `family`: with all contrasts at once. */
double flip_p(const flip *f, int c, double delta, bool family);

/* The interval of values whose family p is above alpha; infinite if no value can be excluded. */
void flip_interval(double *lo, double *hi, const flip *f, int c, double alpha);

/* The same from one side, the worst for each contrast: p that the difference is `delta` or further
 * from the mean seen, and the values that p of neither side excludes. */
double flip_p_side(const flip *f, int c, double delta);
void flip_interval_side(double *lo, double *hi, const flip *f, int c, double alpha);

/* The test's actual level, at most alpha: (number of flips that fit) / 2^n. */
double flip_level(int seeds, double alpha);

/* Can sign-flips of this many seeds reach alpha?  Fewer than 6 cannot reach 0.05. */
bool flip_reaches(int seeds, double alpha);

#endif
