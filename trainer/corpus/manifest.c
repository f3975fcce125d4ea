/* manifest.c - writes and reads manifest.json, and computes the identity of a corpus.
 *
 * The identity hashes lines of text, so it does not depend on the layout of the JSON:
 *
 *     attnlab corpus VERSION
 *     pieces VOCAB_SIZE SHA256
 *     SPLIT TOKEN_BYTES TOKENS BYTES SHA256      for each split, then for each of its documents:
 *     TOKENS BYTES SHA256
 */
#include "trainer/corpus/manifest.h"

#include "core/base/file.h"
#include "core/base/utf8.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { VERSION = 1 };
static const char FORMAT[] = "attnlab corpus";
static const size_t LIMIT = 256u << 20;

const char *const SPLIT_NAME[SPLITS] = { "train", "val" };
const char *const SPLIT_SHARD[SPLITS] = { "train.tokens", "val.tokens" };

char *manifest_path(const char *folder, const char *name)
{
    const size_t room = strlen(folder) + strlen(name) + 2;
    char *path = malloc(room);
    if (!path) error_memory();
    snprintf(path, room, "%s/%s", folder, name);
    return path;
}

__attribute__((format(printf, 2, 3))) static void hash_line(hash *h, const char *fmt, ...)
{
    char line[256];
    va_list args;
    va_start(args, fmt);
    const int n = vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    hash_add(h, line, (size_t)n);
}

void manifest_identity(char hex[HASH_HEX], const manifest *m)
{
    hash h;
    hash_open(&h);
    hash_line(&h, "%s %d\npieces %d %s\n", FORMAT, VERSION, m->vocab_size, m->pieces);
    for (int i = 0; i < SPLITS; i++) {
        const manifest_split *s = &m->split[i];
        hash_line(&h, "%s %d %" PRId64 " %" PRId64 " %s\n", SPLIT_NAME[i], m->width, s->tokens,
                  s->bytes, s->sha256);
        for (int j = 0; j < s->n; j++)
            hash_line(&h, "%" PRId64 " %" PRId64 " %s\n", s->document[j].tokens,
                      s->document[j].bytes, s->document[j].sha256);
    }
    hash_close(&h, hex);
}

/* ---- writing ----------------------------------------------------------------------------- */

/* A path as a JSON string: a file's name need not be UTF-8, but JSON must be. */
static json_t *path_string(const char *path)
{
    char *copy = utf8_copy(path);
    json_t *out = json_string(copy);
    free(copy);
    return out;
}

static json_t *split_object(const manifest_split *s, int split)
{
    json_t *documents = json_array();
    for (int i = 0; i < s->n; i++) {
        const manifest_document *d = &s->document[i];
        json_array_append_new(documents,
                              json_pack("{s:o, s:I, s:I, s:I, s:s}", "path", path_string(d->path),
                                        "from", (json_int_t)d->from, "bytes", (json_int_t)d->bytes,
                                        "tokens", (json_int_t)d->tokens, "sha256", d->sha256));
    }
    return json_pack("{s:s, s:s, s:I, s:I, s:o}", "shard", SPLIT_SHARD[split], "sha256", s->sha256,
                     "tokens", (json_int_t)s->tokens, "bytes", (json_int_t)s->bytes, "documents",
                     documents);
}

bool manifest_write(const manifest *m, const char *folder, error *e)
{
    json_t *j = json_pack(
        "{s:s, s:i, s:s, s:i, s:{s:s, s:s, s:s, s:i, s:s}, s:o, s:o}", "format", FORMAT, "version",
        VERSION, "sha256", m->sha256, "token_bytes", m->width, "tokenizer", "file", MANIFEST_MODEL,
        "sha256", m->model, "pieces_sha256", m->pieces, "vocab_size", m->vocab_size, "settings",
        m->settings, SPLIT_NAME[SPLIT_TRAIN], split_object(&m->split[SPLIT_TRAIN], SPLIT_TRAIN),
        SPLIT_NAME[SPLIT_VAL], split_object(&m->split[SPLIT_VAL], SPLIT_VAL));
    char *json = j ? json_dumps(j, JSON_INDENT(2) | JSON_PRESERVE_ORDER) : NULL;
    char *path = manifest_path(folder, MANIFEST_FILE);
    const size_t n = json ? strlen(json) : 0;
    if (json) json[n] = '\n'; /* replaces the final 0, which is not written */
    const bool ok =
        json ? file_write(path, json, n + 1, e) : error_set(e, "%s: out of memory", path);
    json_decref(j);
    free(json), free(path);
    return ok;
}

/* ---- reading ----------------------------------------------------------------------------- */

static bool take_hash(char out[HASH_HEX], const json_t *object, const char *key)
{
    const char *hex = json_string_value(json_object_get(object, key));
    if (!hex || strlen(hex) != HASH_HEX - 1 || hex[strspn(hex, "0123456789abcdef")]) return false;
    memcpy(out, hex, HASH_HEX);
    return true;
}

static bool take_count(int64_t *out, const json_t *object, const char *key, int64_t most)
{
    const json_t *j = json_object_get(object, key);
    *out = json_integer_value(j);
    return json_is_integer(j) && *out >= 0 && *out <= most;
}

static bool take_int(int *out, const json_t *object, const char *key, int most)
{
    int64_t x;
    if (!take_count(&x, object, key, most)) return false;
    *out = (int)x;
    return true;
}

static bool take_string(char **out, const json_t *object, const char *key)
{
    const char *value = json_string_value(json_object_get(object, key));
    *out = value ? strdup(value) : NULL;
    return *out;
}

static bool take_split(manifest_split *s, const json_t *j)
{
    const json_t *documents = json_object_get(j, "documents");
    const size_t n = json_array_size(documents);
    if (!take_hash(s->sha256, j, "sha256") || !take_count(&s->tokens, j, "tokens", INT64_MAX / 8) ||
        !take_count(&s->bytes, j, "bytes", INT64_MAX) || n == 0 || n > INT32_MAX)
        return false;
    s->document = calloc(n, sizeof *s->document);
    if (!s->document) return false;
    s->n = (int)n;
    for (size_t i = 0; i < n; i++) {
        manifest_document *d = &s->document[i];
        const json_t *entry = json_array_get(documents, i);
        if (!take_string(&d->path, entry, "path") ||
            !take_count(&d->from, entry, "from", INT64_MAX) ||
            !take_count(&d->bytes, entry, "bytes", INT64_MAX) ||
            !take_count(&d->tokens, entry, "tokens", INT64_MAX) ||
            !take_hash(d->sha256, entry, "sha256"))
            return false;
    }
    return true;
}

static bool take_manifest(manifest *m, const json_t *j)
{
    const json_t *tokenizer = json_object_get(j, "tokenizer");
    bool ok = take_hash(m->sha256, j, "sha256") && take_int(&m->width, j, "token_bytes", 4) &&
              (m->width == 2 || m->width == 4) && take_hash(m->model, tokenizer, "sha256") &&
              take_hash(m->pieces, tokenizer, "pieces_sha256") &&
              take_int(&m->vocab_size, tokenizer, "vocab_size", INT32_MAX) && m->vocab_size > 0 &&
              take_string(&m->settings, tokenizer, "settings");
    for (int i = 0; i < SPLITS; i++)
        ok = ok && take_split(&m->split[i], json_object_get(j, SPLIT_NAME[i]));
    return ok;
}

static bool take_json(manifest *m, const json_t *j, const char *path, error *e)
{
    const char *format = json_string_value(json_object_get(j, "format"));
    const json_int_t version = json_integer_value(json_object_get(j, "version"));
    if (!format || strcmp(format, FORMAT) != 0)
        return error_set(e, "%s: not the manifest of a corpus", path);
    if (version > VERSION)
        return error_set(e,
                         "%s: format %" JSON_INTEGER_FORMAT
                         " is newer than this attnlab, which reads format %d: update attnlab",
                         path, version, VERSION);
    char sha256[HASH_HEX] = "";
    if (version == VERSION && take_manifest(m, j)) {
        manifest_identity(sha256, m);
        if (strcmp(sha256, m->sha256) == 0) return true;
        return error_set(
            e,
            "%s: the manifest has changed: its SHA-256 does not match; run attnlab prepare again",
            path);
    }
    return error_set(e, "%s: a field is missing or invalid; run attnlab prepare again", path);
}

bool manifest_read(manifest *m, const char *folder, error *e)
{
    *m = (manifest){ 0 };
    struct stat s;
    if (stat(folder, &s) != 0 && errno == ENOENT)
        return error_set(e, "%s: no such corpus; make it with attnlab prepare", folder);
    char *path = manifest_path(folder, MANIFEST_FILE), *json = NULL;
    size_t n;
    bool ok = stat(path, &s) == 0 || errno != ENOENT;
    if (!ok)
        error_set(e, "%s: not a corpus, or attnlab prepare was interrupted: the folder has no %s",
                  folder, MANIFEST_FILE);
    if (ok && file_read(&json, &n, path, LIMIT, e)) {
        json_error_t where;
        json_t *j = json_loadb(json, n, JSON_REJECT_DUPLICATES, &where);
        ok = j ? take_json(m, j, path, e)
               : error_set(e, "%s:%d: not JSON (%s); run attnlab prepare again", path, where.line,
                           where.text);
        json_decref(j);
    } else
        ok = false;
    free(json), free(path);
    if (!ok) manifest_close(m);
    return ok;
}

void manifest_close(manifest *m)
{
    for (int i = 0; i < SPLITS; i++) {
        for (int j = 0; j < m->split[i].n; j++) free(m->split[i].document[j].path);
        free(m->split[i].document);
    }
    free(m->settings);
    *m = (manifest){ 0 };
}
