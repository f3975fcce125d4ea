/* text.c - checks, normalizes and cuts documents.
 *
 * Text must be restored from its tokens byte for byte; SentencePiece cannot do so for zero bytes,
 * and it writes a space as U+2581.
 */
#define _GNU_SOURCE /* memmem */
#include "trainer/corpus/text.h"

#include "core/base/utf8.h"

#include <stdio.h>
#include <string.h>

/* A cut may be this far from where it was wanted, as a part of the document; or this many bytes,
 * which are a few lines, in a document that is short. */
static const double FAR = 0.01;
enum { FAR_BYTES = 256 };

void text_place(char *out, size_t size, const text *t, size_t at)
{
    if (t->line) {
        snprintf(out, size, "line %zu, byte %zu of its text", t->line, at);
        return;
    }
    size_t line = 1;
    const char *end = t->bytes + at;
    for (const char *s = t->bytes - t->from; (s = memchr(s, '\n', (size_t)(end - s))); s++) line++;
    snprintf(out, size, "byte %zu (line %zu)", t->from + at, line);
}

bool text_blank(const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!strchr(" \t\r\n\v\f", bytes[i]) || !bytes[i]) return false;
    return true;
}

bool text_check(const text *t, error *e)
{
    static const char MARK[] = "\xe2\x96\x81";
    char place[96];
    if (t->n == 0) return error_set(e, "%s: the file is empty", t->path);
    const size_t valid = utf8_valid(t->bytes, t->n);
    if (valid < t->n) {
        text_place(place, sizeof place, t, valid);
        return error_set(e,
                         "%s: %s is not UTF-8 (0x%02x): convert the file to UTF-8, for example "
                         "with iconv",
                         t->path, place, (unsigned char)t->bytes[valid]);
    }
    const char *zero = memchr(t->bytes, '\0', t->n);
    if (zero) {
        text_place(place, sizeof place, t, (size_t)(zero - t->bytes));
        return error_set(e, "%s: %s is zero: the file is not plain text", t->path, place);
    }
    const char *mark = memmem(t->bytes, t->n, MARK, strlen(MARK));
    if (mark) {
        text_place(place, sizeof place, t, (size_t)(mark - t->bytes));
        return error_set(e,
                         "%s: %s is U+2581, which SentencePiece would turn into a space: replace "
                         "this character",
                         t->path, place);
    }
    return !text_blank(t->bytes, t->n) ||
           error_set(e, "%s: the file has only blanks in it", t->path);
}

void text_hash(text *t)
{
    hash_bytes(t->sha256, t->bytes, t->n);
}

/* Bytes of the blank at s, which has n bytes: 0 if it begins with none. */
static size_t blank_length(const char *s, size_t n)
{
    if (*s == ' ' || *s == '\t' || *s == '\v' || *s == '\f') return 1;
    return n >= 2 && memcmp(s, "\xc2\xa0", 2) == 0 ? 2 : 0;
}

void text_one_space(text *t)
{
    size_t out = 0, ends = 0; /* ends: of lines, since the last character */
    bool gap = false;         /* a blank since then                       */
    for (size_t at = 0; at < t->n;) {
        const size_t blank = blank_length(t->bytes + at, t->n - at);
        if (blank) {
            gap = true, at += blank;
        } else if (t->bytes[at] == '\n' || t->bytes[at] == '\r') {
            const bool two = t->bytes[at] == '\r' && at + 1 < t->n && t->bytes[at + 1] == '\n';
            ends++, gap = false, at += 1 + two;
        } else {
            for (size_t i = 0; out > 0 && i < ends && i < 2; i++) t->bytes[out++] = '\n';
            if (gap && ends == 0 && out > 0) t->bytes[out++] = ' ';
            t->bytes[out++] = t->bytes[at++];
            ends = 0, gap = false;
        }
    }
    if (ends > 0 && out > 0) t->bytes[out++] = '\n';
    t->n = out;
}

/* Where a sentence begins in the n bytes at s: behind its end and the space; n if none does. */
static size_t find_sentence(const char *s, size_t n)
{
    for (size_t i = 0; i + 1 < n; i++)
        if (strchr(".!?", s[i]) && s[i] && s[i + 1] == ' ') return i + 2;
    return n;
}

size_t text_seam(const text *t, size_t at, size_t most)
{
    const char *s = t->bytes + at;
    const size_t n = most < t->n - at ? most : t->n - at;
    const char *line = memchr(s, '\n', n), *word = memchr(s, ' ', n);
    const size_t sentence = find_sentence(s, n);
    if (line) return at + (size_t)(line - s) + 1;
    if (sentence < n) return at + sentence;
    if (word) return at + (size_t)(word - s) + 1;
    while (at < t->n && ((unsigned char)t->bytes[at] & 0xc0) == 0x80) at++;
    return at;
}

text text_part(const text *t, size_t from, size_t to)
{
    text part = *t;
    part.bytes = t->bytes + from, part.n = to - from;
    if (!t->line) part.from = t->from + from;
    text_hash(&part);
    return part;
}

bool text_split(text *t, text *tail, double fraction)
{
    const size_t wanted = (size_t)(fraction * (double)t->n);
    size_t most = (size_t)(FAR * (double)t->n);
    if (most < FAR_BYTES) most = FAR_BYTES;
    if (most > wanted / 2) most = wanted / 2;
    const size_t at = text_seam(t, t->n - wanted, most);
    if (text_blank(t->bytes, at) || text_blank(t->bytes + at, t->n - at)) return false;
    *tail = text_part(t, at, t->n);
    *t = text_part(t, 0, at);
    return true;
}
