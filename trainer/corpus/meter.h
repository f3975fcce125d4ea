/* meter.h - how far a step of the work is: a line redrawn on a terminal, one every 10 seconds
 * elsewhere.
 *
 * A thread prints, because the work may be a library's that calls nobody back.
 */
#ifndef TRAINER_CORPUS_METER_H
#define TRAINER_CORPUS_METER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <time.h>

typedef struct meter {
    FILE *out;
    const char *what; /* "encoding"                                    */
    size_t total;     /* bytes to come; 0 if that is unknown           */
    atomic_size_t done;
    struct timespec began;
    bool terminal, on, stop;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
} meter;

/* Begin, on a stream that stays open.  `what` stays the caller's. */
void meter_open(meter *m, FILE *out, const char *what, size_t total);

/* So many bytes more are done. */
void meter_add(meter *m, size_t bytes);

/* End, and clear the line on a terminal. */
void meter_close(meter *m);

#endif
