/* sampler.h - the next token out of logits.
 *
 *     p_v = exp(logit_v / temperature) / sum        temperature 0: the largest logit
 *     top_k: only the k most likely; top_p: only the fewest that together have at least top_p
 *            (nucleus sampling: Holtzman et al. 2020); both renormalized, in this order
 *
 * Draw i of sequence b is a function of (seed, b, i): it depends neither on other sequences nor on
 * threads (core/compute/rng.h).  Of equal logits the lower token counts as the more likely.
 */
#ifndef TRAINER_DECODE_SAMPLER_H
#define TRAINER_DECODE_SAMPLER_H

#include "core/base/error.h"

#include <stdint.h>

typedef struct sampler {
    double temperature, top_p; /* >= 0; in (0, 1], 1: off */
    int top_k;                 /* 0: off                  */
    uint64_t seed;
    int V;
    struct sampler_item *item; /* (V) room for sorting */
} sampler;

/* Fails if memory runs out. */
bool sampler_open(sampler *s, double temperature, int top_k, double top_p, uint64_t seed, int V,
                  error *e);
void sampler_close(sampler *s);

/* *token = draw i of sequence b, from its logits (V).  Fails if no logit is finite or one is NaN.
 */
bool sampler_draw(int32_t *token, const sampler *s, const float *logits, uint64_t b, uint64_t i,
                  error *e);

#endif
