/* timer.h - elapsed time in seconds, from a clock that is never set back (POSIX CLOCK_MONOTONIC).
 *
 * Only differences of two readings mean anything: the zero of the clock is arbitrary.
 */
#ifndef CORE_BASE_TIMER_H
#define CORE_BASE_TIMER_H

#include <time.h>

static inline double timer_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

#endif
