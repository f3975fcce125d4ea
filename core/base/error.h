/* error.h - how a function says no.
 *
 * A function that can fail for a reason outside the program (a missing file, a bad
 * option, a full disk) returns bool and takes an `error *` last.  On failure it
 * returns `error_set(e, "...")`, so the message is written once, where the reason is known.
 * It neither prints nor exits: only main() does, and a sweep can record the message
 * and go on to the next run.  A broken promise inside the program is an assert().
 */
#ifndef CORE_BASE_ERROR_H
#define CORE_BASE_ERROR_H

#include <stdbool.h>
#include <stddef.h>

/* The exit statuses of attnlab. */
enum {
    STATUS_DONE = 0,
    STATUS_FAILED = 1,    /* also data that is missing, unreadable or corrupt */
    STATUS_USAGE = 2,     /* the command line, or a value in a configuration  */
    STATUS_VERDICT = 3,   /* what --fail-if names                             */
    STATUS_DIVERGED = 4,  /* the loss or its gradient is not finite           */
    STATUS_PREEMPTED = 5, /* stopped by a signal; can be resumed              */
};

typedef struct error {
    int status; /* the exit status it deserves: STATUS_FAILED or STATUS_USAGE */
    char msg[512];
} error;

/* Write the message into e and return false, so callers can `return error_set(...)`. */
bool error_set(error *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The same for what the user wrote: a wrong argument, key or value. */
bool error_usage(error *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Put "where: " before the message that e holds; returns false. */
bool error_where(error *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The few bytes of a name or a row cannot be had: says so in one line and ends the process, with
 * STATUS_FAILED.  The one end outside main(), for there is no way on from there; the record and its
 * files are left as by a SIGKILL, which they survive. */
void error_memory(void) __attribute__((noreturn));

/* n things of `size` bytes, all 0, and never NULL, not for 0 things either: calloc for the few
 * bytes whose refusal is error_memory. */
void *error_zeroed(size_t n, size_t size) __attribute__((returns_nonnull));

#endif
