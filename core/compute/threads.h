/* threads.h - a few threads that wait for a job.
 *
 * A job is one function, called once on every thread with that thread's number; the caller is
 * thread 0.  What the threads share out among themselves, and in what order results are added, is
 * the job's affair: nothing here decides a bit of any result.
 *
 * A thread that is done with its part of a job helps those that are not: it takes pieces of the
 * grids that they post.  How a grid is cut must follow from its shape alone, and no result may
 * depend on who computed which piece, so that help changes nothing but the time.
 */
#ifndef CORE_COMPUTE_THREADS_H
#define CORE_COMPUTE_THREADS_H

#include "core/base/error.h"

typedef struct threads threads;

/* n threads, the caller included.  Fails when the system gives no more. */
bool threads_open(threads **t, int n, error *e);
void threads_close(threads *t);

int threads_count(const threads *t);

/* Call job(arg, i) for i = 0..n-1, each on its own thread, and return when all have. */
void threads_run(threads *t, void (*job)(void *arg, int thread), void *arg);

/* Call piece(arg, i) for i = 0..n-1 and return when all are done.  Pieces are begun in order;
 * threads of the caller's job that have nothing to do take some of them.  Outside a job, and where
 * nobody is idle, the caller does them all. */
void threads_grid(int n, void (*piece)(void *arg, int i), void *arg);

/* Processors this process may run on. */
int threads_available(void);

#endif
