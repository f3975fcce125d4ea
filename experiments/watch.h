/* watch.h - how far the cells of a study are, on stderr.
 *
 * On a terminal: a line for the study and one for each running cell, redrawn in place.  Elsewhere:
 * a line when a cell ends, and one every 30 seconds.
 *
 * Time left: work is counted in FLOPs of training, the rate is what a busy worker has done a second
 * since the driver began, and what is left is dealt to the workers in order.
 */
#ifndef EXPERIMENTS_WATCH_H
#define EXPERIMENTS_WATCH_H

#include "experiments/plan.h"

typedef struct watch_cell {
    bool running, finished; /* finished: nothing left to do, whatever became of it */
    int64_t from, step;     /* the step it had when the driver began, and has now  */
    double loss;
} watch_cell;

typedef struct watch {
    const char *name;
    const plan *p;
    db *d;
    int jobs;
    bool terminal;
    int drawn;              /* lines on the terminal           */
    int64_t said_ms, at_ms; /* last plain line, last look      */
    double busy;            /* worker-seconds since the start  */
    watch_cell *cell;       /* (p->n)                          */
} watch;

bool watch_open(watch *w, const plan *p, db *d, const char *name, int jobs, error *e);
void watch_close(watch *w);

/* Call now and then: reads the newest steps from the database, and prints when it is time. */
void watch_tick(watch *w);

/* A cell has ended: print a line that stays. */
void watch_end(watch *w, int cell, const char *what);

#endif
