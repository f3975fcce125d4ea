/* memory.h - how much memory a run needs, known before anything is allocated.
 *
 *     total = weights + gradients + optimizer + activations + scratch + evaluation
 */
#ifndef TRAINER_MODEL_MEMORY_H
#define TRAINER_MODEL_MEMORY_H

#include "core/base/error.h"
#include "trainer/model/model.h"

/* Bytes that a run allocates. */
typedef struct memory {
    size_t weights, gradients; /* gradients: the sum, and one for each thread with a lane */
    size_t optimizer;          /* its state                                               */
    size_t activations, scratch;
    size_t evaluation; /* what evaluating adds                                    */
    size_t total;
} memory;

/* What a run of a resolved configuration allocates with this many threads.  Fails if memory runs
 * out. */
bool memory_estimate(memory *out, const run_spec *spec, int n_threads, error *e);

/* Fails, with both numbers in the message, if a run with this many threads needs more memory or
 * address space than is available. */
bool memory_check(const memory *m, int n_threads, error *e);

/* Bytes that this process may still allocate: the least of what the system has available, what
 * its control group has left, and RLIMIT_AS.  SIZE_MAX if nothing sets a limit. */
size_t memory_available(void);

/* "512 MiB" or "1.25 GiB": three digits, for people. */
enum { MEMORY_TEXT = 24 };
void memory_print(char out[MEMORY_TEXT], double bytes);

#endif
