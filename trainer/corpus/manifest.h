/* manifest.h - the description of a corpus, stored in its folder as manifest.json.
 *
 *     identity = SHA-256(pieces, for each split: its shard and its documents)
 *
 * Pieces, shards and documents enter as hashes of their content.  Paths do not enter, so the same
 * texts prepared anywhere are the same corpus.  The manifest is written last: a folder whose
 * manifest doesn't say that it is incomplete was complete at that time.
 *
 * A run needs no table of documents, which may be long; so it is a file of its own,
 * documents.jsonl, and the manifest has its hash.  (Format 1 had the table in the manifest, and is
 * still read.)
 *
 * A corpus may have masks: a byte for each token of a shard, 1 if the token counts as a target.  It
 * may have no tokenizer: then its tokens stand for no text, and 1 is BOS.  The manifest of such a
 * corpus has format 3, which older versions refuse; others still have format 2.
 */
#ifndef TRAINER_CORPUS_MANIFEST_H
#define TRAINER_CORPUS_MANIFEST_H

#include "core/base/error.h"
#include "core/base/hash.h"

#include <stdint.h>

enum { SPLIT_TRAIN, SPLIT_VAL, SPLITS };

#define MANIFEST_FILE  "manifest.json"
#define MANIFEST_MODEL "tokenizer.model"
#define MANIFEST_TABLE "documents.jsonl"

enum { MANIFEST_BOS = 1 }; /* the token BOS where there is no tokenizer */

/* "train" and "val", and the names of their shards and masks. */
extern const char *const SPLIT_NAME[SPLITS];
extern const char *const SPLIT_SHARD[SPLITS];
extern const char *const SPLIT_MASK[SPLITS];

typedef struct manifest_document {
    char *path;            /* of its file, as given on the command line    */
    int64_t from;          /* where the document begins in the file, bytes */
    int64_t bytes, tokens; /* of the text; its tokens, BOS included        */
    char sha256[HASH_HEX]; /* of the text                                  */
} manifest_document;

typedef struct manifest_split {
    int64_t bytes, tokens;       /* of the text; of the shard, BOS included */
    char sha256[HASH_HEX];       /* of the shard                            */
    int n;                       /* documents                               */
    manifest_document *document; /* (n) in the order of the shard; NULL if only sizes were read */
    char mask[HASH_HEX];         /* of the mask; empty if there is none     */
    int64_t targets;             /* tokens that the mask counts             */
} manifest_split;

typedef struct manifest {
    char sha256[HASH_HEX]; /* the identity                              */
    char model[HASH_HEX];  /* SHA-256 of the tokenizer's file; empty: no tokenizer */
    char pieces[HASH_HEX]; /* SHA-256 of its table of pieces; empty likewise       */
    char *settings;        /* how it was trained; empty if it was given */
    char *holdout;         /* how the held-out text was chosen          */
    bool one_space;        /* white space was normalized                */
    char *generated;       /* what made it; NULL: text made by people   */
    int item_tokens;       /* each item takes so many tokens; 0: it has no items */
    int vocab_size, width; /* pieces; bytes of a token: 2 or 4          */
    manifest_split split[SPLITS];
} manifest;

/* Does it have a mask, or no tokenizer? */
bool manifest_is_special(const manifest *m);

/* The identity of the corpus that m describes. */
void manifest_identity(char hex[HASH_HEX], const manifest *m);

typedef enum manifest_part { MANIFEST_SIZES, MANIFEST_WHOLE } manifest_part;

/* Read the manifest in a folder, with or without the table of documents; the caller closes it.
 * Fails if there is none, if it is incomplete or not well-formed, or if its content does not match
 * its hash and, with the table, its identity. */
bool manifest_read(manifest *m, const char *folder, manifest_part part, error *e);

/* Does the folder have a manifest of attnlab's, and is that of a complete corpus? */
typedef enum manifest_state { MANIFEST_NONE, MANIFEST_BEGUN, MANIFEST_COMPLETE } manifest_state;
manifest_state manifest_look(const char *folder);

/* Write a manifest that says that the corpus is incomplete. */
bool manifest_begin(const char *folder, error *e);

/* Write the table and then the manifest into an existing folder and flush them to disk. */
bool manifest_write(const manifest *m, const char *folder, error *e);

void manifest_close(manifest *m);

#endif
