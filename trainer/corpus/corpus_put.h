/* corpus_put.h - what a corpus consists of while it is in memory, and how it gets into its folder.
 *
 * Whatever makes a corpus (text, generators) fills in shards and a manifest, and leaves the rest to
 * corpus_put.
 */
#ifndef TRAINER_CORPUS_CORPUS_PUT_H
#define TRAINER_CORPUS_CORPUS_PUT_H

#include "core/base/error.h"
#include "trainer/corpus/manifest.h"

/* The tokens of a split, and its mask. */
typedef struct corpus_shard {
    char *bytes;            /* (n) the tokens, each of 2 or 4 bytes     */
    uint8_t *mask;          /* (tokens) 1: it counts as a target; or NULL */
    size_t n, tokens, room; /* room: in tokens                  */
} corpus_shard;

/* Append n tokens of `width` bytes; counts (n) is their mask, NULL throughout if there is none. */
bool corpus_shard_add(corpus_shard *s, const int32_t *ids, const uint8_t *counts, size_t n,
                      int width, error *e);
void corpus_shard_close(corpus_shard *s);

/* The files of a corpus, all in memory. */
typedef struct corpus_files {
    const char *model; /* the tokenizer's file; NULL: there is none */
    size_t model_bytes;
    const corpus_shard *shard; /* (SPLITS) */
} corpus_files;

/* Is the corpus in the folder `out` already?  If it was and is damaged, *there is false and *why
 * says how it is damaged.  Fails if the folder holds another corpus and `force` is off, or what is
 * not attnlab's. */
bool corpus_find(bool *there, error *why, const manifest *m, const char *out, bool force, error *e);

/* Write the corpus that m describes, one process at a time, unless it is there (*there). */
bool corpus_put(bool *there, const manifest *m, const corpus_files *files, const char *out,
                bool force, error *e);

#endif
