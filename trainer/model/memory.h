/* memory.h - does it fit?  Asked before anything is allocated. */
#ifndef TRAINER_MODEL_MEMORY_H
#define TRAINER_MODEL_MEMORY_H

#include "core/base/error.h"
#include "trainer/model/model.h"

/* Bytes that this process may still allocate: the least of what the system has available, what
 * its control group has left, and RLIMIT_AS.  SIZE_MAX where nothing says. */
size_t memory_available(void);

/* What a run of a resolved configuration allocates with this many threads; `total` holds what
 * evaluation takes too. */
bool memory_weigh(model_memory *p, const run_spec *spec, int n_threads, error *e);

/* Fails, with both numbers in the message, when a run with this many threads needs more than there
 * is, of memory or of address space. */
bool memory_check(const model_memory *p, int n_threads, error *e);

/* "512 MiB" or "1.25 GiB": three digits, for people. */
enum { MEMORY_TEXT = 24 };
void memory_print(char out[MEMORY_TEXT], double bytes);

#endif
