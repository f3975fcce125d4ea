/* prose.h - made-up text that looks a little like English; the same seed gives the same text. */
#ifndef TESTS_PROSE_H
#define TESTS_PROSE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static inline uint32_t prose_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

/* At least n bytes; the caller frees them. */
static inline char *prose(size_t n, uint64_t seed)
{
    static const char *const PART[] = { "ba", "ren", "to",  "mi", "ing", "the", "er", "an",
                                        "lo", "qu",  "est", "ou", "ly",  "st",  "a",  "i" };
    static const char *const END[] = { " ", " ", " ", " ", ", ", ". ", ".\n", ".\n\n", "  ", "\t" };
    char *text;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    if (!f) abort();
    while ((size_t)ftell(f) < n) {
        const uint32_t parts = 1 + prose_random(&seed) % 4;
        if (prose_random(&seed) % 30 == 0) fprintf(f, "%u", prose_random(&seed) % 3000);
        for (uint32_t i = 0; i < parts; i++) fputs(PART[prose_random(&seed) % 16], f);
        fputs(END[prose_random(&seed) % 10], f);
    }
    fclose(f);
    return text;
}

#endif
