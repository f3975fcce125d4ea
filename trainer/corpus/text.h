/* text.h - text files of the user: checked, hashed, and split where a line or a word begins.
 *
 * A text that was opened is UTF-8 (RFC 3629), is not blank, and can be restored from its tokens.
 */
#ifndef TRAINER_CORPUS_TEXT_H
#define TRAINER_CORPUS_TEXT_H

#include "core/base/error.h"
#include "core/base/hash.h"

#include <stddef.h>

/* A document: a file, or a part of one. */
typedef struct text {
    const char *path;      /* as given, not owned                                      */
    char *memory;          /* the whole file, owned; NULL in a text that was split off */
    const char *bytes;     /* (n) the document                                         */
    size_t n, from;        /* its bytes; where it begins in the file                   */
    char sha256[HASH_HEX]; /* of the document                                          */
} text;

/* Read a file.  Fails if it cannot be read, is blank, is not UTF-8, or has characters that a
 * tokenizer could not restore (zero bytes, U+2581); the message names the byte and the line. */
bool text_open(text *t, const char *path, error *e);
void text_close(text *t);

/* Split about the last `fraction` of t off into `tail`, which uses t's memory.  The cut is where
 * the next line begins; if none does, at the next word, else at a character.  Returns false and
 * changes nothing if one of the two would be blank. */
bool text_split(text *t, text *tail, double fraction);

/* The line, counted from 1, of byte `at` (0 <= at <= n). */
size_t text_line(const text *t, size_t at);

#endif
