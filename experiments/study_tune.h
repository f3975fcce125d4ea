/* study_tune.h - sweep.tune: a key whose best value is found for each arm before the study is run.
 *
 *     tune: {train.lr: {from: 5e-4, to: 8e-3, points: 5, seeds: 2}}
 *
 * Each arm is trained at `points` values, each the same factor above the one before it, with seeds
 * that no comparison uses: TUNE_SEED, TUNE_SEED + 1, ...  These runs are a study of their own,
 * NAME.tune, in which the key is an axis that every arm is crossed with.
 */
#ifndef EXPERIMENTS_STUDY_TUNE_H
#define EXPERIMENTS_STUDY_TUNE_H

#include "experiments/study_file.h"

enum { TUNE_SEED = 1000001, TUNE_POINTS = 64, TUNE_SEEDS = 100 };

/* Read sweep.tune into s->tune. */
bool study_tune_read(study_file *s, const yaml_node *at, error *e);

/* The rest of the study has been read: are the seeds apart, and is the key free? */
bool study_tune_check(const study_file *s, error *e);

/* The values to try: `below` and `above` more than the study states, beyond either end, by the same
 * factor.  Returns how many: at most TUNE_POINTS. */
int study_tune_points(double point[TUNE_POINTS], const study_file_tune *t, int below, int above);

/* The study NAME.tune at n values, from the text and the settings of s; the caller closes it. */
bool study_tune_open(study_file *out, const study_file *s, const double *point, int n, error *e);

#endif
