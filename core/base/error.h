/* error.h - how a function reports a failure.
 *
 * A function that can fail for a reason outside the program (a missing file, a bad
 * option, a full disk) returns bool and takes an `error *` last.  On failure it
 * returns `error_set(e, "...")`, so the message is written once, where the reason is known.
 * It neither prints nor exits: only main() does, and a study can record the message
 * and continue with the next run.  A mistake inside the program is an assert().
 */
#ifndef CORE_BASE_ERROR_H
#define CORE_BASE_ERROR_H

#include <stdbool.h>
#include <stddef.h>

/* The exit statuses of attnlab. */
enum {
    STATUS_DONE = 0,
    STATUS_FAILED = 1,    /* includes data that is missing, unreadable or corrupt    */
    STATUS_USAGE = 2,     /* wrong command line, or a wrong value in a configuration */
    STATUS_VERDICT = 3,   /* a comparison ended with the verdict given to --fail-if  */
    STATUS_DIVERGED = 4,  /* the loss or its gradient is not finite                  */
    STATUS_PREEMPTED = 5, /* stopped by a signal; the run can be resumed             */
};

typedef struct error {
    int status;    /* the exit status it leads to: STATUS_FAILED or STATUS_USAGE */
    char msg[512]; /* one line: what, where, what to do; longer ones are cut     */
} error;

/* Write the message into e and return false, so callers can `return error_set(...)`. */
bool error_set(error *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The same, with STATUS_USAGE, for a mistake of the user: a wrong argument, key or value. */
bool error_usage(error *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Put "where: " in front of the message in e, and return false. */
bool error_where(error *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* For small allocations (a name, a row) that fail: print one line and end the process with
 * STATUS_FAILED.  This is the only exit outside main().  The database and its files are left as
 * after a SIGKILL, which they survive. */
void error_memory(void) __attribute__((noreturn));

/* n zeroed elements of `size` bytes; the caller frees them.  Never NULL, even for n = 0: calls
 * error_memory if memory runs out, so use it for small allocations only. */
void *error_zeroed(size_t n, size_t size) __attribute__((returns_nonnull));

#endif
