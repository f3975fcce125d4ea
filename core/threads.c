/* threads.c - see threads.h. */
#define _GNU_SOURCE /* sched_getaffinity */
#include "core/threads.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

typedef struct worker {
    threads *pool;
    int number;
    pthread_t thread;
} worker;

struct threads {
    int n, started; /* threads with the caller; pthreads running */
    pthread_mutex_t lock;
    pthread_cond_t begin, end;
    unsigned job_number; /* changes when there is a new job */
    int busy;            /* threads still at it, the caller not counted */
    bool leave;
    void (*job)(void *arg, int thread);
    void *arg;
    worker worker[];
};

static void *work(void *arg)
{
    const worker *w = arg;
    threads *t = w->pool;
    unsigned seen = 0;
    pthread_mutex_lock(&t->lock);
    for (;;) {
        while (!t->leave && t->job_number == seen) pthread_cond_wait(&t->begin, &t->lock);
        if (t->leave) break;
        seen = t->job_number;
        pthread_mutex_unlock(&t->lock);
        t->job(t->arg, w->number);
        pthread_mutex_lock(&t->lock);
        if (--t->busy == 0) pthread_cond_signal(&t->end);
    }
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

bool threads_open(threads **out, int n, error *e)
{
    *out = NULL;
    threads *t = calloc(1, sizeof *t + sizeof(worker) * (size_t)n);
    if (!t) return error_set(e, "no memory for %d threads", n);
    t->n = n;
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->begin, NULL);
    pthread_cond_init(&t->end, NULL);
    for (int i = 1; i < n; i++) {
        t->worker[i] = (worker){ .pool = t, .number = i };
        const int why = pthread_create(&t->worker[i].thread, NULL, work, &t->worker[i]);
        if (why) {
            threads_close(t);
            return error_set(e, "thread %d of %d cannot be started: %s", i + 1, n, strerror(why));
        }
        t->started++;
    }
    *out = t;
    return true;
}

void threads_close(threads *t)
{
    if (!t) return;
    pthread_mutex_lock(&t->lock);
    t->leave = true;
    pthread_cond_broadcast(&t->begin);
    pthread_mutex_unlock(&t->lock);
    for (int i = 1; i <= t->started; i++) pthread_join(t->worker[i].thread, NULL);
    pthread_mutex_destroy(&t->lock);
    pthread_cond_destroy(&t->begin);
    pthread_cond_destroy(&t->end);
    free(t);
}

int threads_count(const threads *t)
{
    return t->n;
}

void threads_run(threads *t, void (*job)(void *arg, int thread), void *arg)
{
    pthread_mutex_lock(&t->lock);
    t->job = job, t->arg = arg;
    t->busy = t->n - 1;
    t->job_number++;
    pthread_cond_broadcast(&t->begin);
    pthread_mutex_unlock(&t->lock);
    job(arg, 0);
    pthread_mutex_lock(&t->lock);
    while (t->busy > 0) pthread_cond_wait(&t->end, &t->lock);
    pthread_mutex_unlock(&t->lock);
}

int threads_available(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
    const int n = CPU_COUNT(&set);
    return n > 0 ? n : 1;
}
