/* scan.h - linear recurrences over a matrix state, chunk by chunk.
 *
 * A head keeps a state S (E, Ev).  Each position fades it, writes to it, and reads from it:
 *
 *     S_t = a_t S_(t-1) + k_t u_t^T      o_t = scale S_t^T q_t      a_t = exp(decay_t)
 *
 * Without beta, u_t = v_t: linear attention with decay (Katharopoulos et al. 2020; Sun et al.
 * 2023). With beta, u_t = beta_t r_t, where r_t = v_t - a_t S_(t-1)^T k_t is what the faded state
 * gets wrong about v_t: the delta rule (Schlag et al. 2021; with decay: Yang et al. 2025).
 *
 * Positions are taken in chunks of SCAN_CHUNK.  Within one, with A_ij = a_(j+1) ... a_i for j <= i
 * and a state S at its start, everything is a product of matrices (Yang et al. 2024):
 *
 *     r = v - (a_0 ... a_i) K S - (A o K K^T, j < i) diag(beta) r      a triangular system for r
 *     o = scale ((a_0 ... a_i) Q S + (A o Q K^T) u)
 *
 * A_ij is made by multiplying factors of at most 1, so it can become 0 but never overflows, and
 * nothing is divided by it.
 */
#ifndef CORE_COMPUTE_SCAN_H
#define CORE_COMPUTE_SCAN_H

enum {
    SCAN_CHUNK = 64,  /* positions of a chunk    */
    SCAN_WIDTH = 512, /* the largest E and Ev    */
};

typedef struct scan {
    int B, S, H; /* sequences, positions, heads */
    int E, Ev;   /* widths of q and k, of v     */
    float scale; /* of what is read             */
} scan;

/* Chunks of S positions. */
int scan_chunks(int S);

/* o (B, S, H, Ev) from q, k (B, S, H, E) and v (B, S, H, Ev), from a state of 0 on.  decay (B, S,
 * H) holds logarithms, at most 0, or is NULL: nothing fades.  beta (B, S, H) is NULL without the
 * delta rule.  For backward, states (B, H, chunks, E, Ev) receives the state before each chunk, and
 * r, of the shape of v, what the delta rule writes; r is not touched if beta is NULL.
 *
 * A position has no influence on any bit of an earlier one, even if it is NaN. */
void scan_forward(float *o, float *states, float *r, const float *q, const float *k, const float *v,
                  const float *decay, const float *beta, const scan *s);

/* The same S positions as a continuation: state (B, H, E, Ev) is what earlier calls have left, all
 * 0 at first.  r is scratch of the shape of v, or NULL if beta is. */
void scan_extend(float *o, float *state, float *r, const float *q, const float *k, const float *v,
                 const float *decay, const float *beta, const scan *s);

/* All gradients are overwritten.  `states` are those of scan_forward.  `r` is its r, or v if beta
 * is NULL.  dstate (B, H, E, Ev) is scratch.  ddecay, of the logarithms, and dbeta are NULL exactly
 * if decay and beta are, but ddecay may also be NULL if nobody wants it. */
void scan_backward(float *dq, float *dk, float *dv, float *ddecay, float *dbeta, float *dstate,
                   const float *dO, const float *states, const float *r, const float *q,
                   const float *k, const float *decay, const float *beta, const scan *s);

#endif
