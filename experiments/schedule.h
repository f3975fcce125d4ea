/* schedule.h - the cells of a plan as child processes, so many at a time.
 *
 * A child is PROGRAM as `COMMAND RUN_DIR/config.yaml --db DB --parent PID --lock FD
 * train.threads=N`, with its output in RUN_DIR/log, in a process group of its own: signals reach it
 * through the driver, which passes SIGINT and SIGTERM on and waits.  A driver that dies takes its
 * children along (--parent).  A cell that fails is recorded with its message, and the others go on.
 *
 * Any number of drivers may work at one plan.  A driver takes the run's lock, sees under it what
 * the record says by now, and hands the lock down to the child, so that nobody trains what another
 * has or has finished.  Cells in other hands are looked at again until they are finished, or until
 * their process died: then they are resumed here.  A child that is killed is resumed too, unless it
 * dies three times in a row without a new checkpoint.
 */
#ifndef EXPERIMENTS_SCHEDULE_H
#define EXPERIMENTS_SCHEDULE_H

#include "experiments/plan.h"

typedef struct schedule {
    const char *program;        /* "/proc/self/exe"                          */
    const char *const *command; /* its name and first words, up to NULL      */
    int jobs, threads;          /* children at a time, and threads of each   */
    bool accept;                /* go on with what other code recorded       */
    const char *name;           /* of the study, for what is said on the way */
} schedule;

/* What became of a plan. */
typedef struct schedule_end {
    int done, diverged, failed, preempted, elsewhere; /* cells; elsewhere: left to others */
} schedule_end;

/* Returns the exit status: 0 when every cell is done or diverged, 1 when one failed, 5 when it was
 * stopped.  Each cell's record_run is brought up to date.  Where it fails itself (no process can be
 * started) e says why and the status is 1. */
int schedule_run(plan *p, schedule_end *end, db *d, const schedule *s, error *e);

#endif
