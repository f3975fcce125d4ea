/* corpus.c - opens a corpus folder and checks that it is what its manifest says.
 *
 * Invariant: an opened corpus has the hashes of its manifest, all tokens are pieces of its
 * tokenizer, and they decode to as many bytes as the manifest says.  Shards are read into memory,
 * not mapped, so that a change of the file cannot disturb a run that has started.
 */
#define _GNU_SOURCE /* realpath */
#include "trainer/corpus/corpus.h"

#include "core/base/file.h"
#include "trainer/corpus/manifest.h"
#include "trainer/corpus/tokenizer.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const size_t MODEL_LIMIT = (size_t)1 << 30;

static bool read_part(char **bytes, size_t *n, const char *path, size_t limit, error *e)
{
    error why;
    if (file_read(bytes, n, path, limit, &why)) return true;
    return error_set(e, "%.400s; run attnlab prepare again", why.msg);
}

static bool check_hash(const char *path, const char *bytes, size_t n, const char *sha256, error *e)
{
    char found[HASH_HEX];
    hash_bytes(found, bytes, n);
    if (strcmp(found, sha256) == 0) return true;
    return error_set(e,
                     "%s: the file has changed (SHA-256 %.12s..., expected %.12s...); run attnlab "
                     "prepare again",
                     path, found, sha256);
}

static bool make_room(corpus *c, int V, const char *path, error *e)
{
    c->piece_bytes = calloc((size_t)V, sizeof *c->piece_bytes);
    c->piece_blank = calloc((size_t)V, sizeof *c->piece_blank);
    return (c->piece_bytes && c->piece_blank) || error_set(e, "%s: out of memory", path);
}

static bool open_pieces(corpus *c, const manifest *m, error *e)
{
    c->bos = MANIFEST_BOS;
    if (!*m->model) return make_room(c, m->vocab_size, c->path, e);
    char *path = file_path(c->path, MANIFEST_MODEL), *bytes = NULL;
    size_t n;
    tokenizer t = { 0 };
    bool ok =
        file_read(&bytes, &n, path, MODEL_LIMIT, e) && check_hash(path, bytes, n, m->model, e);
    if (ok && !(ok = tokenizer_open(&t, bytes, n, e))) error_where(e, "%s", path);
    if (ok && (t.V != m->vocab_size || strcmp(t.sha256, m->pieces) != 0))
        ok = error_set(
            e, "%s: this tokenizer is not the one of the corpus; run attnlab prepare again", path);
    if (ok) {
        c->bos = t.bos;
        ok = make_room(c, t.V, path, e);
    }
    for (int i = 0; ok && i < t.V; i++) {
        c->piece_bytes[i] = (uint16_t)(t.at[i + 1] - t.at[i]);
        c->piece_blank[i] = t.blank[i];
    }
    tokenizer_close(&t);
    free(bytes), free(path);
    return ok;
}

/* Check that all tokens are pieces and that they decode to as many bytes as the manifest says. */
static bool check_tokens(const corpus *c, const corpus_split *s, const char *path, error *e)
{
    int32_t chunk[4096], before = c->bos;
    int64_t bytes = 0;
    for (int64_t at = 0; at < s->n_tokens;) {
        const int64_t n = s->n_tokens - at < 4096 ? s->n_tokens - at : 4096;
        corpus_read(chunk, s, at, n);
        for (int64_t i = 0; i < n; before = chunk[i++]) {
            if (chunk[i] < 0 || chunk[i] >= c->vocab_size)
                return error_set(e,
                                 "%s: token %" PRId64 " is %" PRId32
                                 ", but the vocabulary has %d pieces; run attnlab prepare again",
                                 path, at + i, chunk[i], c->vocab_size);
            bytes += corpus_token_bytes(c, chunk[i], before);
        }
        at += n;
    }
    if (bytes == s->n_bytes) return true;
    return error_set(e,
                     "%s: the tokens decode to %" PRId64 " bytes of text, but the manifest says "
                     "%" PRId64 "; run attnlab prepare again",
                     path, bytes, s->n_bytes);
}

/* A file of the corpus, of this size and hash; *bytes is freed by corpus_close, whatever happens.
 */
static bool read_whole(char **bytes, const char *path, size_t size, const char *sha256, error *e)
{
    size_t n;
    if (!read_part(bytes, &n, path, SIZE_MAX / 16, e)) return false;
    if (n != size)
        return error_set(e, "%s: the file has %zu bytes, expected %zu; run attnlab prepare again",
                         path, n, size);
    return check_hash(path, *bytes, n, sha256, e);
}

static bool open_shard(corpus *c, corpus_split *s, const manifest *m, int split, error *e)
{
    const manifest_split *from = &m->split[split];
    const size_t size = (size_t)s->n_tokens * (size_t)s->width;
    char *path = file_path(c->path, SPLIT_SHARD[split]), *bytes = NULL;
    bool ok = read_whole(&bytes, path, size, from->sha256, e);
    s->tokens = bytes;
    ok = ok && check_tokens(c, s, path, e);
    free(path);
    if (!ok || !*from->mask) return ok;
    path = file_path(c->path, SPLIT_MASK[split]), bytes = NULL;
    ok = read_whole(&bytes, path, (size_t)s->n_tokens, from->mask, e);
    s->mask = (const uint8_t *)bytes;
    free(path);
    return ok;
}

static corpus_split describe(const manifest *m, int split)
{
    return (corpus_split){ .n_tokens = m->split[split].tokens,
                           .n_bytes = m->split[split].bytes,
                           .width = m->width };
}

bool corpus_open(corpus *c, const char *path, corpus_part part, error *e)
{
    manifest m;
    *c = (corpus){ .bos = -1 };
    if (!manifest_read(&m, path, MANIFEST_SIZES, e)) return false;
    bool ok = (c->path = realpath(path, NULL)) || error_set(e, "%s: %s", path, strerror(errno));
    memcpy(c->sha256, m.sha256, sizeof c->sha256);
    c->vocab_size = m.vocab_size;
    c->item_tokens = m.item_tokens;
    c->train = describe(&m, SPLIT_TRAIN), c->val = describe(&m, SPLIT_VAL);
    if (part == CORPUS_WHOLE)
        ok = ok && open_pieces(c, &m, e) && open_shard(c, &c->train, &m, SPLIT_TRAIN, e) &&
             open_shard(c, &c->val, &m, SPLIT_VAL, e);
    manifest_close(&m);
    if (!ok) corpus_close(c);
    return ok;
}

void corpus_close(corpus *c)
{
    free(c->path), free(c->piece_bytes), free(c->piece_blank);
    free((void *)c->train.tokens), free((void *)c->val.tokens);
    free((void *)c->train.mask), free((void *)c->val.mask);
    *c = (corpus){ 0 };
}

void corpus_read(int32_t *out, const corpus_split *s, int64_t from, int64_t n)
{
    assert(from >= 0 && n >= 0 && n <= s->n_tokens - from);
    if (s->width == 2) {
        const uint16_t *in = (const uint16_t *)s->tokens + from;
        for (int64_t i = 0; i < n; i++) out[i] = in[i];
    } else if (n > 0) {
        memcpy(out, (const int32_t *)s->tokens + from, (size_t)n * sizeof *out);
    }
}

bool corpus_counts(const corpus_split *s, int64_t at)
{
    return !s->mask || s->mask[at];
}

int corpus_token_bytes(const corpus *c, int32_t token, int32_t before)
{
    return c->piece_bytes[token] - (before == c->bos ? c->piece_blank[token] : 0);
}
