/* fail_malloc.c - a preloaded library that lets the FAIL_AT-th allocation fail, and says so.  It
 * counts only allocations by the program itself, not those by its libraries. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t m);
void *__libc_realloc(void *old, size_t n);

static long left = -1;

/* dladdr may itself allocate. */
static bool refuses(const void *caller)
{
    static const char SAYS[] = "allocation failed on purpose\n";
    static bool asking;
    Dl_info who;
    if (left == 0 || asking) return false;
    asking = true;
    if (left < 0) {
        const char *at = getenv("FAIL_AT");
        left = at ? atol(at) : 0;
    }
    const bool ours =
        left > 0 && dladdr(caller, &who) && who.dli_fname && !strstr(who.dli_fname, ".so");
    asking = false;
    if (!ours || --left > 0) return false;
    if (write(2, SAYS, sizeof SAYS - 1) < 0) _exit(99);
    errno = ENOMEM;
    return true;
}

void *malloc(size_t n)
{
    return refuses(__builtin_return_address(0)) ? NULL : __libc_malloc(n);
}

void *calloc(size_t n, size_t m)
{
    return refuses(__builtin_return_address(0)) ? NULL : __libc_calloc(n, m);
}

void *realloc(void *old, size_t n)
{
    return refuses(__builtin_return_address(0)) ? NULL : __libc_realloc(old, n);
}
