/* utf8.c - see utf8.h. */
#include "trainer/corpus/utf8.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Bytes of the character at s, of which n are there; 0 when it is none. */
static size_t character(const unsigned char *s, size_t n)
{
    const unsigned first = s[0];
    const size_t length = first < 0x80                     ? 1
                          : first >= 0xc2 && first <= 0xdf ? 2
                          : (first & 0xf0) == 0xe0         ? 3
                          : first >= 0xf0 && first <= 0xf4 ? 4
                                                           : 0;
    if (length > n) return 0;
    for (size_t i = 1; i < length; i++)
        if ((s[i] & 0xc0) != 0x80) return 0;
    const bool wrong = length > 1 && ((first == 0xe0 && s[1] < 0xa0) || /* overlong      */
                                      (first == 0xed && s[1] > 0x9f) || /* surrogate     */
                                      (first == 0xf0 && s[1] < 0x90) || /* overlong      */
                                      (first == 0xf4 && s[1] > 0x8f));  /* above 10FFFF */
    return wrong ? 0 : length;
}

size_t utf8_valid(const char *text, size_t n)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t at = 0;
    while (at < n) {
        uint64_t eight;
        if (n - at >= sizeof eight) { /* ASCII, eight at a time */
            memcpy(&eight, s + at, sizeof eight);
            if (!(eight & 0x8080808080808080u)) {
                at += sizeof eight;
                continue;
            }
        }
        const size_t length = character(s + at, n - at);
        if (!length) return at;
        at += length;
    }
    return n;
}
