/* promise.h - how the conformance test reports: one line for each broken promise.
 *
 *     SPEC at B=2 T=7 D=20 H=4 E=6: PROMISE: what was seen, and what may be the cause
 *
 * A promise is reported once for each spec and size, however often it is broken there.  The first
 * report ends the program with status 1, unless all are wanted.
 */
#ifndef TESTS_PROMISE_H
#define TESTS_PROMISE_H

#include <stdbool.h>

/* Go on after a broken promise. */
void promise_report_all(void);

/* What follows is about this spec at these sizes; promises may be reported again. */
__attribute__((format(printf, 1, 2))) void promise_subject(const char *fmt, ...);

/* Report.  The text up to the first colon names the promise. */
__attribute__((format(printf, 1, 2))) void promise_broken(const char *fmt, ...);

/* The same unless it is so; returns whether it is so. */
__attribute__((format(printf, 2, 3))) bool promise(bool so, const char *fmt, ...);

/* A further line of the last report, if it was printed. */
__attribute__((format(printf, 1, 2))) void promise_detail(const char *fmt, ...);

/* End of a report with its details: here the program ends, unless all are wanted. */
void promise_end(void);

/* How many were reported. */
int promise_count(void);

#endif
