/* gguf_keys.h - the keys of a GGUF file and their values, whatever they mean.
 *
 * Every length is checked against the bytes that are left, so nothing is allocated for what the
 * file only claims.  Texts and arrays stay in the file: they are valid as long as its bytes are.
 */
#ifndef TRAINER_INTERCHANGE_GGUF_KEYS_H
#define TRAINER_INTERCHANGE_GGUF_KEYS_H

#include "trainer/interchange/gguf.h"

/* The rest of the file. */
typedef struct gguf_cursor {
    const char *at, *end;
} gguf_cursor;

/* A key and its value: a number, a text, or an array whose elements begin at `bytes`. */
typedef struct gguf_key {
    const char *key;
    size_t key_bytes;
    gguf_value type, element;
    double number;
    const char *bytes, *end;
    uint64_t n; /* bytes of a text, elements of an array */
} gguf_key;

typedef struct gguf_keys {
    gguf_key *item; /* (n); the caller frees it */
    size_t n;
} gguf_keys;

/* Take the next n bytes, or a text of n bytes.  False if the file ends before. */
bool gguf_take(void *out, gguf_cursor *c, size_t n);
bool gguf_take_text(const char **text, uint64_t *n, gguf_cursor *c);

/* A zeroed list of n elements of this size, which take at least `least` bytes each in the rest of
 * the file.  The caller frees it. */
bool gguf_make_list(void **list, uint64_t n, size_t size, size_t least, const gguf_cursor *c,
                    error *e);

/* Take n keys with their values into a zeroed list. */
bool gguf_keys_read(gguf_keys *k, gguf_cursor *c, uint64_t n, error *e);

/* The key with this name, or NULL. */
const gguf_key *gguf_find(const gguf_keys *k, const char *name);

/* Its number, or `otherwise` if there is none. */
double gguf_number_or(const gguf_keys *k, const char *name, double otherwise);

/* A count below 1e9; `otherwise` below 0 says that it must be there. */
bool gguf_take_count(int64_t *out, const gguf_keys *k, const char *name, int64_t otherwise,
                     error *e);

/* Is v (NULL: no) this text, or an array of n such elements? */
bool gguf_is_text(const gguf_key *v, const char *text);
bool gguf_is_array(const gguf_key *v, gguf_value element, uint64_t n);

#endif
