/* model_source.h - the model that a command line names: its shape, weights and tokenizer.
 *
 *     RUN                      the newest weights of a run in the database
 *     FOLDER                   config.yaml, weights.safetensors and perhaps tokenizer.model
 *     FOLDER/NAME.safetensors  weights beside a config.yaml, such as a checkpoint of a run
 */
#ifndef TRAINER_DECODE_MODEL_SOURCE_H
#define TRAINER_DECODE_MODEL_SOURCE_H

#include "trainer/corpus/tokenizer.h"
#include "trainer/model/train_step.h"

typedef struct model_source {
    model m;
    float *w;                    /* a block of the model's layout */
    tokenizer tokenizer;         /* V is 0 if there is none (model_source_open_any) */
    kernels_precision precision; /* of the linear layers, in training */
} model_source;

/* Open what `name` names: a file or folder if there is one, else a run of the database db_path. The
 * tokenizer is tokenizer_file, or if it is NULL the one in the folder, or that of the corpus
 * that config.yaml names.  Fails if there is no such model, if it has no weights or no tokenizer,
 * or if they don't fit the model or what the database knows of them. */
bool model_source_open(model_source *s, const char *name, const char *db_path,
                       const char *tokenizer_file, error *e);

/* The same, but a model may be without a tokenizer. */
bool model_source_open_any(model_source *s, const char *name, const char *db_path,
                           const char *tokenizer_file, error *e);
void model_source_close(model_source *s);

#endif
