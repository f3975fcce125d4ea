/* likelihood.h - how likely the model thinks the spans of coded items.
 *
 *     nll(span) = sum over its tokens of -log p(token | all tokens before it)
 *
 * Sequences are read whole, as in training, in batches of like length; options that share a long
 * prompt read it once, through the caches.  What is read together depends on the items and the
 * model alone, and threads take such parts, so no bit depends on the number of threads.
 */
#ifndef TRAINER_SUITES_LIKELIHOOD_H
#define TRAINER_SUITES_LIKELIHOOD_H

#include "core/compute/threads.h"
#include "trainer/model/model.h"
#include "trainer/suites/coded.h"

/* The model that is evaluated; all of it must outlive its use. */
typedef struct suite_model {
    const model *m;
    const float *w;          /* a block of the model's layout */
    const tokenizer *pieces; /* NULL: there is none */
    threads *pool;           /* idle */
    int context;             /* the most tokens that it reads at once */
    bool (*stop)(void);      /* asked between batches; NULL: never    */
} suite_model;

/* Fill in nll and greedy of every span of n coded items.  *stopped if `stop` said yes; then some
 * are not filled in.  Fails if memory runs out, or if a likelihood is not finite. */
bool likelihood_fill(bool *stopped, coded *list, int n, const suite_model *with, error *e);

#endif
