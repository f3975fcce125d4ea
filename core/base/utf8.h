/* utf8.h - UTF-8, the only encoding of texts, paths in configurations, and JSON (RFC 3629). */
#ifndef CORE_BASE_UTF8_H
#define CORE_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* How many of the n bytes, from the first on, are complete characters: n if all are. */
size_t utf8_valid(const char *bytes, size_t n);

/* Is the whole string UTF-8? */
bool utf8_is(const char *text);

/* A copy in which each byte that is no part of a character is a '?'; the caller frees it. */
char *utf8_copy(const char *text);

#endif
