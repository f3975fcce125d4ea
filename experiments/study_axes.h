/* study_axes.h - what varies in a study: sweep.axes, sweep.cross and sweep.arms as a list of axes.
 *
 *     model.attention: [mha, mqa]                      values of a key
 *     train.lr: {log: [5e-4, 8e-3, 5]}                 5 values, each the same factor above the
 * last size:                                            named levels, each of which sets several
 * keys small: {model.dim: 64, train.tokens: 1M} large: {model.dim: 128, train.tokens: 4M}
 *
 * A name with a dot is a key; a name without one belongs to named levels.  No two axes may set one
 * key.  The keys of sweep.arms are axes too, with the values that are listed for them.
 */
#ifndef EXPERIMENTS_STUDY_AXES_H
#define EXPERIMENTS_STUDY_AXES_H

#include "experiments/study_file.h"

/* Fill in s->axis from what the file says.  Every value has been checked then. */
bool study_axes_open(study_file *s, error *e);

/* May this key be set by an axis, or tuned?  `name` is the key of the section that would do so. */
bool study_axes_may_vary(const char *name, const config_key *k, const yaml_node *at, error *e);

/* Set what an axis sets at one of its levels. */
bool study_axes_set(config *settings, const study_file_axis *x, int level, error *e);

/* A partial assignment may name only axes and their values; `name` is the key it is given by. */
bool study_axes_partial(const study_file *s, const char *name, const yaml_node *map, error *e);

/* n numbers from `from` to `to`, each the same factor above the one before it, to 4 digits; the
 * ends as they are. */
void study_axes_log(double *out, double from, double to, int n);

#endif
