/* gguf.h - the file format of llama.cpp (ggml-org/ggml, docs/gguf.md), version 3, little-endian.
 *
 *     "GGUF", version, number of tensors (8 bytes), number of keys (8 bytes),
 *     keys with values, descriptions of tensors, padding to `general.alignment` (32), data
 *
 * A description is name, rank, sizes (the last axis first), type, and where its data begin.  A text
 * is its length (8 bytes) and bytes.  Tensors have llama.cpp's names (gguf_names), and q and k the
 * order of rows that its RoPE wants (adjacent.h).
 */
#ifndef TRAINER_INTERCHANGE_GGUF_H
#define TRAINER_INTERCHANGE_GGUF_H

#include "trainer/interchange/interchange.h"

#define GGUF_MAGIC "GGUF"

enum { GGUF_VERSION = 3, GGUF_ALIGNMENT = 32, GGUF_RANK = 4, GGUF_NAME = 64 };

/* Types of values and of tensors. */
typedef enum gguf_value {
    GGUF_UINT8,
    GGUF_INT8,
    GGUF_UINT16,
    GGUF_INT16,
    GGUF_UINT32,
    GGUF_INT32,
    GGUF_FLOAT32,
    GGUF_BOOL,
    GGUF_STRING,
    GGUF_ARRAY,
    GGUF_UINT64,
    GGUF_INT64,
    GGUF_FLOAT64,
    GGUF_VALUES
} gguf_value;

enum { GGUF_TENSOR_F32 = 0, GGUF_TENSOR_F16 = 1, GGUF_TENSOR_Q8_0 = 8, GGUF_TENSOR_BF16 = 30 };

/* The factors that llama3's RoPE divides its frequencies by. */
#define GGUF_FREQUENCIES "rope_freqs.weight"

/* llama.cpp's name of weight i. */
void gguf_name(char out[GGUF_NAME], const bundle *b, int i);

/* The heads of weight i if its rows change places, else 0. */
int gguf_heads(const bundle *b, int i);

bool gguf_can_express(const bundle *b, error *e);
bool gguf_write(const bundle *b, const char *type, FILE *to, error *e);
bool gguf_read(bundle *b, const char *path, error *e);

#endif
