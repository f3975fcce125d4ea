/* holdout.h - which part of the documents is held out, where no files are named for it.
 *
 *     fraction   the end of each document
 *     blocks     every k-th span of the text, with a gap on both sides that is used for nothing
 *
 * Blocks come from the same documents as the training text, so that both are typeset, named and
 * dated alike.  The gap keeps a model from remembering the text right beside them.
 */
#ifndef TRAINER_CORPUS_HOLDOUT_H
#define TRAINER_CORPUS_HOLDOUT_H

#include "core/base/error.h"

#include <stdint.h>

struct documents;

typedef struct holdout {
    double fraction;          /* of each document, from its end                               */
    int64_t every, size, gap; /* blocks: every k-th span (0: no blocks); bytes of span and gap */
} holdout;

enum { HOLDOUT_TEXT = 96 }; /* characters of a description */

/* Does this value of --holdout mean blocks, and not a file? */
bool holdout_is_blocks(const char *spec);

/* Read "blocks:every=10:size=32k:gap=1k"; each option may be left out. */
bool holdout_read(holdout *h, const char *spec, error *e);

/* The same in full, or "fraction:0.1": for the manifest. */
void holdout_describe(char out[HOLDOUT_TEXT], const holdout *h);

/* Move what is held out from `train` to `val`, which is empty before; the texts still belong to
 * `train`.  Every document of both is hashed.  Fails if one of the two would be empty. */
bool holdout_cut(struct documents *train, struct documents *val, const holdout *h, error *e);

#endif
