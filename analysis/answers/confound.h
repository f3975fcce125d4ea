/* confound.h - in what else an arm differs from its base: other possible causes of the difference.
 *
 * Keys of the configuration that are neither axes, matched nor tuned (v_confound); another corpus
 * or, if the corpus is an axis, other held-out text; and what the runs themselves report: other
 * code among the parts that both used, another compiler, another host, other kernels or another
 * BLAS kernel, runs that were resumed in another environment (mixed), other numbers of tokens
 * trained or evaluated, unequal numbers of finished seeds.
 */
#ifndef ANALYSIS_ANSWERS_CONFOUND_H
#define ANALYSIS_ANSWERS_CONFOUND_H

#include "analysis/data/study.h"

#include <jansson.h>

/* *list is an array of {"key": ..., "base": ..., "arm": ...}, empty if there is no confound; the
 * caller decrefs it.  used (seeds): the seeds that are compared. */
bool confound_find(json_t **list, const study *s, db *d, int arm, int base, const bool *used,
                   error *e);

#endif
