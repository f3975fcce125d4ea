/* promise.c - one line for each broken promise, printed at once: a variant that breaks one promise
 * may soon break the process as well. */
#include "tests/promise.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LINE = 1024, KEYS = 64, KEY = 96 };

static bool all, printed;
static int count, keys;
static char subject[256], key[KEYS][KEY];

void promise_report_all(void)
{
    all = true;
}

void promise_subject(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(subject, sizeof subject, fmt, args);
    va_end(args);
    keys = 0;
}

/* Was this promise reported of this subject? */
static bool known(const char *text)
{
    char name[KEY];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(text, ":"), text);
    for (int i = 0; i < keys; i++)
        if (strcmp(key[i], name) == 0) return true;
    if (keys < KEYS) memcpy(key[keys++], name, sizeof name);
    return false;
}

static void report(const char *fmt, va_list args)
{
    char text[LINE];
    vsnprintf(text, sizeof text, fmt, args);
    printed = !known(text);
    if (!printed) return;
    printf("%s: %s\n", subject, text);
    fflush(stdout);
    count++;
}

void promise_broken(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    report(fmt, args);
    va_end(args);
}

bool promise(bool so, const char *fmt, ...)
{
    if (so) return true;
    va_list args;
    va_start(args, fmt);
    report(fmt, args);
    va_end(args);
    promise_end();
    return false;
}

void promise_detail(const char *fmt, ...)
{
    if (!printed) return;
    va_list args;
    va_start(args, fmt);
    fputs("    ", stdout);
    vprintf(fmt, args);
    putchar('\n');
    va_end(args);
}

void promise_end(void)
{
    fflush(stdout);
    if (count && !all) _exit(1); /* what is allocated stays so: no report of leaks hides this one */
}

int promise_count(void)
{
    return count;
}
