/* panels.h - weights laid out once for the products of a whole step.
 *
 * The micro-kernel (core/compute/simd/micro.h) reads its right operand in panels.  A weight is the
 * right operand of two products of every lane of a batch, x W^T and dy W; it is laid out for both
 * when a step begins instead of in each of them, and linear layers find it by its address.  The
 * numbers and the order in which they are summed stay the same, so no bit of a result changes.
 *
 * Between panels_make and panels_leave the weights must not change.  One step at a time in a
 * process has panels.
 */
#ifndef CORE_COMPUTE_PANELS_H
#define CORE_COMPUTE_PANELS_H

#include "core/base/error.h"
#include "core/compute/kernels.h"

#include <stddef.h>

struct threads;
typedef struct panels panels;

typedef struct panels_weight {
    const float *W; /* (out, in) */
    int out, in;
} panels_weight;

/* Bytes that a weight (out, in) takes on the path of this process. */
size_t panels_bytes(int out, int in, kernels_precision precision);

/* Room for n weights, in the precision that is set.  Fails on no memory. */
bool panels_open(panels **p, const panels_weight *weight, int n, error *e);
void panels_close(panels *p);

/* Lay all of them out, with all threads; from here on linear layers use them. */
void panels_make(panels *p, struct threads *pool);

/* From here on they do not, and the weights may change. */
void panels_leave(panels *p);

/* For the backends: the panels of W (out, in), or NULL where there are none.  Any thread. */
const void *panels_find(const float *W, int out, int in);

#endif
