/* hash.h - SHA-256 (FIPS 180-4, by libcrypto), written as 64 lower-case hexadecimal digits. */
#ifndef CORE_BASE_HASH_H
#define CORE_BASE_HASH_H

#include "core/base/error.h"

#include <stddef.h>

enum { HASH_HEX = 65 }; /* characters of a hash, with its end */

typedef struct hash {
    void *state;
} hash;

/* A hash of pieces: open, add, close; close writes the digits and frees. */
void hash_open(hash *h);
void hash_add(hash *h, const void *bytes, size_t n);
void hash_close(hash *h, char hex[HASH_HEX]);

void hash_bytes(char hex[HASH_HEX], const void *bytes, size_t n);

/* Fails when the file cannot be read. */
bool hash_file(char hex[HASH_HEX], const char *path, error *e);

#endif
