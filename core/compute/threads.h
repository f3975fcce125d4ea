/* threads.h - a pool of threads that run one job at a time and help each other.
 *
 * A job is a function that is called once on every thread, with that thread's number; the caller is
 * thread 0.  The job decides how work is divided and in which order results are added.
 *
 * A thread that has finished its part of a job helps the others: it takes pieces of the grids that
 * they post.  Invariant: no bit of a result depends on the number of threads.  For this, a grid
 * must be cut by its shape alone, and no result may depend on which thread computed which piece.
 */
#ifndef CORE_COMPUTE_THREADS_H
#define CORE_COMPUTE_THREADS_H

#include "core/base/error.h"

typedef struct threads threads;

/* Start a pool of n >= 1 threads, the caller included; threads_close ends it.  Fails if memory runs
 * out or the system starts no more threads. */
bool threads_open(threads **t, int n, error *e);
void threads_close(threads *t);

/* How many threads the pool has, the caller included. */
int threads_count(const threads *t);

/* Call job(arg, i) for i = 0, ..., n - 1, each on its own thread; returns when all have finished.
 */
void threads_run(threads *t, void (*job)(void *arg, int thread), void *arg);

/* Call piece(arg, i) for i = 0, ..., n - 1; returns when all have finished.  Pieces are started in
 * order; idle threads of the caller's job take some of them.  Outside a job, or if no thread is
 * idle, the caller computes all of them. */
void threads_grid(int n, void (*piece)(void *arg, int i), void *arg);

/* Processors that this process may run on, at least 1. */
int threads_available(void);

#endif
