/* decoder.h - a whole model read through its caches: a prompt first, then one token at a time.
 *
 *     logits(prompt)                 = decoder_read(prompt)
 *     logits(prompt, a)              = decoder_read(a) after it
 *
 * B sequences advance together, all at the same position.  They share nothing: the logits of a
 * sequence have the same bits whatever B is and however many threads compute them.  (The backend
 * `openblas` promises this only from the second token on, because its products depend on how many
 * rows they have.)
 *
 * Memory is known before anything is allocated: decoder_plan adds up the declarations that
 * decoder_open allocates from.
 */
#ifndef TRAINER_DECODE_DECODER_H
#define TRAINER_DECODE_DECODER_H

#include "core/compute/threads.h"
#include "trainer/model/pass.h"

#include <stdint.h>

enum { DECODER_CHUNK = 128 }; /* most positions that one walk through the model reads */

/* Bytes. */
typedef struct decoder_memory {
    size_t weights; /* one block of the model's layout, the caller's */
    size_t cache;   /* what the variants keep of B sequences         */
    size_t scratch; /* activations, logits, tables                   */
    size_t total;
} decoder_memory;

typedef struct decoder {
    const model *m;
    threads *pool;
    pass pass;
    int B, T, t;    /* sequences; positions of the cache; positions that it holds */
    float *logits;  /* (B, V), of the last position read                          */
    int32_t *token; /* (B, chunk), of the walk at hand                            */
} decoder;

/* The bytes that B sequences of at most T positions take. */
void decoder_plan(decoder_memory *out, const model *m, int B, int T);

/* w is a block of the model's layout; m, w and pool must outlive d.  Fails if memory runs out or
 * the RoPE settings don't allow T. */
bool decoder_open(decoder *d, const model *m, const float *w, int B, int T, threads *pool,
                  error *e);
void decoder_close(decoder *d);

/* Read n >= 1 more tokens of each sequence, token (B, n), at positions t to t + n - 1 <= T - 1, and
 * set the logits of the last one.  `stop`, which may be NULL, is asked between chunks; false if it
 * said yes, and then only decoder_restart makes sense. */
bool decoder_read(decoder *d, const int32_t *token, int n, bool (*stop)(void));

/* Fill the caches with small random numbers, and go on as if t positions had been read: for
 * measurements. */
void decoder_pretend(decoder *d, int t);

/* Forget everything: the next token is at position 0. */
void decoder_restart(decoder *d);

#endif
