/* hash.h - SHA-256 (FIPS 180-4), computed by libcrypto and written as 64 lower-case hexadecimal
 * digits.
 *
 * hash(a b) is the same whether a and b are added together or one after the other.
 */
#ifndef CORE_BASE_HASH_H
#define CORE_BASE_HASH_H

#include "core/base/error.h"

#include <stddef.h>

enum { HASH_HEX = 65 }; /* characters of a hash in digits, with the final 0 */

typedef struct hash {
    void *state;
} hash;

/* The hash of bytes that come in pieces: open, add, close.  close writes the digits and frees. They
 * end the process if memory runs out. */
void hash_open(hash *h);
void hash_add(hash *h, const void *bytes, size_t n);
void hash_close(hash *h, char hex[HASH_HEX]);

/* The hash of n bytes. */
void hash_bytes(char hex[HASH_HEX], const void *bytes, size_t n);

/* The hash of a whole file.  Fails if the file cannot be read. */
bool hash_file(char hex[HASH_HEX], const char *path, error *e);

#endif
