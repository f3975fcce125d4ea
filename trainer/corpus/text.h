/* text.h - one document: checked, hashed, normalized if asked for, and cut where a reader would.
 *
 * A text that was checked is UTF-8 (RFC 3629), is not blank, and can be restored from its tokens.
 */
#ifndef TRAINER_CORPUS_TEXT_H
#define TRAINER_CORPUS_TEXT_H

#include "core/base/error.h"
#include "core/base/hash.h"

#include <stddef.h>

/* A document: a file, or a part of one.  It owns nothing.  Unless it is a string of JSON, the file
 * begins at bytes - from. */
typedef struct text {
    const char *path;      /* of the file, as given                                     */
    char *bytes;           /* (n) the document                                          */
    size_t n, from;        /* its bytes; where it begins in the file                    */
    size_t line;           /* of a string of JSON: its line in the file, from 1; else 0 */
    char sha256[HASH_HEX]; /* of the document; text_hash fills it in                    */
} text;

/* Fails if the document is blank, is not UTF-8, or has characters that a tokenizer could not
 * restore (zero bytes, U+2581); the message names the byte and the line. */
bool text_check(const text *t, error *e);

/* Is there nothing but white space? */
bool text_blank(const char *bytes, size_t n);

/* Typesetting out, in place: runs of spaces, tabs and no-break spaces become one space, none is
 * left at the ends of a line, a line ends in \n alone, and two empty lines or more become one. */
void text_one_space(text *t);

/* Hash a document whose bytes are final. */
void text_hash(text *t);

/* The first place from `at` on where t may be cut, at most `most` bytes further: where a line
 * begins; if none does, a sentence; else a word; else the next character. */
size_t text_seam(const text *t, size_t at, size_t most);

/* The part of t from byte `from` to byte `to` as a document, hashed. */
text text_part(const text *t, size_t from, size_t to);

/* Split about the last `fraction` of t off into `tail`.  The tail is never less than half of that.
 * Returns false and changes nothing if one of the two would be blank. */
bool text_split(text *t, text *tail, double fraction);

/* "byte 5 (line 2)" of the file, for byte `at` of the document (0 <= at <= n). */
void text_place(char *out, size_t size, const text *t, size_t at);

#endif
