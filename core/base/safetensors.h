/* safetensors.h - named tensors in a file (Hugging Face's format).
 *
 * Eight bytes of header length, little-endian; a JSON header; the data, without holes.  Reading
 * trusts nothing: lengths, offsets, shapes, names and types are checked before any byte is used
 * (huggingface/safetensors, README: format).
 */
#ifndef CORE_BASE_SAFETENSORS_H
#define CORE_BASE_SAFETENSORS_H

#include "core/base/error.h"
#include "core/base/hash.h"

#include <stddef.h>

enum { SAFETENSORS_RANK = 8 };

typedef struct safetensors_tensor {
    const char *name;
    const char *type; /* "F32", "I32", "I64", ... */
    int rank;
    size_t dim[SAFETENSORS_RANK];
    const void *data; /* little-endian, row-major */
} safetensors_tensor;

typedef struct safetensors {
    int n;
    safetensors_tensor *tensor; /* in the order of the data */
    char *bytes;                /* the file                 */
    void *header;               /* its JSON                 */
    char sha256[HASH_HEX];      /* of the whole file        */
} safetensors;

/* Fails on a file that cannot be read or is not well-formed, saying how. */
bool safetensors_open(safetensors *s, const char *path, error *e);
void safetensors_close(safetensors *s);

/* NULL where there is no such tensor, or entry of __metadata__. */
const safetensors_tensor *safetensors_find(const safetensors *s, const char *name);
const char *safetensors_metadata(const safetensors *s, const char *key);

size_t safetensors_bytes(const safetensors_tensor *t);

/* Write n tensors durably, in this order, with metadata as key, value, key, value, ..., NULL.
 * sha256 and bytes (which may be NULL) are those of the file. */
bool safetensors_save(const char *path, const safetensors_tensor *list, int n,
                      const char *const *metadata, char sha256[HASH_HEX], size_t *bytes, error *e);

#endif
