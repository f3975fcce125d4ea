/* meter.c - a thread that wakes up now and then and prints a line:
 *
 *     encoding: 12.3 of 27.0 MB, 46 %, 14 s
 *
 * Without its thread, which may not start, the work goes on in silence.
 */
#define _DEFAULT_SOURCE /* fileno, isatty */
#include "trainer/corpus/meter.h"

#include <unistd.h>

enum { TERMINAL_SECONDS = 1, LOG_SECONDS = 10 };

static void print(const meter *m)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    const double done = (double)atomic_load(&m->done), total = (double)m->total;
    fprintf(m->out, "%s%s: ", m->terminal ? "\r\033[K" : "", m->what);
    if (m->total > 0)
        fprintf(m->out, "%.1f of %.1f MB, %.0f %%, ", 1e-6 * done, 1e-6 * total,
                100 * done / total);
    else if (done > 0)
        fprintf(m->out, "%.1f MB, ", 1e-6 * done);
    fprintf(m->out, "%ld s%s", (long)(now.tv_sec - m->began.tv_sec), m->terminal ? "" : "\n");
    fflush(m->out);
}

static void *run(void *arg)
{
    meter *m = arg;
    struct timespec next;
    clock_gettime(CLOCK_REALTIME, &next);
    pthread_mutex_lock(&m->lock);
    for (;;) {
        int late = 0;
        next.tv_sec += m->terminal ? TERMINAL_SECONDS : LOG_SECONDS;
        while (!m->stop && late == 0) late = pthread_cond_timedwait(&m->changed, &m->lock, &next);
        if (m->stop) break;
        print(m);
    }
    pthread_mutex_unlock(&m->lock);
    return NULL;
}

void meter_open(meter *m, FILE *out, const char *what, size_t total)
{
    *m = (meter){ .out = out, .what = what, .total = total, .terminal = isatty(fileno(out)) };
    clock_gettime(CLOCK_MONOTONIC, &m->began);
    pthread_mutex_init(&m->lock, NULL);
    pthread_cond_init(&m->changed, NULL);
    m->on = pthread_create(&m->thread, NULL, run, m) == 0;
}

void meter_add(meter *m, size_t bytes)
{
    atomic_fetch_add(&m->done, bytes);
}

void meter_close(meter *m)
{
    if (m->on) {
        pthread_mutex_lock(&m->lock);
        m->stop = true;
        pthread_cond_signal(&m->changed);
        pthread_mutex_unlock(&m->lock);
        pthread_join(m->thread, NULL);
        if (m->terminal) fputs("\r\033[K", m->out);
    }
    pthread_cond_destroy(&m->changed);
    pthread_mutex_destroy(&m->lock);
    *m = (meter){ 0 };
}
