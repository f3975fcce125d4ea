/* corpus_write.h - `prepare`: text files to a corpus folder. */
#ifndef TRAINER_CORPUS_CORPUS_WRITE_H
#define TRAINER_CORPUS_CORPUS_WRITE_H

#include "core/base/error.h"
#include "trainer/corpus/manifest.h"

#include <stdio.h>

typedef struct corpus_order {
    int n_train, n_val;
    const char **train, **val; /* files, a document each                                */
    double fraction;           /* of each file that is held out where no file is        */
    const char *tokenizer;     /* a model to take; NULL: train one                      */
    int vocab_size;            /* pieces of the one to train                            */
    const char *out;           /* the folder                                            */
    bool force;                /* write over another corpus                             */
    FILE *progress;            /* where to say what is done                             */
} corpus_order;

/* Make the corpus, or find that it is there; *m, for manifest_close, says what is in it.  Fails on
 * text that cannot be used or would not come back from its tokens as it is, on text in both splits,
 * and on a folder with another corpus; what is in the folder then stays. */
bool corpus_write(manifest *m, const corpus_order *o, error *e);

#endif
