/* stop.h - the signals that ask a run to stop.
 *
 * The first SIGINT or SIGTERM is a request: the run ends after its step, with a checkpoint.  One
 * that comes later ends the process at once, which loses the steps since the last checkpoint and
 * nothing else.  Signals within STOP_MS of the first are the same request: GNU timeout sends its
 * signal twice, to its child and to the group that the child is in, and people press keys twice.
 * SIGHUP is a request too, however often it comes.
 */
#ifndef TRAINER_RUN_STOP_H
#define TRAINER_RUN_STOP_H

enum { STOP_MS = 1000 };

/* From now on a signal is a request.  None has been made yet. */
void stop_watch(void);

/* The signal of the last request, or 0. */
int stop_signal(void);

#endif
