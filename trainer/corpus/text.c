/* text.c - reads and checks text files, and recognizes UTF-8.
 *
 * RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.  Text must be restored from
 * its tokens byte for byte; SentencePiece cannot do so for zero bytes, and it writes a space as
 * U+2581.
 */
#include "trainer/corpus/text.h"

#include "core/base/file.h"
#include "core/base/utf8.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

size_t text_line(const text *t, size_t at)
{
    size_t line = 1;
    const char *end = t->bytes + at;
    for (const char *s = t->bytes; (s = memchr(s, '\n', (size_t)(end - s))); s++) line++;
    return line;
}

static bool is_blank(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!strchr(" \t\r\n\v\f", s[i])) return false;
    return true;
}

static bool check(const text *t, error *e)
{
    static const char MARK[] = "\xe2\x96\x81";
    if (t->n == 0) return error_set(e, "%s: the file is empty", t->path);
    const size_t valid = utf8_valid(t->bytes, t->n);
    if (valid < t->n)
        return error_set(
            e,
            "%s: byte %zu (line %zu) is not UTF-8 (0x%02x): convert the file to UTF-8, "
            "for example with iconv",
            t->path, valid, text_line(t, valid), (unsigned char)t->bytes[valid]);
    const char *zero = memchr(t->bytes, '\0', t->n);
    if (zero) {
        const size_t at = (size_t)(zero - t->bytes);
        return error_set(e, "%s: byte %zu (line %zu) is zero: the file is not plain text", t->path,
                         at, text_line(t, at));
    }
    const char *mark = strstr(t->bytes, MARK); /* file_read puts a 0 behind the file */
    if (mark) {
        const size_t at = (size_t)(mark - t->bytes);
        return error_set(e,
                         "%s: byte %zu (line %zu) is U+2581, which SentencePiece would turn into a "
                         "space: replace this character",
                         t->path, at, text_line(t, at));
    }
    return !is_blank(t->bytes, t->n) || error_set(e, "%s: the file has only blanks in it", t->path);
}

bool text_open(text *t, const char *path, error *e)
{
    *t = (text){ .path = path };
    if (!file_read(&t->memory, &t->n, path, PTRDIFF_MAX / 16, e)) return false;
    t->bytes = t->memory;
    if (!check(t, e)) {
        text_close(t);
        return false;
    }
    hash_bytes(t->sha256, t->bytes, t->n);
    return true;
}

void text_close(text *t)
{
    free(t->memory);
    *t = (text){ 0 };
}

bool text_split(text *t, text *tail, double fraction)
{
    size_t at = t->n - (size_t)(fraction * (double)t->n);
    for (const char *seam = "\n "; *seam; seam++) {
        const char *end = memchr(t->bytes + at, *seam, t->n - at);
        if (!end || is_blank(end, t->n - (size_t)(end - t->bytes))) continue;
        at = (size_t)(end + 1 - t->bytes);
        break;
    }
    while (at < t->n && ((unsigned char)t->bytes[at] & 0xc0) == 0x80) at++;
    if (is_blank(t->bytes, at) || is_blank(t->bytes + at, t->n - at)) return false;
    *tail = (text){ .path = t->path, .bytes = t->bytes + at, .n = t->n - at, .from = at };
    t->n = at;
    hash_bytes(t->sha256, t->bytes, t->n);
    hash_bytes(tail->sha256, tail->bytes, tail->n);
    return true;
}
