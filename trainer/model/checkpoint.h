/* checkpoint.h - a file that training can resume from: weights and optimizer state, as safetensors.
 *
 * Weights have their Hugging Face names.  State tensors are `optimizer.STATE.NAME`, one for each
 * state that the optimizer declares (optimizer.h): AdamW has `optimizer.m.NAME` and
 * `optimizer.v.NAME`.  The step is in the metadata.  Nothing else is state: batches, the learning
 * rate and random numbers are functions of the step.  A file is complete and durable, or not there
 * (core/base/file.h).
 */
#ifndef TRAINER_MODEL_CHECKPOINT_H
#define TRAINER_MODEL_CHECKPOINT_H

#include "core/base/hash.h"
#include "trainer/model/train_step.h"

#include <stdint.h>

typedef struct checkpoint_file {
    char sha256[HASH_HEX];
    size_t bytes;
} checkpoint_file;

/* Write the checkpoint of a step; `state` false leaves the optimizer out, for a finished run. Fails
 * if the file cannot be written or memory runs out. */
bool checkpoint_save(checkpoint_file *f, const char *path, const train_step *train, const char *uid,
                     int64_t step, bool state, error *e);

/* Fails if the file does not have this hash, is of another step, or is not of this model and
 * optimizer. */
bool checkpoint_load(train_step *train, const char *path, const char *sha256, int64_t step,
                     error *e);

/* SHA-256 of the weights alone, tensor by tensor. */
void checkpoint_hash(char hex[HASH_HEX], const train_step *train);

#endif
