/* generated_corpus.h - `attnlab prepare --generate`: a corpus of generated items, with a mask.
 *
 *     shard = item 1, item 2, ..., item n, BOS         every item takes item_tokens tokens
 *     mask  = 1 for the tokens of answers
 *
 * So a model whose context is item_tokens sees one whole item in each sequence, and learns and is
 * evaluated on the answers alone.
 */
#ifndef TRAINER_TASKS_GENERATED_CORPUS_H
#define TRAINER_TASKS_GENERATED_CORPUS_H

#include "core/base/error.h"
#include "trainer/corpus/manifest.h"

#include <stdio.h>

enum { GENERATED_SPECS = 16 };

typedef struct generated_order {
    int n;
    const char **spec;     /* (n) generators, which take turns: all of tokens, or all of text */
    int64_t seed;          /* of the items                                                    */
    int64_t items[SPLITS]; /* to train on, and held out                                       */
    const char *tokenizer; /* of text: a SentencePiece model to use; NULL to train one        */
    int vocab_size;        /* of text: pieces of the tokenizer to train                       */
    const char *out;       /* the folder                                                      */
    bool force;            /* replace another corpus in the folder                            */
    FILE *progress;        /* where progress is reported                                      */
} generated_order;

/* Make the corpus, unless the folder has it already; *m describes it, and the caller closes it.
 * Fails if a spec is wrong, tokens and text are mixed, the tokenizer does not restore the text, or
 * the folder cannot be written or has something else. */
bool generated_corpus_write(manifest *m, const generated_order *o, error *e);

#endif
