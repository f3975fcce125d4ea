/* embedding.h - what the first layer reads: each token's embedding, and perhaps some of the last
 * one.
 *
 *     none    x_t = e_t
 *     half    x_t = e_t + 0.5 R e_(t-1)        t > 0;  x_0 = e_0
 *
 * R exchanges the two halves of the channels, so that a token and the one before it can be told
 * apart.  There are no parameters.  A previous token at the first layer lets a model see pairs
 * without learning an attention head for that; relatives with learned weights are the "smear" of
 * modded-nanogpt (K. Jordan et al. 2024) and the Canon layers of Z. Allen-Zhu (2025).
 */
#ifndef TRAINER_MODEL_EMBEDDING_H
#define TRAINER_MODEL_EMBEDDING_H

#include <stdint.h>

/* x (S, D) of the tokens (S) of one sequence, with the embeddings of all tokens in E (V, D).
 * `shift` is a TOKEN_SHIFT_ (config.h); D is even unless it is NONE.  `before` is the token before
 * the first of them, -1 at the start of the sequence. */
void embedding_forward(float *x, const float *E, const int32_t *token, int32_t before, int shift,
                       int S, int D);

/* Add to dE (V, D) what dx (S, D) makes of a whole sequence of S tokens. */
void embedding_backward(float *dE, const float *dx, const int32_t *token, int shift, int S, int D);

#endif
