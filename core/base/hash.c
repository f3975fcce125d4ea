/* hash.c - SHA-256 (FIPS 180-4) through the EVP interface of libcrypto. */
#include "core/base/hash.h"

#include <assert.h>
#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void hash_open(hash *h)
{
    h->state = EVP_MD_CTX_new();
    if (!h->state || !EVP_DigestInit_ex(h->state, EVP_sha256(), NULL)) error_memory();
}

void hash_add(hash *h, const void *bytes, size_t n)
{
    if (n > 0 && !EVP_DigestUpdate(h->state, bytes, n)) abort();
}

void hash_close(hash *h, char hex[HASH_HEX])
{
    unsigned char raw[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    if (!EVP_DigestFinal_ex(h->state, raw, &n)) abort();
    assert(2 * n + 1 == HASH_HEX);
    for (unsigned i = 0; i < n; i++) snprintf(hex + (size_t)2 * i, 3, "%02x", raw[i]);
    EVP_MD_CTX_free(h->state);
    h->state = NULL;
}

void hash_bytes(char hex[HASH_HEX], const void *bytes, size_t n)
{
    hash h;
    hash_open(&h);
    hash_add(&h, bytes, n);
    hash_close(&h, hex);
}

bool hash_file(char hex[HASH_HEX], const char *path, error *e)
{
    char chunk[1 << 14]; /* on the stack, so that a file can be checked when memory has run out */
    FILE *f = fopen(path, "rb");
    if (!f) return error_set(e, "%s: %s", path, strerror(errno));
    hash h;
    hash_open(&h);
    for (size_t n; (n = fread(chunk, 1, sizeof chunk, f)) > 0;) hash_add(&h, chunk, n);
    hash_close(&h, hex);
    const bool bad = ferror(f);
    fclose(f);
    return bad ? error_set(e, "%s: error while reading the file", path) : true;
}
