/* utf8.c - recognizes UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF.
 */
#include "core/base/utf8.h"

#include "core/base/error.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Length in bytes of the UTF-8 character at s, which has n bytes; 0 if there is none. */
static size_t character_length(const unsigned char *s, size_t n)
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
    const bool wrong = length > 1 && ((first == 0xe0 && s[1] < 0xa0) || /* overlong     */
                                      (first == 0xed && s[1] > 0x9f) || /* surrogate    */
                                      (first == 0xf0 && s[1] < 0x90) || /* overlong     */
                                      (first == 0xf4 && s[1] > 0x8f));  /* above 10FFFF */
    return wrong ? 0 : length;
}

size_t utf8_valid(const char *bytes, size_t n)
{
    const unsigned char *s = (const unsigned char *)bytes;
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
        const size_t length = character_length(s + at, n - at);
        if (!length) return at;
        at += length;
    }
    return n;
}

bool utf8_is(const char *text)
{
    const size_t n = strlen(text);
    return utf8_valid(text, n) == n;
}

char *utf8_copy(const char *text)
{
    char *copy = strdup(text);
    if (!copy) error_memory();
    const size_t n = strlen(copy);
    for (size_t at = 0; (at += utf8_valid(copy + at, n - at)) < n;) copy[at] = '?';
    return copy;
}
