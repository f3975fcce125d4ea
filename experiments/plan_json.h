/* plan_json.h - a study's plan as JSON, as the tables sweep, sweep_version and arm hold it.
 *
 *     {"axes": {"train.lr": [0.001, 0.003]}, "exclude": [{...}], "baseline": {"train.lr": 0.001},
 *      "match": {"params": "model.ffn_dim"}, "seeds": [1, 2, 5],
 *      "until": {"start": 6, "step": 3, "max": 24, "rule": "..."},
 *      "arms": [{"label": "lr=0.001", "config": "5537f56a1740c051", "replica": 0}, ...]}
 *
 * "until" is only there if seeds are added until decided; "seeds" then are all that may be added,
 * so that a block more changes nothing.
 *
 * Two versions of a study whose plans are equal compare the same runs in the same way.  The caller
 * frees every text.
 */
#ifndef EXPERIMENTS_PLAN_JSON_H
#define EXPERIMENTS_PLAN_JSON_H

#include "experiments/arms.h"

/* How the error is spent over looks (analysis/statistics/sequential.h), as it is stored before the
 * first run.  Another rule must have another text. */
#define PLAN_JSON_RULE "t, alpha (n / max)^1.5, Bonferroni"

char *plan_json(const study_file *s, const arms *a);

char *plan_json_axes(const study_file *s);
char *plan_json_baseline(const study_file *s);
char *plan_json_seeds(const study_file *s);

/* NULL if the study doesn't match its arms.  The values are the keys that matching may change. */
const char *plan_json_match(const study_file *s);

/* An arm's value of each axis. */
char *plan_json_arm(const study_file *s, const arm *a);

#endif
