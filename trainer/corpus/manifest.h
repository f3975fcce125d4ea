/* manifest.h - what a corpus folder says of itself, in manifest.json.
 *
 *     identity = SHA-256(pieces, for each split: its shard and its documents)
 *
 * Pieces, shards and documents enter as hashes of their contents, and paths do not: the same texts
 * prepared anywhere are the same corpus.  The manifest is written last, so that a folder with a
 * manifest was once whole.
 */
#ifndef TRAINER_CORPUS_MANIFEST_H
#define TRAINER_CORPUS_MANIFEST_H

#include "core/base/error.h"
#include "core/base/hash.h"

#include <stdint.h>

enum { SPLIT_TRAIN, SPLIT_VAL, SPLITS };

#define MANIFEST_FILE  "manifest.json"
#define MANIFEST_MODEL "tokenizer.model"

/* "train" and "val", and the files of their tokens. */
extern const char *const SPLIT_NAME[SPLITS];
extern const char *const SPLIT_SHARD[SPLITS];

typedef struct manifest_document {
    char *path;            /* as it was given, for people         */
    int64_t from;          /* bytes of that file that come before */
    int64_t bytes, tokens; /* BOS among the tokens                */
    char sha256[HASH_HEX]; /* of the text                         */
} manifest_document;

typedef struct manifest_split {
    int64_t bytes, tokens; /* of the text; of the shard, BOS included */
    char sha256[HASH_HEX]; /* of the shard                            */
    int n;
    manifest_document *document; /* in the order of the shard */
} manifest_split;

typedef struct manifest {
    char sha256[HASH_HEX]; /* the identity                                            */
    char model[HASH_HEX];  /* of the tokenizer's file                                 */
    char pieces[HASH_HEX]; /* of its table                                            */
    char *settings;        /* of its training; empty when the tokenizer was given     */
    int vocab_size, width; /* pieces; bytes of a token: 2 or 4                        */
    manifest_split split[SPLITS];
} manifest;

void manifest_identity(char hex[HASH_HEX], const manifest *m);

/* Fails when there is none, when it is not well-formed, or when it is not what its identity says.
 */
bool manifest_read(manifest *m, const char *folder, error *e);

/* Durably; the folder is there. */
bool manifest_write(const manifest *m, const char *folder, error *e);

void manifest_close(manifest *m);

/* "folder/name"; the caller frees it. */
char *manifest_path(const char *folder, const char *name);

#endif
