/* draws.h - random choices for one row of a named stream: numbers, samples, orders.
 *
 *     draw k of a row = f(seed, replica, name of the stream, row, k)
 *
 * The only state is k, so what is drawn for a row depends on no other row (core/compute/rng.h).
 */
#ifndef TRAINER_TASKS_DRAWS_H
#define TRAINER_TASKS_DRAWS_H

#include "core/compute/rng.h"

#include <stdint.h>

typedef struct draws {
    rng stream;
    uint64_t row, next;
} draws;

/* A whole number from 0 to n - 1, n >= 1; each is equally likely (to within n / 2^64). */
int64_t draws_below(draws *d, int64_t n);

/* A number in (0, 1]. */
double draws_unit(draws *d);

/* out (k): different numbers of from, ..., from + n - 1, in random order; k <= n. */
void draws_sample(int32_t *out, draws *d, int32_t from, int n, int k);

/* out (k): different indices of weight (n), each drawn with a probability proportional to its
 * weight among those that are left, in ascending order; k <= n, weights above 0. */
void draws_weighted(int32_t *out, draws *d, const double *weight, int n, int k);

#endif
