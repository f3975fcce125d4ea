/* threads.c - the pool of threads: jobs, and grids of pieces that idle threads take.
 *
 * One lock guards the pool's fields; the atomic ones are also used without it, to spin for a moment
 * before sleeping and to take pieces.  A grid lives on its owner's stack: the owner leaves only
 * after it has taken the grid off the list and no helper is at a piece of it.
 */
#define _GNU_SOURCE /* sched_getaffinity */
#include "core/compute/threads.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { SPINS = 4000 }; /* tries before a thread goes to sleep: some tens of microseconds */

typedef struct grid {
    void (*piece)(void *arg, int i);
    void *arg;
    int n;
    atomic_int next;    /* the next piece to take                   */
    atomic_int helpers; /* threads working on it, besides its owner */
    struct grid *below; /* the next one in the list of open grids   */
} grid;

typedef struct worker {
    threads *pool;
    int number;
    pthread_t thread;
} worker;

struct threads {
    int n, started; /* threads, the caller included; those that were created */
    pthread_mutex_t lock;
    pthread_cond_t change;
    atomic_uint job_number; /* changes with every new job                      */
    atomic_int busy;        /* threads that have not finished their part of it */
    atomic_int idle;        /* threads that have finished, and help            */
    atomic_uint posted;     /* changes with every new grid                     */
    grid *open;             /* grids that were posted and are not finished     */
    bool leave;             /* threads_close asks the threads to end           */
    void (*job)(void *arg, int thread);
    void *arg;
    worker worker[];
};

static _Thread_local threads *at_work; /* the pool whose job this thread is running, or NULL */

static void pause_a_moment(void)
{
#ifdef __x86_64__
    __builtin_ia32_pause();
#endif
}

static void take_pieces(grid *g)
{
    for (int i; (i = atomic_fetch_add(&g->next, 1)) < g->n;) g->piece(g->arg, i);
}

/* An open grid with pieces left, or NULL.  The lock is held. */
static grid *find_grid(threads *t)
{
    grid *g = t->open;
    while (g && atomic_load(&g->next) >= g->n) g = g->below;
    return g;
}

/* Help until all threads have finished this job.  The lock is held, and released in between. */
static void help(threads *t, unsigned job)
{
    atomic_fetch_add(&t->idle, 1);
    while (t->busy > 0 && t->job_number == job) {
        grid *g = find_grid(t);
        if (g) {
            atomic_fetch_add(&g->helpers, 1);
            pthread_mutex_unlock(&t->lock);
            take_pieces(g);
            pthread_mutex_lock(&t->lock);
            if (atomic_fetch_sub(&g->helpers, 1) == 1) pthread_cond_broadcast(&t->change);
            continue;
        }
        const unsigned seen = t->posted;
        pthread_mutex_unlock(&t->lock);
        for (int i = 0; i < SPINS && t->posted == seen && t->busy > 0; i++) pause_a_moment();
        pthread_mutex_lock(&t->lock);
        while (t->posted == seen && t->busy > 0 && t->job_number == job)
            pthread_cond_wait(&t->change, &t->lock);
    }
    atomic_fetch_sub(&t->idle, 1);
}

/* Run this thread's part of the current job; returns when all threads have finished theirs. */
static void take_part(threads *t, int number, unsigned job)
{
    threads *before = at_work;
    at_work = t;
    t->job(t->arg, number);
    at_work = before;
    pthread_mutex_lock(&t->lock);
    if (atomic_fetch_sub(&t->busy, 1) == 1)
        pthread_cond_broadcast(&t->change);
    else
        help(t, job);
    pthread_mutex_unlock(&t->lock);
}

static void *work(void *arg)
{
    const worker *w = arg;
    threads *t = w->pool;
    unsigned seen = 0;
    pthread_mutex_lock(&t->lock);
    for (;;) {
        while (!t->leave && t->job_number == seen) pthread_cond_wait(&t->change, &t->lock);
        if (t->leave) break;
        seen = t->job_number;
        pthread_mutex_unlock(&t->lock);
        take_part(t, w->number, seen);
        pthread_mutex_lock(&t->lock);
    }
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

bool threads_open(threads **out, int n, error *e)
{
    *out = NULL;
    threads *t = calloc(1, sizeof *t + sizeof(worker) * (size_t)n);
    if (!t) return error_set(e, "out of memory for %d threads", n);
    t->n = n;
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->change, NULL);
    for (int i = 1; i < n; i++) {
        t->worker[i] = (worker){ .pool = t, .number = i };
        const int why = pthread_create(&t->worker[i].thread, NULL, work, &t->worker[i]);
        if (why) {
            threads_close(t);
            return error_set(e, "cannot start thread %d of %d: %s", i + 1, n, strerror(why));
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
    pthread_cond_broadcast(&t->change);
    pthread_mutex_unlock(&t->lock);
    for (int i = 1; i <= t->started; i++) pthread_join(t->worker[i].thread, NULL);
    pthread_mutex_destroy(&t->lock);
    pthread_cond_destroy(&t->change);
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
    t->busy = t->n;
    const unsigned number = ++t->job_number;
    pthread_cond_broadcast(&t->change);
    pthread_mutex_unlock(&t->lock);
    take_part(t, 0, number);
}

/* Take g off the list and wait for the helpers of its last pieces.  The lock is held, and released
 * in between. */
static void finish(threads *t, grid *g)
{
    grid **link = &t->open;
    while (*link != g) link = &(*link)->below;
    *link = g->below;
    pthread_mutex_unlock(&t->lock);
    for (int i = 0; i < SPINS && g->helpers > 0; i++) pause_a_moment();
    pthread_mutex_lock(&t->lock);
    while (g->helpers > 0) pthread_cond_wait(&t->change, &t->lock);
}

void threads_grid(int n, void (*piece)(void *arg, int i), void *arg)
{
    threads *t = at_work;
    if (!t || n < 2 || t->idle == 0) {
        for (int i = 0; i < n; i++) piece(arg, i);
        return;
    }
    grid g = { .piece = piece, .arg = arg, .n = n };
    pthread_mutex_lock(&t->lock);
    g.below = t->open;
    t->open = &g;
    t->posted++;
    pthread_cond_broadcast(&t->change);
    pthread_mutex_unlock(&t->lock);
    take_pieces(&g);
    pthread_mutex_lock(&t->lock);
    finish(t, &g);
    pthread_mutex_unlock(&t->lock);
}

int threads_available(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
    const int n = CPU_COUNT(&set);
    return n > 0 ? n : 1;
}
