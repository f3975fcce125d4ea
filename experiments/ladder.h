/* ladder.h - a study at other sizes and lengths: what `attnlab plan` tries.
 *
 * The rungs are LADDER_SIZES factors around the study's own model.  A factor multiplies n_layers
 * and dim, so parameters grow with its cube; n_layers is rounded, and dim is rounded to a multiple
 * of 2 n_heads, because the number of heads stays.  A feed-forward width that the study sets is
 * scaled like dim.  The rungs are one if a size of the model is an axis of the study.
 *
 * Keys of the study that count tokens of training (warm-up, decay, intervals of evaluations and
 * checkpoints) keep their part of the training.
 */
#ifndef EXPERIMENTS_LADDER_H
#define EXPERIMENTS_LADDER_H

#include "experiments/arms.h"

enum { LADDER_SIZES = 3, LADDER_LENGTHS = 5 };

typedef struct ladder_size {
    double factor;
    int64_t n_layers, dim;
} ladder_size;

/* What a study is to have in place of its own values; a NULL name keeps the name. */
typedef struct ladder_rung {
    const ladder_size *size;
    int64_t tokens;
    const char *name;
    int first_seed, seeds; /* seeds 0: those of the study */
    bool pilot;            /* weights are not kept, and the question says what it is for */
} ladder_rung;

/* The sizes, ascending, different from each other; returns how many.  *own: the study's.  a: its
 * arms. */
int ladder_sizes(ladder_size size[LADDER_SIZES], int *own, const study_file *s, const arms *a);

/* The lengths of training to choose from, ascending: the study's, its halves and its double. */
void ladder_lengths(int64_t tokens[LADDER_LENGTHS], const arms *a);

/* The study that the user called `name` with n settings, on that rung, and its arms.  Fails if
 * train.tokens is an axis.  The caller closes both. */
bool ladder_open(study_file *s, arms *a, const ladder_rung *r, const study_file *own,
                 const char *name, const char *db_path, char *const *settings, int n, error *e);

#endif
