/* figures.h - the figures of a study; each writes DIR/KIND.svg, .png, .pdf, .gp and .dat. */
#ifndef ANALYSIS_FIGURES_H
#define ANALYSIS_FIGURES_H

#include "analysis/comparison.h"

/* Loss against tokens by arm: the mean over seeds with its 95 % t-band, seeds faint; beside it the
 * last quarter, where arms can be told apart. */
bool figures_loss(const char *folder, const comparison *c, db *d, error *e);

/* Paired differences: each arm against its baseline, simultaneous intervals, the seeds, the margin.
 */
bool figures_diff(const char *folder, const comparison *c, error *e);

/* The metric against KV bytes a token, arms that are beaten on both left off the line. */
bool figures_frontier(const char *folder, const comparison *c, error *e);

/* Loss by position in the window, at the longest length of the last evaluation.  *drawn is false,
 * and nothing is written, where no sums by position are on record. */
bool figures_position(const char *folder, const comparison *c, db *d, bool *drawn, error *e);

#endif
