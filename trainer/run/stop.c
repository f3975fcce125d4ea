/* stop.c - requests to stop, counted in a signal handler.
 *
 * Handlers may run at the same time in several threads, so whichever sets the time of the first
 * request, by an atomic exchange, has made it.  A handler calls nothing but what POSIX calls
 * async-signal-safe.
 */
#define _DEFAULT_SOURCE
#include "trainer/run/stop.h"

#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <time.h>

static volatile sig_atomic_t requested;
static atomic_llong first_ms; /* 0: no SIGINT or SIGTERM yet */

static long long clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return 1 + now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void request(int number)
{
    requested = number;
}

static void request_or_end(int number)
{
    long long first = 0;
    const long long now = clock_ms();
    if (!atomic_compare_exchange_strong(&first_ms, &first, now) && now - first > STOP_MS) {
        signal(number, SIG_DFL);
        raise(number); /* delivered when this handler returns */
        return;
    }
    requested = number;
}

void stop_watch(void)
{
    struct sigaction a = { .sa_handler = request_or_end, .sa_flags = SA_RESTART }, hangup;
    sigemptyset(&a.sa_mask);
    requested = 0;
    atomic_store(&first_ms, 0);
    sigaction(SIGINT, &a, NULL);
    sigaction(SIGTERM, &a, NULL);
    a.sa_handler = request; /* Linux sends SIGHUP once for each thread of a parent that dies */
    sigaction(SIGHUP, NULL, &hangup);
    if (hangup.sa_handler != SIG_IGN) sigaction(SIGHUP, &a, NULL); /* else: under nohup */
    signal(SIGPIPE, SIG_IGN); /* progress may go unread               */
    signal(SIGXFSZ, SIG_IGN); /* a file too large is a failed write   */
}

int stop_signal(void)
{
    return requested;
}
