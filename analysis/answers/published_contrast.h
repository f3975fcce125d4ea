/* published_contrast.h - two models of a published table: what their difference can mean.
 *
 * A share p of n right answers has the binomial variance p (1 - p) / n, and a difference of two
 * models the sum of two of them: unpaired, because a table does not say which items they got right.
 * The models saw the same items and tend to get the same ones right, so this error is rather too
 * large.  It is the error of the items.  Tables have one run a model, so the error of another seed
 * is not known, and nothing here is a verdict on architectures.
 *
 * Over k benchmarks the differences d have t = mean / (sd / sqrt(k)) on k - 1 degrees of freedom,
 * which takes benchmarks as a sample of benchmarks.
 */
#ifndef ANALYSIS_ANSWERS_PUBLISHED_CONTRAST_H
#define ANALYSIS_ANSWERS_PUBLISHED_CONTRAST_H

#include "analysis/data/published.h"

/* Numbers that are not known are NaN; differences and errors are in points. */
typedef struct published_difference {
    double diff, se, z;
    double lo, hi; /* simultaneous 1 - alpha interval of the items' error */
    double right;  /* answers more that are right, if both models had the same items */
    bool exact;    /* that number is certain in spite of rounding */
} published_difference;

typedef struct published_contrast {
    int model, base;
    published_difference *column; /* (columns) */
    /* Over the benchmarks that both have, without printed means: */
    int tasks, better, worse;
    double mean, sd, t, p;
    double se; /* of that mean from the items, if every benchmark has an error; else NaN */
} published_contrast;

/* The contrasts of n pairs, tested at once. */
void published_compare(published_contrast *out, const published *p, int (*pair)[2], double alpha,
                       int n);
void published_contrast_close(published_contrast *out, int n);

/* What is wrong with the table: printed means that are not the mean of their columns, and
 * benchmarks on which no model is far from guessing. */
void published_check(notes *out, const published *p);

/* What can be said of a contrast, in sentences. */
void published_say(FILE *out, const published *p, const published_contrast *c, double alpha);

#endif
