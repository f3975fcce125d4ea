/* text.c - see text.h. */
#include "trainer/corpus/text.h"

#include "core/base/file.h"
#include "trainer/corpus/utf8.h"

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
    if (t->n == 0) return error_set(e, "%s: is empty", t->path);
    const size_t valid = utf8_valid(t->bytes, t->n);
    if (valid < t->n)
        return error_set(e,
                         "%s: byte %zu (line %zu) is not UTF-8 (0x%02x): convert the file first, "
                         "with iconv for instance",
                         t->path, valid, text_line(t, valid), (unsigned char)t->bytes[valid]);
    const char *zero = memchr(t->bytes, '\0', t->n);
    if (zero) {
        const size_t at = (size_t)(zero - t->bytes);
        return error_set(e, "%s: byte %zu (line %zu) is zero: this is no plain text", t->path, at,
                         text_line(t, at));
    }
    const char *mark = strstr(t->bytes, MARK); /* a file read ends in a zero */
    if (mark) {
        const size_t at = (size_t)(mark - t->bytes);
        return error_set(e,
                         "%s: byte %zu (line %zu) is U+2581, with which SentencePiece writes a "
                         "blank, so that it would come back as one: replace it",
                         t->path, at, text_line(t, at));
    }
    return is_blank(t->bytes, t->n) ? error_set(e, "%s: has nothing but blanks in it", t->path)
                                    : true;
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
