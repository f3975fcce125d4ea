/* tokenizer.h - text to pieces and back: byte-pair encoding with Llama's settings.
 *
 *     text = the bytes of its pieces, one after the other, without the blank in front
 *
 * Pieces are learned by SentencePiece as those of Llama 2 were: digits stand alone, what has no
 * piece falls back to its bytes, nothing is normalised, blanks are kept (U+2581 inside a piece) and
 * one is put in front of a document (Touvron et al. 2023, section 2.2; tokenizer.model of the
 * release).  A tokenizer is known by its table of pieces, not by its file.
 */
#ifndef TRAINER_CORPUS_TOKENIZER_H
#define TRAINER_CORPUS_TOKENIZER_H

#include "core/base/error.h"
#include "core/base/hash.h"
#include "trainer/corpus/sentencepiece.h"

#include <stddef.h>
#include <stdint.h>

enum {
    TOKENIZER_LINE = 4192,             /* bytes: SentencePiece skips longer lines in training */
    TOKENIZER_VOCAB_MIN = 3 + 256 + 1, /* unknown, BOS, EOS, every byte, one character     */
    TOKENIZER_VOCAB_MAX = 1000000,     /* pieces that can be asked for                        */
};

typedef struct tokenizer {
    sp *model;
    int V, bos;
    bool prefixed;         /* a blank is put in front of a document                  */
    bool apart;            /* no piece goes on over a blank: blanks are seams        */
    char *bytes;           /* what the pieces decode to, one after the other         */
    size_t *at;            /* (V + 1) where each begins                              */
    uint8_t *blank;        /* (V) 1 where one begins with the blank put in front     */
    char sha256[HASH_HEX]; /* of the table: id, type, score and text of every piece  */
} tokenizer;

/* A piece of memory with text in it, of which nothing is owned. */
typedef struct tokenizer_text {
    const char *text;
    size_t n;
} tokenizer_text;

/* Learn vocab_size pieces from n texts (UTF-8 without zero bytes); *model is the file, for
 * tokenizer_open and for SentencePiece's own tools, and the caller frees it.  The same texts give
 * the same bytes.  Fails when the texts support fewer pieces or need more, naming the number. */
bool tokenizer_train(char **model, size_t *bytes, const tokenizer_text *texts, int n,
                     int vocab_size, error *e);

/* The settings of that training, in words, for the record; the caller frees them. */
char *tokenizer_settings(int vocab_size);

/* From the bytes of a model file.  Fails on what is none, and on one without BOS. */
bool tokenizer_open(tokenizer *t, const char *model, size_t bytes, error *e);
void tokenizer_close(tokenizer *t);

/* The *n pieces of a whole document, BOS not among them; the caller frees *ids. */
bool tokenizer_encode(int32_t **ids, size_t *n, const tokenizer *t, const char *text, size_t bytes,
                      error *e);

/* The *n bytes that `token` adds where it follows `before` (t->bos at the start of a document). */
const char *tokenizer_bytes(const tokenizer *t, int32_t token, int32_t before, size_t *n);

/* Do the n pieces of a document give back all of its text and nothing else?  Where not, *where is
 * the first byte that differs. */
bool tokenizer_restores(size_t *where, const tokenizer *t, const int32_t *ids, size_t n,
                        const char *text, size_t bytes);

/* The next line for training out of *text, which moves on: at most TOKENIZER_LINE bytes, cut at a
 * blank if there is one, else between characters.  False at the end. */
bool tokenizer_line(tokenizer_text *line, tokenizer_text *text);

#endif
