/* text_stream.c - at most the first three bytes of a character are ever held.
 *
 * What is held is either complete, or can still become a character, or begins with a byte that
 * cannot.  utf8_valid tells the first; filling up with every possible continuation tells the
 * second from the third.
 */
#include "trainer/decode/text_stream.h"

#include "core/base/utf8.h"

#include <stdbool.h>
#include <string.h>

static const char REPLACEMENT[] = "\xef\xbf\xbd";

/* Could the n bytes, which are no whole character, become one?  The second byte may have a smaller
 * range than the others (E0, ED, F0, F4), so both of its ends are tried. */
static bool may_become(const char *bytes, size_t n)
{
    static const char END[] = { '\x80', '\xbf' };
    for (size_t length = n + 1; length <= 4; length++)
        for (int end = 0; end < 2; end++) {
            char whole[4];
            memcpy(whole, bytes, n);
            memset(whole + n, END[end], length - n);
            if (utf8_valid(whole, length) == length) return true;
        }
    return false;
}

void text_stream_put(text_stream *s, const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        s->held[s->n++] = bytes[i];
        while (s->n > 0) {
            if (s->held[0] != '\0' && utf8_valid(s->held, s->n) == s->n) {
                fwrite(s->held, 1, s->n, s->out);
                s->n = 0;
            } else if (s->held[0] != '\0' && s->n < sizeof s->held && may_become(s->held, s->n))
                break;
            else {
                fputs(REPLACEMENT, s->out);
                memmove(s->held, s->held + 1, --s->n);
            }
        }
    }
}

void text_stream_end(text_stream *s)
{
    for (; s->n > 0; s->n--) fputs(REPLACEMENT, s->out);
}
