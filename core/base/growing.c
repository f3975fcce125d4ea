/* growing.c - texts that are written to a stream, and lists whose room doubles at powers of two. */
#include "core/base/growing.h"

#include "core/base/error.h"

#include <stdlib.h>

void growing_open(growing *words)
{
    words->f = open_memstream(&words->text, &words->size);
    if (!words->f) error_memory();
}

char *growing_close(growing *words)
{
    if (fclose(words->f) != 0) error_memory();
    return words->text;
}

void *growing_list(void *list, int n, size_t size)
{
    if (n & (n - 1)) return list;
    list = realloc(list, 2 * ((size_t)n + 1) * size);
    if (!list) error_memory();
    return list;
}
