/* scratch.h - a temporary folder for a test, and files in it. */
#ifndef TESTS_SCRATCH_H
#define TESTS_SCRATCH_H

#include "core/base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct scratch {
    char folder[64];
    char path[128]; /* the last result of scratch_path */
} scratch;

static inline void scratch_open(scratch *s)
{
    snprintf(s->folder, sizeof s->folder, "/tmp/attnlab-test-XXXXXX");
    if (!mkdtemp(s->folder)) abort();
}

static inline void scratch_close(scratch *s)
{
    char command[96];
    snprintf(command, sizeof command, "rm -rf %s", s->folder);
    if (system(command) != 0) abort();
}

/* For cmocka, a folder for each test or for the program; setup also sets *state to it. */
static scratch dir;

static inline int scratch_setup(void **state)
{
    scratch_open(&dir);
    *state = &dir;
    return 0;
}

static inline int scratch_teardown(void **state)
{
    (void)state;
    scratch_close(&dir);
    return 0;
}

static inline const char *scratch_path(scratch *s, const char *name)
{
    snprintf(s->path, sizeof s->path, "%s/%s", s->folder, name);
    return s->path;
}

/* Write a file; returns its path. */
static inline const char *scratch_put(scratch *s, const char *name, const void *bytes, size_t n)
{
    FILE *f = fopen(scratch_path(s, name), "wb");
    if (!f || fwrite(bytes, 1, n, f) != n || fclose(f) != 0) abort();
    return s->path;
}

static inline const char *scratch_text(scratch *s, const char *name, const char *text)
{
    return scratch_put(s, name, text, strlen(text));
}

#endif
