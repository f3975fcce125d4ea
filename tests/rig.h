/* rig.h - one layer of a variant, in memory that notices what is done to it.
 *
 *     no access | guard bytes | tensor | guard bytes up to a cache line | no access
 *
 * Each tensor lies alone, its end as close to a page without access as its alignment to a cache
 * line allows.  What is written to the bytes around it is found after the call; what is read or
 * written farther away is found at once.  Both name the tensor and the pass.
 */
#ifndef TESTS_RIG_H
#define TESTS_RIG_H

#include "variants/attn.h"

#include <stddef.h>

/* A guarded array of n floats; `name` (not copied) is what reports call it.  scale: its entries are
 * random in [-scale, scale), or NAN to poison it.  rig_free checks the guards. */
float *rig_block(const char *name, size_t n, float scale);
void rig_free(float *x);

float rig_uniform(void); /* in [-1, 1), always the same sequence */
void rig_fill(float *x, size_t n, float scale);

/* In float64; the largest difference, NaN if any is. */
double rig_dot(const float *a, const float *b, size_t n);
float rig_gap(const float *a, const float *b, size_t n);

/* The place of the first NaN, or n. */
size_t rig_nan(const float *x, size_t n);

typedef struct store {
    const char *list; /* "acts" */
    tensor_spec spec[TENSOR_MAX];
    float *at[TENSOR_MAX];
    int n;
} store;

void store_fill(const store *s, float scale);

/* "k (2, 7, 4, 6)" */
enum { STORE_TEXT = 128 };
void store_describe(char out[STORE_TEXT], const tensor_spec *t);

typedef struct rig {
    const attn_variant *v;
    attn_layer l;
    rope rope;
    store w, dw, act, tmp, cache;
} rig;

/* RoPE has this theta, small so that few positions turn far. */
enum { RIG_THETA = 100 };

/* All tensors that the variant declares: random weights, gradients of 0, the rest poisoned. */
void rig_open(rig *r, const attn_variant *v, const attn_dims *d);
void rig_close(rig *r);

/* The passes.  Activations and scratch (forward) or scratch (the others) are poisoned first. */
void rig_forward(const rig *r, float *y, const float *x);
void rig_backward(const rig *r, float *dx, const float *dy, const float *x);
void rig_extend(const rig *r, float *y, const float *x, int t, int S);

#endif
