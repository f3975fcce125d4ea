/* decode_rate.h - how fast a model decodes or reads a prompt, against what bounds it.
 *
 *     decode: `steps` tokens for each of B sequences, the last ones of a context of T positions
 *     prefill: the time to the first token, all T positions of B sequences
 *
 *     read  = bytes of weights and cache that a step has to read / its seconds / machine_rate read
 *     sgemm = FLOPs of a step / its seconds / machine_rate sgemm
 *
 * Weights are random.  For decoding the caches are filled with random numbers, and not by reading
 * B T tokens, which would take minutes; the time of a step doesn't depend on what they hold.
 */
#ifndef TRAINER_DECODE_DECODE_RATE_H
#define TRAINER_DECODE_DECODE_RATE_H

#include "trainer/decode/decoder.h"

typedef enum decode_phase { DECODE_PREFILL, DECODE_STEPS } decode_phase;

typedef struct decode_task {
    decode_phase phase;
    const model *m;
    int B, T, steps; /* sequences; positions in all; DECODE_STEPS: tokens of each, less than T */
} decode_task;

typedef struct decode_rate {
    double seconds;
    int64_t tokens;      /* of all sequences                              */
    int steps;           /* walks that were timed: 1 of prefill           */
    double flops, bytes; /* that it takes: products, attention; to read   */
    size_t peak;         /* resident bytes at most meanwhile; 0: unknown  */
    decoder_memory memory;
} decode_rate;

/* What the task takes, without doing it: everything but seconds and peak. */
void decode_rate_plan(decode_rate *out, const decode_task *task);

/* Do it, after one step to warm up.  Allocates and frees weights and caches.  Fails if memory runs
 * out. */
bool decode_rate_measure(decode_rate *out, const decode_task *task, threads *pool, error *e);

#endif
