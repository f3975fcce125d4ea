/* confound.h - in what else an arm differs from the one it is compared with: what the difference
 * could also be due to.
 *
 * Keys of the configuration that are neither axis, matched nor tuned (v_confound); another corpus,
 * or, where the corpus is an axis, other held-out text; and what the runs themselves tell: other
 * code, another build, another host or BLAS kernel, other numbers of tokens trained or evaluated,
 * unequal numbers of finished seeds.
 */
#ifndef ANALYSIS_ANSWERS_CONFOUND_H
#define ANALYSIS_ANSWERS_CONFOUND_H

#include "analysis/data/study.h"

#include <jansson.h>

/* An array of {"key": ..., "base": ..., "arm": ...} (the caller decrefs it), empty if there is
 * nothing to name.  used (seeds): those that are compared. */
bool confound_find(json_t **list, const study *s, db *d, int arm, int base, const bool *used,
                   error *e);

#endif
