/* utf8.h - is it UTF-8?  (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.) */
#ifndef TRAINER_CORPUS_UTF8_H
#define TRAINER_CORPUS_UTF8_H

#include <stddef.h>

/* How many of the n bytes, from the first on, are whole characters of UTF-8: n when all are. */
size_t utf8_valid(const char *text, size_t n);

#endif
