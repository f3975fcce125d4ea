/* schedule.h - the cells of a plan as child processes, so many at a time.
 *
 * A child is PROGRAM as `COMMAND RUN_DIR/config.yaml --db DB --parent PID --lock FD
 * train.threads=N`, with its output in RUN_DIR/log, in a process group of its own, so signals reach
 * it through the driver, which passes on SIGINT and SIGTERM and waits.  If a driver dies, its
 * children end too (--parent).  A cell that fails is recorded with its message, and the others
 * continue.
 *
 * Any number of drivers may work on one plan.  A driver takes the run's lock, reads the run's row
 * again, and hands the lock down to the child, so no run is trained twice.  Cells that another
 * process has are checked again until they are finished or their process has died; then they are
 * resumed here. A child that is killed is resumed too, unless it dies three times in a row without
 * a new checkpoint.
 *
 * Before each cell, and when one fails, the driver asks whether there is room on the disk for its
 * weights and rows.  If there is none it stops, with one message, and the cells at work with it.
 */
#ifndef EXPERIMENTS_SCHEDULE_H
#define EXPERIMENTS_SCHEDULE_H

#include "experiments/plan.h"

typedef struct schedule {
    const char *program;        /* "/proc/self/exe"                          */
    const char *const *command; /* its name and first words, up to NULL      */
    int jobs, threads;          /* children at a time, and threads of each   */
    bool accept;                /* take outdated runs as they are            */
    bool allow_mixed;           /* resume in another environment             */
    const char *name;           /* of the study, for messages                */
} schedule;

/* What became of a plan. */
typedef struct schedule_end {
    int done, diverged, failed, preempted, elsewhere; /* cells; elsewhere: another process has it */
    bool full; /* it stopped, because there is no room to keep anything */
} schedule_end;

/* Returns the exit status: 0 if every cell is done or diverged, 1 if one failed, 5 if it was
 * stopped. Each cell's run_row is brought up to date.  If no process can be started, or the disk is
 * full, e says why and the status is 1. */
int schedule_run(plan *p, schedule_end *end, db *d, const schedule *s, error *e);

#endif
