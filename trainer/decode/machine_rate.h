/* machine_rate.h - what the machine can do at most, measured next to what is compared with it:
 * bytes read from memory in a second (as in STREAM: McCalpin 1995, but reading only), and the rate
 * of OpenBLAS's sgemm.
 *
 * The buffer that is read has four times the bytes of the last-level cache.  All threads read a
 * part of their own; sgemm multiplies matrices of 1024^3, one serial product a thread.
 */
#ifndef TRAINER_DECODE_MACHINE_RATE_H
#define TRAINER_DECODE_MACHINE_RATE_H

#include "core/compute/threads.h"

#include <stddef.h>
#include <stdint.h>

typedef struct machine_rate {
    threads *pool;
    uint64_t *buffer;
    size_t words;
    float *matrices;    /* (threads, 3, side, side) */
    double read, sgemm; /* bytes and FLOP a second, of the last measurement */
} machine_rate;

/* Fails if memory runs out; the pool must outlive it. */
bool machine_rate_open(machine_rate *r, threads *pool, error *e);
void machine_rate_close(machine_rate *r);

/* Measure both. */
void machine_rate_measure(machine_rate *r);

/* Bytes of the last-level cache, as Linux tells; 32 MiB if it doesn't. */
size_t machine_rate_cache(void);

#endif
