/* corpus_write.h - `attnlab prepare`: makes a corpus folder out of text.
 *
 * The result depends only on the documents, on what is held out, and on the tokenizer: the same
 * order gives the same corpus, byte for byte.
 */
#ifndef TRAINER_CORPUS_CORPUS_WRITE_H
#define TRAINER_CORPUS_CORPUS_WRITE_H

#include "core/base/error.h"
#include "trainer/corpus/holdout.h"
#include "trainer/corpus/manifest.h"

#include <stdio.h>

typedef struct corpus_order {
    int n_train, n_val;
    const char **train, **val;     /* (n_train), (n_val) files, folders, or "-"              */
    const char *list;              /* a file that names further ones to train on; or NULL    */
    const char *field, *separator; /* documents inside files (documents.h); or NULL      */
    bool one_space;                /* normalize white space                                  */
    holdout holdout;               /* if n_val is 0: what is held out of the text            */
    const char *tokenizer;         /* a SentencePiece model to use; NULL to train one        */
    int vocab_size;                /* pieces of the tokenizer to train                       */
    const char *out;               /* the folder                                             */
    bool force;                    /* replace another corpus in the folder                   */
    FILE *progress;                /* where progress is reported                             */
} corpus_order;

/* Make the corpus, unless the folder has it already; *m describes it, and the caller closes it.
 * Fails if the folder cannot be written or has files that are not a corpus's, if a text cannot be
 * used or cannot be restored from its tokens, if a text is in both splits, or if the folder holds
 * another corpus and `force` is off; the folder then stays as it was. */
bool corpus_write(manifest *m, const corpus_order *o, error *e);

#endif
