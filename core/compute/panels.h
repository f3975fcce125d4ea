/* panels.h - weights laid out once for the products of a whole step.
 *
 * The micro-kernel (core/compute/simd/micro.h) reads its right operand in panels.  A weight is the
 * right operand of two products of every lane of a batch, x W^T and dy W.  It is laid out for both
 * when a step begins instead of in each of them, and linear layers find it by its address.  The
 * numbers and the order in which they are summed stay the same, so no bit of a result changes.
 *
 * Between panels_make and panels_leave the weights must not change.  Only one step at a time in a
 * process can have panels.
 */
#ifndef CORE_COMPUTE_PANELS_H
#define CORE_COMPUTE_PANELS_H

#include "core/base/error.h"

#include <stddef.h>

struct threads;
typedef struct panels panels;

typedef struct panels_weight {
    const float *W; /* (out, in) */
    int out, in;
} panels_weight;

/* How a backend lays out a weight W (out, in), for both of its products: the floats this takes, and
 * the function that does it.  Both are NULL if the backend reads weights as they are. */
typedef void panels_maker(void *out_panels, const float *W, int out, int in);
typedef struct panels_layout {
    size_t (*floats)(int out, int in);
    panels_maker *make;
} panels_layout;

/* Bytes that the panels of a weight (out, in) take; 0 if the layout has none. */
size_t panels_bytes(int out, int in, const panels_layout *layout);

/* Reserve memory for the panels of n weights.  Fails if memory runs out.  The weights and the
 * layout must outlive p. */
bool panels_open(panels **p, const panels_layout *layout, const panels_weight *weight, int n,
                 error *e);
void panels_close(panels *p);

/* Lay out all weights, with all threads; from here on linear layers use the panels. */
void panels_make(panels *p, struct threads *pool);

/* From here on linear layers don't use them, and the weights may change. */
void panels_leave(panels *p);

/* For the backends: the panels of W (out, in) that `make` has laid out, or NULL if there are none.
 * Can be called by any thread. */
const void *panels_find(const float *W, int out, int in, panels_maker *make);

#endif
