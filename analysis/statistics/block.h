/* block.h - randomised blocks: arms share seeds, and a seed shifts all arms by the same amount.
 *
 *     y[a][s] = arm[a] + seed[s] + error,   errors of one variance
 *
 * The residual of that fit, over df = (A - 1)(S - 1), estimates the errors' variance from all arms
 * at once, which helps if seeds are few (Fisher, 1935).
 */
#ifndef ANALYSIS_STATISTICS_BLOCK_H
#define ANALYSIS_STATISTICS_BLOCK_H

typedef struct block {
    double variance; /* of the errors; NaN if df is 0 */
    double df;
    double
        shared; /* share of the variance within arms that seeds explain, 0 to 1; NaN if df is 0 */
} block;

/* y (arms, seeds), without gaps. */
void block_fit(block *b, const double *y, int arms, int seeds);

#endif
