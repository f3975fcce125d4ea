/* growing.h - texts and lists that grow piece by piece in memory.
 *
 *     growing words;
 *     growing_open(&words);
 *     fprintf(words.f, "%d runs", runs);
 *     char *text = growing_close(&words);
 *
 * Both are small, so they call error_memory if memory runs out.
 */
#ifndef CORE_BASE_GROWING_H
#define CORE_BASE_GROWING_H

#include <stdio.h>

typedef struct growing {
    FILE *f; /* what is written here becomes the text */
    char *text;
    size_t size;
} growing;

void growing_open(growing *words);

/* The text, never NULL; the caller frees it. */
char *growing_close(growing *words);

/* The list with room for one more than its n elements of `size` bytes; call it for each element
 * that is added. */
void *growing_list(void *list, int n, size_t size);

#endif
