/* checkpoint.h - where a run can go on from: weights and moments, as safetensors.
 *
 * Weights bear their Hugging Face names; the moments are `optimizer.m.NAME` and `optimizer.v.NAME`;
 * the step is in the metadata.  Nothing else is state: batches, the learning rate and random
 * numbers are functions of the step.  A file is complete and durable, or not there
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

/* `moments` false leaves the weights alone: what stays of a finished run. */
bool checkpoint_save(checkpoint_file *f, const char *path, const train_step *l, const char *uid,
                     int64_t step, bool moments, error *e);

/* Fails on a file that is not the one with this hash, or not of this model. */
bool checkpoint_load(train_step *l, const char *path, const char *sha256, int64_t step, error *e);

/* SHA-256 of the weights alone, tensor by tensor. */
void checkpoint_hash(char hex[HASH_HEX], const train_step *l);

#endif
