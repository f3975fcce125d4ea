/* text.h - text that the user gives: whole files of UTF-8, and where something is in them. */
#ifndef TRAINER_CORPUS_TEXT_H
#define TRAINER_CORPUS_TEXT_H

#include "core/base/error.h"
#include "core/base/hash.h"

#include <stddef.h>

/* A document: a file, or a part of one. */
typedef struct text {
    const char *path; /* as given, not owned */
    char *memory;     /* the whole file; NULL in the text that was split off */
    const char *bytes;
    size_t n, from; /* bytes; how many of the file come before them */
    char sha256[HASH_HEX];
} text;

/* Fails on what cannot be read, has nothing but blanks in it, is not UTF-8, or could not be given
 * back by a tokenizer (zero bytes, U+2581), naming the byte and the line. */
bool text_open(text *t, const char *path, error *e);
void text_close(text *t);

/* Split the last `fraction` of t off, where a line begins (or, in the last one, a word); false, and
 * nothing done, when one of the two would be blank.  `tail` lives as long as t. */
bool text_split(text *t, text *tail, double fraction);

/* The line, from 1, that byte `at` of the text is in. */
size_t text_line(const text *t, size_t at);

#endif
