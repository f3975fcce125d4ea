/* tokenizer.h - text to pieces and back: byte-pair encoding with Llama 2's settings.
 *
 *     text = the bytes of its pieces, concatenated, without the space added in front
 *
 * SentencePiece learns the pieces with the settings of Llama 2: digits are split, characters
 * without a piece fall back to their bytes, text is not normalized, spaces are kept (U+2581 inside
 * a piece), and one is added in front of a document (Touvron et al., Llama 2, 2023, section 2.2;
 * tokenizer.model of the release).  A tokenizer is identified by its table of pieces, not by its
 * file.
 */
#ifndef TRAINER_CORPUS_TOKENIZER_H
#define TRAINER_CORPUS_TOKENIZER_H

#include "core/base/error.h"
#include "core/base/hash.h"
#include "trainer/corpus/sentencepiece.h"

#include <stddef.h>
#include <stdint.h>

enum {
    TOKENIZER_LINE = 4192,             /* bytes; SentencePiece skips longer lines in training */
    TOKENIZER_VOCAB_MIN = 3 + 256 + 1, /* unknown, BOS, EOS, every byte, one character        */
    TOKENIZER_VOCAB_MAX = 1000000,     /* a sanity limit                                      */
};

typedef struct tokenizer {
    sp *model;
    int V, bos;            /* pieces; the piece that marks the beginning of a document */
    int eos;               /* the piece that marks the end of a text; -1: none         */
    bool prefixed;         /* a space is added in front of a document                  */
    bool apart;            /* no piece has a space after another character             */
    char *bytes;           /* (at[V]) what the pieces decode to, concatenated          */
    size_t *at;            /* (V + 1) where each piece begins in `bytes`               */
    uint8_t *blank;        /* (V) 1 if the piece may begin with the added space        */
    char sha256[HASH_HEX]; /* of the table: id, type, score and text of every piece    */
} tokenizer;

/* Text in memory that someone else owns. */
typedef struct tokenizer_text {
    const char *text;
    size_t n;
} tokenizer_text;

/* Learn vocab_size pieces from texts (n), UTF-8 without zero bytes.  *model are the *bytes of a
 * model file, for tokenizer_open and SentencePiece's own tools; the caller frees it.  The same
 * texts give the same bytes.  Fails if the texts support fewer pieces or need more; the message
 * gives the number. */
bool tokenizer_train(char **model, size_t *bytes, const tokenizer_text *texts, int n,
                     int vocab_size, error *e);

/* The settings of that training as text, for the manifest; the caller frees it. */
char *tokenizer_settings(int vocab_size);

/* Open a tokenizer from the bytes of a model file.  Fails if they are not a model, or if the model
 * has no BOS. */
bool tokenizer_open(tokenizer *t, const char *model, size_t bytes, error *e);
void tokenizer_close(tokenizer *t);

/* The *n pieces of a whole document, without BOS; the caller frees *ids. */
bool tokenizer_encode(int32_t **ids, size_t *n, const tokenizer *t, const char *text, size_t bytes,
                      error *e);

/* The *n bytes of text that `token` adds after the token `before` (t->bos at the start of a
 * document); owned by t. */
const char *tokenizer_bytes(const tokenizer *t, int32_t token, int32_t before, size_t *n);

/* Do the n pieces of a document decode to exactly its text?  If not, *where is the first byte that
 * differs. */
bool tokenizer_restores(size_t *where, const tokenizer *t, const int32_t *ids, size_t n,
                        const char *text, size_t bytes);

/* Take the next line for training from *text, which is advanced.  A line has at most TOKENIZER_LINE
 * bytes; a longer one is cut at a space if it has one, else between characters.  False at the end.
 */
bool tokenizer_line(tokenizer_text *line, tokenizer_text *text);

#endif
