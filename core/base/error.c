/* error.c - formats the messages of errors into their fixed-size buffer, so that reporting a
 * failure needs no memory.
 */
#include "core/base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void write_message(error *e, int status, const char *fmt, va_list args)
{
    e->status = status;
    vsnprintf(e->msg, sizeof e->msg, fmt, args);
    for (char *at = e->msg; *at; at++) /* names in files may hold anything */
        if ((unsigned char)*at < ' ' || *at == 127) *at = '?';
}

bool error_set(error *e, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    write_message(e, STATUS_FAILED, fmt, args);
    va_end(args);
    return false;
}

bool error_usage(error *e, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    write_message(e, STATUS_USAGE, fmt, args);
    va_end(args);
    return false;
}

bool error_where(error *e, const char *fmt, ...)
{
    char text[sizeof e->msg];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    const size_t n = strlen(text);
    if (n + 2 < sizeof text) snprintf(text + n, sizeof text - n, ": %s", e->msg);
    memcpy(e->msg, text, sizeof text);
    return false;
}

void error_memory(void)
{
    static const char MESSAGE[] = "attnlab: out of memory\n";
    if (write(STDERR_FILENO, MESSAGE, sizeof MESSAGE - 1) < 0) _exit(STATUS_FAILED);
    _exit(STATUS_FAILED);
}

void *error_zeroed(size_t n, size_t size)
{
    void *p = calloc(n ? n : 1, size);
    if (!p) error_memory();
    return p;
}
