/* reach.h - how many times as many tokens an arm needs to reach the loss that its baseline reaches.
 *
 * For each seed, the loss to reach is the baseline's last one, or a given one.  The tokens are
 * where the arm's curve at that seed first falls to it; between points the curve is a monotone
 * cubic in ln tokens (Steffen 1990).  The ratio is paired by seed:
 *
 *   all seeds reached it     the geometric mean, with Student's interval of the ln ratio
 *   some never did           the median, where a ratio beyond the end of the run counts as
 *                            infinite; the interval is that of order statistics (David and
 *                            Nagaraja 2003, 7.1), which needs 6 seeds for 95 %
 *
 * Over horizons the ratio compares runs of different lengths; along one run it holds for that run's
 * schedule.
 */
#ifndef ANALYSIS_ANSWERS_REACH_H
#define ANALYSIS_ANSWERS_REACH_H

#include "analysis/answers/series.h"

typedef struct reach {
    int series, base;
    double tokens; /* of the baseline's run; for a given loss, the geometric mean of the tokens at
                      which it got there */
    double loss;   /* to be reached: the mean over seeds */
    int n;         /* seeds with a ratio or a bound of one */
    int reached;   /* seeds at which the arm got there */
    int early;     /* seeds at which it was there by its first point: the ratio is an upper bound */
    bool median;
    double ratio, lo, hi; /* INFINITY: not within the run; NaN: unknown */
    double least; /* if not all seeds reached it: those that did not need more than this many
                     times the tokens; otherwise NaN */
} reach;

typedef struct reach_list {
    int n;
    reach *row;
} reach_list;

/* Tokens at which a curve first falls to a loss: -INFINITY if its first point is below it, INFINITY
 * if it never gets there, NaN if it has no point. */
double reach_tokens(const curve *k, double loss);

/* Compare every series with that of its baseline; over horizons, at each length of the baseline.
 * loss NaN: the baseline's own.  The caller closes the list. */
void reach_find(reach_list *out, const series_list *l, double loss);
void reach_close(reach_list *out);

/* Summarise n ln ratios, which may be -INFINITY or INFINITY; they are sorted in place. */
void reach_summarise(reach *r, double *log_ratio, int n, double alpha);

#endif
