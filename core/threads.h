/* threads.h - a few threads that wait for a job.
 *
 * A job is one function, called once on every thread with that thread's number; the caller is
 * thread 0.  What the threads share out among themselves, and in what order results are added, is
 * the job's affair: nothing here decides a bit of any result.
 */
#ifndef CORE_THREADS_H
#define CORE_THREADS_H

#include "core/error.h"

typedef struct threads threads;

/* n threads, the caller included.  Fails when the system gives no more. */
bool threads_open(threads **t, int n, error *e);
void threads_close(threads *t);

int threads_count(const threads *t);

/* Call job(arg, i) for i = 0..n-1, each on its own thread, and return when all have. */
void threads_run(threads *t, void (*job)(void *arg, int thread), void *arg);

/* Processors this process may run on. */
int threads_available(void);

#endif
