/* reach.h - how many times the tokens an arm needs to reach the loss that its baseline reaches.
 *
 * For each seed the loss to reach is the baseline's last one (or one that is given), and the tokens
 * are where each arm's own curve at that seed first comes down to it, between its points by a
 * monotone cubic in ln tokens (Steffen 1990).  The ratio is paired by seed:
 *
 *   all seeds reached it     the geometric mean, with Student's interval of ln ratio
 *   some never did           the median, a ratio beyond the end of the run counting as such; the
 *                            interval is that of order statistics (David and Nagaraja 2003, 7.1),
 *                            which needs 6 seeds for 95 %
 *
 * Over horizons a ratio is of runs of their own length; along one run it is of that run's schedule.
 */
#ifndef ANALYSIS_ANSWERS_REACH_H
#define ANALYSIS_ANSWERS_REACH_H

#include "analysis/answers/series.h"

typedef struct reach {
    int series, base;
    double tokens; /* of the baseline's run; with a given loss where it got there on (geometric)
                      average */
    double loss;   /* to be reached: the mean over seeds */
    int n;         /* seeds at which there is a ratio or a bound of one */
    int reached;   /* at which the arm got there */
    int early; /* at which it was there by its first point, so that the ratio is a bound from above
                */
    bool median;
    double ratio, lo, hi; /* INFINITY: not within the run; NaN: not to be had */
    double least;         /* where not all reached it: it takes more than this many times the tokens
                             at the seeds that did not, at the least; else NaN */
} reach;

typedef struct reach_list {
    int n;
    reach *row;
} reach_list;

/* Tokens at which a curve first comes down to a loss: -INFINITY where its first point is below, and
 * INFINITY where it never gets there. */
double reach_tokens(const curve *k, double loss);

/* Every series against that of its baseline; over horizons at each length of the baseline.  loss
 * NaN: the baseline's. */
void reach_find(reach_list *out, const series_list *l, double loss);
void reach_close(reach_list *out);

/* Summary of n ln ratios, -INFINITY and INFINITY among them; in place they are sorted. */
void reach_summarise(reach *r, double *log_ratio, int n, double alpha);

#endif
