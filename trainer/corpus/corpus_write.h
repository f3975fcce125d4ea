/* corpus_write.h - `attnlab prepare`: makes a corpus folder out of text files.
 *
 * The result depends only on the bytes of the files, on which split each one is in, and on the
 * tokenizer: the same order gives the same corpus, byte for byte.
 */
#ifndef TRAINER_CORPUS_CORPUS_WRITE_H
#define TRAINER_CORPUS_CORPUS_WRITE_H

#include "core/base/error.h"
#include "trainer/corpus/manifest.h"

#include <stdio.h>

typedef struct corpus_order {
    int n_train, n_val;
    const char **train, **val; /* (n_train), (n_val) files, one document each           */
    double fraction;           /* if n_val is 0: the part of each file that is held out */
    const char *tokenizer;     /* a SentencePiece model to use; NULL to train one       */
    int vocab_size;            /* pieces of the tokenizer to train                      */
    const char *out;           /* the folder                                            */
    bool force;                /* replace another corpus in the folder                  */
    FILE *progress;            /* where progress is reported                            */
} corpus_order;

/* Make the corpus, unless the folder has it already; *m describes it, and the caller closes it.
 * Fails if a text cannot be used or cannot be restored from its tokens, if a text is in both
 * splits, or if the folder holds another corpus and `force` is off; the folder then stays as it
 * was. */
bool corpus_write(manifest *m, const corpus_order *o, error *e);

#endif
