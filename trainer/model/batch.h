/* batch.h - which text a step reads.
 *
 * The training tokens are cut into spans.  Each epoch draws them without replacement, in an order
 * that is a function of (data seed, epoch); a step takes the next batch_tokens / span of them and
 * cuts each into span / context sequences.  So what step s reads depends on s alone, and arms of
 * different context read the same text at the same step.
 */
#ifndef TRAINER_MODEL_BATCH_H
#define TRAINER_MODEL_BATCH_H

#include "trainer/config/config.h"
#include "trainer/corpus/corpus.h"

typedef struct batch {
    const corpus_split *text;
    int64_t span, spans; /* tokens of a span; spans in an epoch  */
    int64_t spans_a_step;
    int64_t steps;          /* of the run                           */
    int sequences, context; /* of a step; tokens of each            */
    uint64_t seed;
    int64_t epoch;  /* whose order is at hand; -1: none     */
    int64_t *order; /* (spans)                              */
} batch;

/* Fails on a text that is shorter than a span. */
bool batch_open(batch *b, const config *c, const corpus *text, error *e);
void batch_close(batch *b);

/* token and target (sequences, context) of step 1, 2, ... */
void batch_read(batch *b, int32_t *token, int32_t *target, int64_t step);

/* Steps = ceil(tokens / batch_tokens). */
int64_t batch_steps(const config *c);

/* Does something due every n tokens fall on this step?  0 is never. */
bool batch_due(const config *c, int64_t step, int64_t every);

#endif
