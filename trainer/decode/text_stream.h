/* text_stream.h - bytes of text that arrive in pieces, written as whole characters.
 *
 * A token may be a single byte of a character.  Such bytes are held back until the character is
 * complete, so whatever has been written at any moment is UTF-8 (RFC 3629).  Bytes that cannot
 * become a character are written as U+FFFD, one for each, and so is a NUL.
 */
#ifndef TRAINER_DECODE_TEXT_STREAM_H
#define TRAINER_DECODE_TEXT_STREAM_H

#include <stddef.h>
#include <stdio.h>

typedef struct text_stream {
    FILE *out;
    char held[4]; /* the beginning of a character */
    size_t n;
} text_stream;

/* Write what `bytes` (n) complete; errors stay in `out`. */
void text_stream_put(text_stream *s, const char *bytes, size_t n);

/* Write what is held; at the end of the text. */
void text_stream_end(text_stream *s);

#endif
