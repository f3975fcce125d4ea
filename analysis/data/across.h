/* across.h - two studies as one: each arm of the first against the arm of the same label in the
 * second, at the seeds that both have.
 *
 * An arm that has the same runs in both is left out, since its difference is 0 by construction.
 */
#ifndef ANALYSIS_DATA_ACROSS_H
#define ANALYSIS_DATA_ACROSS_H

#include "analysis/data/study.h"
#include "core/base/notes.h"

/* Make one study of two that were read by the same metric; both are empty afterwards.  Arms are
 * called STUDY/LABEL; the first half of them are the first study's, and have the second half as
 * bases.  If no seed is in both, all seeds are kept.  alpha is the smaller one; the margin is that
 * of both, or NaN if they differ.  Adds to `list` what was left out.  Fails if the metrics differ,
 * or if no two arms can be compared. */
bool across_join(study *s, study *first, study *second, notes *list, error *e);

#endif
