/* batch.h - which text a step reads.
 *
 * The training text is cut into spans.  Each epoch draws them without replacement, in an order that
 * is a function of (data seed, epoch).  A step takes the next batch_tokens / span of them and cuts
 * each into span / context sequences.  So what step s reads depends on s alone, and runs of
 * different context read the same text at the same step.
 */
#ifndef TRAINER_MODEL_BATCH_H
#define TRAINER_MODEL_BATCH_H

#include "trainer/config/config.h"
#include "trainer/corpus/corpus.h"

typedef struct batch {
    const corpus_split *text;
    int64_t span, spans; /* tokens of a span; spans in an epoch */
    int64_t spans_a_step;
    int64_t steps;          /* of the run                          */
    int sequences, context; /* of a step; tokens of each           */
    uint64_t seed;
    int64_t epoch;  /* that `order` belongs to; -1: none   */
    int64_t *order; /* (spans) of the text, as read        */
} batch;

/* Fails if the text is shorter than a span or memory runs out. */
bool batch_open(batch *b, const config *c, const corpus *text, error *e);
void batch_close(batch *b);

/* Read token and target (sequences, context) of a step, counted from 1.  A target that the corpus's
 * mask leaves out is -1. */
void batch_read(batch *b, int32_t *token, int32_t *target, int64_t step);

/* Tokens in an epoch, of a text of n_tokens: those of whole spans.  The rest, less than a span, is
 * never read. */
int64_t batch_epoch(int64_t n_tokens, int64_t span);

/* Steps of the run: tokens / batch_tokens, rounded up. */
int64_t batch_steps(const config *c);

/* Is something that happens every `every` tokens due after this step?  0 is never. */
bool batch_due(const config *c, int64_t step, int64_t every);

#endif
