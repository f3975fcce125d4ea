/* timer.h - seconds from a clock that only goes forward. */
#ifndef CORE_BASE_TIMER_H
#define CORE_BASE_TIMER_H

double timer_now(void);

#endif
