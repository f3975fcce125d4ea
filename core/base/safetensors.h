/* safetensors.h - named tensors in a file, in Hugging Face's format (huggingface/safetensors,
 * README, section "Format").
 *
 *     file = length of the header (8 bytes, little-endian), header (JSON), data
 *
 * The header gives each tensor's type, shape and range of the data; the ranges cover the data
 * without gaps or overlaps.  Lengths, ranges, shapes, names and types are checked before any byte
 * is used.
 */
#ifndef CORE_BASE_SAFETENSORS_H
#define CORE_BASE_SAFETENSORS_H

#include "core/base/error.h"
#include "core/base/file.h"
#include "core/base/hash.h"

#include <stddef.h>

enum { SAFETENSORS_RANK = 8 }; /* most axes of a tensor */

typedef struct safetensors_tensor {
    const char *name;
    const char *type; /* "F32", "I32", "I64", ...    */
    int rank;         /* axes; 0 for a single number */
    size_t dim[SAFETENSORS_RANK];
    const void *data; /* (dim[0], ..., dim[rank - 1]) row-major, little-endian; may be unaligned */
} safetensors_tensor;

typedef struct safetensors {
    int n;
    safetensors_tensor *tensor; /* (n) in the order of their data; names and data are owned below */
    char *bytes;                /* the whole file                                                 */
    void *header;               /* its header as parsed JSON                                      */
    char sha256[HASH_HEX];      /* of the whole file                                              */
} safetensors;

/* Read a file into memory.  Fails if the file cannot be read or is not well-formed; the message
 * names the tensor and what is wrong with it. */
bool safetensors_open(safetensors *s, const char *path, error *e);
void safetensors_close(safetensors *s);

/* The tensor of this name, and the text under this key of __metadata__; NULL if there is none. Both
 * belong to s. */
const safetensors_tensor *safetensors_find(const safetensors *s, const char *name);
const char *safetensors_metadata(const safetensors *s, const char *key);

/* Bytes of the tensor's data; 0 for an unknown type or a size that does not fit a size_t. */
size_t safetensors_bytes(const safetensors_tensor *t);

/* Are type and shape the same? */
bool safetensors_alike(const safetensors_tensor *a, const safetensors_tensor *b);

/* Write n tensors in this order and flush them to disk.  metadata is key, value, key, value, ...,
 * NULL, or NULL for none.  sha256 and *bytes (bytes may be NULL) are the hash and size of the file.
 * Fails as file_draft_close does; the file at `path` then stays as it was. */
bool safetensors_save(const char *path, const safetensors_tensor *list, int n,
                      const char *const *metadata, char sha256[HASH_HEX], size_t *bytes, error *e);

/* The same into a draft, which is closed, or dropped if it fails.  The metadata come first in the
 * file. */
bool safetensors_put(file_draft *d, const safetensors_tensor *list, int n,
                     const char *const *metadata, char sha256[HASH_HEX], size_t *bytes, error *e);

#endif
