/* corpus.h - a corpus folder: token shards of two splits, the tokenizer, and a manifest.
 *
 * Each file given to `prepare` is one document: encoded whole, BOS in front, nothing behind.  The
 * corpus is known by its content: SHA-256 over the piece table of the tokenizer, the shards and the
 * split table.
 */
#ifndef TRAINER_CORPUS_CORPUS_H
#define TRAINER_CORPUS_CORPUS_H

#include "core/base/error.h"
#include "core/base/hash.h"

#include <stdint.h>

typedef enum corpus_part {
    CORPUS_MANIFEST, /* sizes and hash, as the manifest says: enough to plan */
    CORPUS_WHOLE,    /* tokens too, every shard checked against its hash     */
} corpus_part;

typedef struct corpus_split {
    int64_t n_tokens, n_bytes; /* BOS included; bytes of the text */
    int width;                 /* bytes of a token: 2 or 4        */
    const void *tokens;        /* NULL where only the manifest was read */
} corpus_split;

typedef struct corpus {
    char *path; /* absolute */
    char sha256[HASH_HEX];
    int vocab_size, bos; /* bos: -1 where only the manifest was read */
    corpus_split train, val;
    uint16_t *piece_bytes; /* (V) bytes a piece decodes to; NULL where only the manifest was read */
    uint8_t *piece_blank;  /* (V) 1 where it begins with the blank put in front of documents     */
    void *memory;
} corpus;

/* Fails on a folder, manifest or shard that is missing, truncated or changed, saying which. */
bool corpus_open(corpus *c, const char *path, corpus_part part, error *e);
void corpus_close(corpus *c);

/* out (n) = tokens from..from+n-1 of the split. */
void corpus_read(int32_t *out, const corpus_split *s, int64_t from, int64_t n);

/* Bytes of text that `token` adds where it follows `before`: after BOS the blank that the tokenizer
 * puts in front of a document is none of its text. */
int corpus_token_bytes(const corpus *c, int32_t token, int32_t before);

#endif
