/* corpus.h - a corpus folder: the tokens of two splits (train, val), the tokenizer, and a manifest.
 *
 * Each file given to `prepare` is one document.  A shard holds the tokens of a split:
 *
 *     shard = BOS, document 1, BOS, document 2, ...
 *
 * A corpus is identified by its content: SHA-256 over the tokenizer's table of pieces, the shards
 * and the table of documents (manifest.h).
 */
#ifndef TRAINER_CORPUS_CORPUS_H
#define TRAINER_CORPUS_CORPUS_H

#include "core/base/error.h"
#include "core/base/hash.h"

#include <stdint.h>

typedef enum corpus_part {
    CORPUS_MANIFEST, /* only the sizes and the identity in the manifest: enough to plan */
    CORPUS_WHOLE,    /* also the tokens; every file is checked against its hash         */
} corpus_part;

typedef struct corpus_split {
    int64_t n_tokens, n_bytes; /* tokens, BOS included; bytes of the text        */
    int width;                 /* bytes of a token: 2 or 4                       */
    const void *tokens;        /* (n_tokens); NULL if only the manifest was read */
    const uint8_t *mask;       /* (n_tokens) 1: it counts as a target; NULL: all do */
} corpus_split;

/* What a corpus has no tokenizer for is no text: its pieces have no bytes. */
typedef struct corpus {
    char *path;            /* absolute                                           */
    char sha256[HASH_HEX]; /* the identity                                       */
    int vocab_size, bos;   /* V; the token BOS, -1 if only the manifest was read */
    int item_tokens;       /* tokens of an item, if a generator made it; else 0  */
    corpus_split train, val;
    uint16_t *piece_bytes; /* (V) bytes of a piece; NULL if only the manifest was read */
    uint8_t *piece_blank;  /* (V) 1 if it may begin with a document's added space      */
} corpus;

/* Open the corpus in a folder.  Fails if the folder, the manifest or another file is missing, cut
 * short or changed; the message names it. */
bool corpus_open(corpus *c, const char *path, corpus_part part, error *e);
void corpus_close(corpus *c);

/* out (n) = tokens from, ..., from + n - 1 of a split that was read whole. */
void corpus_read(int32_t *out, const corpus_split *s, int64_t from, int64_t n);

/* Does token `at` count when it is to be predicted? */
bool corpus_counts(const corpus_split *s, int64_t at);

/* Bytes of text that `token` adds after the token `before`.  After BOS, the space that the
 * tokenizer puts in front of a document does not count as text. */
int corpus_token_bytes(const corpus *c, int32_t token, int32_t before);

#endif
