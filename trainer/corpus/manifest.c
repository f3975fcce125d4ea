/* manifest.c - writes and reads manifest.json, and computes the identity of a corpus.
 *
 * The identity hashes lines of text, so it does not depend on the layout of the JSON:
 *
 *     attnlab corpus 1
 *     pieces VOCAB_SIZE SHA256
 *     SPLIT TOKEN_BYTES TOKENS BYTES SHA256      for each split, then for each of its documents:
 *     TOKENS BYTES SHA256
 *     mask SHA256                                after them, if the split has a mask
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

/* Of the file; of that of a special corpus; of the lines that the identity hashes. */
enum { VERSION = 2, SPECIAL = 3, IDENTITY = 1 };
static const char FORMAT[] = "attnlab corpus";
static const size_t LIMIT = 256u << 20;

const char *const SPLIT_NAME[SPLITS] = { "train", "val" };
const char *const SPLIT_SHARD[SPLITS] = { "train.tokens", "val.tokens" };
const char *const SPLIT_MASK[SPLITS] = { "train.mask", "val.mask" };

__attribute__((format(printf, 2, 3))) static void hash_line(hash *h, const char *fmt, ...)
{
    char line[256];
    va_list args;
    va_start(args, fmt);
    const int n = vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    hash_add(h, line, (size_t)n);
}

bool manifest_is_special(const manifest *m)
{
    return !*m->model || *m->split[SPLIT_TRAIN].mask;
}

static int version_of(const manifest *m)
{
    return manifest_is_special(m) ? SPECIAL : VERSION;
}

void manifest_identity(char hex[HASH_HEX], const manifest *m)
{
    hash h;
    hash_open(&h);
    hash_line(&h, "%s %d\npieces %d %s\n", FORMAT, IDENTITY, m->vocab_size, m->pieces);
    for (int i = 0; i < SPLITS; i++) {
        const manifest_split *s = &m->split[i];
        hash_line(&h, "%s %d %" PRId64 " %" PRId64 " %s\n", SPLIT_NAME[i], m->width, s->tokens,
                  s->bytes, s->sha256);
        for (int j = 0; j < s->n; j++)
            hash_line(&h, "%" PRId64 " %" PRId64 " %s\n", s->document[j].tokens,
                      s->document[j].bytes, s->document[j].sha256);
        if (*s->mask) hash_line(&h, "mask %s\n", s->mask);
    }
    hash_close(&h, hex);
}

/* The hash of all that is read without the table of documents, whose own hash is `table`, of so
 * many bytes. */
static void hash_sizes(char hex[HASH_HEX], const manifest *m, const char *table, int64_t bytes)
{
    hash h;
    hash_open(&h);
    hash_line(&h, "%s %d\npieces %d %s\n", m->sha256, version_of(m), m->vocab_size, m->pieces);
    hash_line(&h, "%s %s %" PRId64 " %d\n", m->model, table, bytes, m->one_space);
    for (int i = 0; i < SPLITS; i++)
        hash_line(&h, "%d %" PRId64 " %" PRId64 " %d %s\n", m->width, m->split[i].tokens,
                  m->split[i].bytes, m->split[i].n, m->split[i].sha256);
    hash_add(&h, m->settings, strlen(m->settings) + 1);
    hash_add(&h, m->holdout, strlen(m->holdout) + 1);
    if (manifest_is_special(m)) {
        hash_line(&h, "%d\n", m->item_tokens);
        hash_add(&h, m->generated, strlen(m->generated) + 1);
        for (int i = 0; i < SPLITS; i++)
            hash_line(&h, "%s %" PRId64 "\n", m->split[i].mask, m->split[i].targets);
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
    json_t *out = json_pack("{s:s, s:s, s:I, s:I, s:i}", "shard", SPLIT_SHARD[split], "sha256",
                            s->sha256, "tokens", (json_int_t)s->tokens, "bytes",
                            (json_int_t)s->bytes, "documents", s->n);
    if (!*s->mask) return out;
    if (json_object_update_new(out, json_pack("{s:s, s:s, s:I}", "mask", SPLIT_MASK[split],
                                              "mask_sha256", s->mask, "targets",
                                              (json_int_t)s->targets)) != 0)
        error_memory();
    return out;
}

static json_t *tokenizer_object(const manifest *m)
{
    if (!*m->model) return json_pack("{s:i}", "vocab_size", m->vocab_size);
    return json_pack("{s:s, s:s, s:s, s:i, s:s}", "file", MANIFEST_MODEL, "sha256", m->model,
                     "pieces_sha256", m->pieces, "vocab_size", m->vocab_size, "settings",
                     m->settings);
}

/* The table of documents, a line for each; its hash into `sha256` and its length into *length. */
static bool write_table(char sha256[HASH_HEX], int64_t *length, const manifest *m,
                        const char *folder, error *e)
{
    char *bytes = NULL, *path = file_path(folder, MANIFEST_TABLE);
    size_t n;
    FILE *f = open_memstream(&bytes, &n);
    if (!f) error_memory();
    for (int i = 0; i < SPLITS; i++)
        for (int j = 0; j < m->split[i].n; j++) {
            const manifest_document *d = &m->split[i].document[j];
            json_t *line = json_pack("{s:s, s:o, s:I, s:I, s:I, s:s}", "split", SPLIT_NAME[i],
                                     "path", path_string(d->path), "from", (json_int_t)d->from,
                                     "bytes", (json_int_t)d->bytes, "tokens", (json_int_t)d->tokens,
                                     "sha256", d->sha256);
            if (!line || json_dumpf(line, f, JSON_COMPACT | JSON_PRESERVE_ORDER) != 0)
                error_memory();
            fputc('\n', f);
            json_decref(line);
        }
    if (fclose(f) != 0) error_memory();
    hash_bytes(sha256, bytes, n);
    *length = (int64_t)n;
    const bool ok = file_write(path, bytes, n, e);
    free(bytes), free(path);
    return ok;
}

/* Write the object as the manifest, and release it. */
static bool write_object(json_t *j, const char *folder, error *e)
{
    char *json = j ? json_dumps(j, JSON_INDENT(2) | JSON_PRESERVE_ORDER) : NULL;
    char *path = file_path(folder, MANIFEST_FILE);
    const size_t n = json ? strlen(json) : 0;
    if (json) json[n] = '\n'; /* replaces the final 0, which is not written */
    const bool ok =
        json ? file_write(path, json, n + 1, e) : error_set(e, "%s: out of memory", path);
    json_decref(j);
    free(json), free(path);
    return ok;
}

bool manifest_begin(const char *folder, error *e)
{
    return write_object(
        json_pack("{s:s, s:i, s:b}", "format", FORMAT, "version", VERSION, "incomplete", true),
        folder, e);
}

bool manifest_write(const manifest *m, const char *folder, error *e)
{
    char table[HASH_HEX], check[HASH_HEX];
    int64_t bytes;
    if (!write_table(table, &bytes, m, folder, e)) return false;
    hash_sizes(check, m, table, bytes);
    json_t *j = json_pack(
        "{s:s, s:i, s:s, s:s, s:i, s:s, s:b, s:o, s:{s:s, s:s, s:I}, s:o, s:o}", "format", FORMAT,
        "version", version_of(m), "sha256", m->sha256, "check", check, "token_bytes", m->width,
        "holdout", m->holdout, "normalized_space", m->one_space, "tokenizer", tokenizer_object(m),
        "documents", "file", MANIFEST_TABLE, "sha256", table, "bytes", (json_int_t)bytes,
        SPLIT_NAME[SPLIT_TRAIN], split_object(&m->split[SPLIT_TRAIN], SPLIT_TRAIN),
        SPLIT_NAME[SPLIT_VAL], split_object(&m->split[SPLIT_VAL], SPLIT_VAL));
    if (m->generated && json_object_update_new(j, json_pack("{s:s, s:i}", "generated", m->generated,
                                                            "item_tokens", m->item_tokens)) != 0)
        error_memory();
    return write_object(j, folder, e);
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

static bool take_document(manifest_document *d, const json_t *entry)
{
    return take_string(&d->path, entry, "path") && take_count(&d->from, entry, "from", INT64_MAX) &&
           take_count(&d->bytes, entry, "bytes", INT64_MAX) &&
           take_count(&d->tokens, entry, "tokens", INT64_MAX) &&
           take_hash(d->sha256, entry, "sha256");
}

static bool take_mask(manifest_split *s, const json_t *j)
{
    return take_hash(s->mask, j, "mask_sha256") && take_count(&s->targets, j, "targets", s->tokens);
}

/* In format 1 the documents are here, later their number. */
static bool take_split(manifest_split *s, const json_t *j, bool table)
{
    const json_t *documents = json_object_get(j, "documents");
    const size_t n = json_array_size(documents);
    if (!take_hash(s->sha256, j, "sha256") || !take_count(&s->tokens, j, "tokens", INT64_MAX / 8) ||
        !take_count(&s->bytes, j, "bytes", INT64_MAX))
        return false;
    if (!table) return take_int(&s->n, j, "documents", INT32_MAX) && s->n > 0;
    if (n == 0 || n > INT32_MAX) return false;
    s->document = error_zeroed(n, sizeof *s->document);
    s->n = (int)n;
    for (size_t i = 0; i < n; i++)
        if (!take_document(&s->document[i], json_array_get(documents, i))) return false;
    return true;
}

static bool take_tokenizer(manifest *m, const json_t *j, bool special)
{
    if (!take_int(&m->vocab_size, j, "vocab_size", INT32_MAX) || m->vocab_size < 1) return false;
    if (special && !json_object_get(j, "file")) return (m->settings = strdup(""));
    return take_hash(m->model, j, "sha256") && take_hash(m->pieces, j, "pieces_sha256") &&
           take_string(&m->settings, j, "settings");
}

/* What only the manifest of a special corpus has. */
static bool take_special(manifest *m, const json_t *j)
{
    bool ok = take_string(&m->generated, j, "generated") &&
              take_int(&m->item_tokens, j, "item_tokens", INT32_MAX);
    for (int i = 0; i < SPLITS; i++)
        ok = ok && take_mask(&m->split[i], json_object_get(j, SPLIT_NAME[i]));
    return ok;
}

static bool take_manifest(manifest *m, const json_t *j, int version)
{
    const bool table = version == 1;
    bool ok = take_hash(m->sha256, j, "sha256") && take_int(&m->width, j, "token_bytes", 4) &&
              (m->width == 2 || m->width == 4) &&
              take_tokenizer(m, json_object_get(j, "tokenizer"), version == SPECIAL);
    for (int i = 0; i < SPLITS; i++)
        ok = ok && take_split(&m->split[i], json_object_get(j, SPLIT_NAME[i]), table);
    if (table) return ok; /* format 1 doesn't say how the text was held out */
    ok = ok && (version != SPECIAL || take_special(m, j));
    m->one_space = json_is_true(json_object_get(j, "normalized_space"));
    return ok && take_string(&m->holdout, j, "holdout");
}

/* The table of documents of format 2; its hash is known to be right, so its lines are as written.
 */
static bool read_table(manifest *m, const char *folder, const char *sha256, error *e)
{
    char found[HASH_HEX], *path = file_path(folder, MANIFEST_TABLE), *bytes = NULL;
    size_t n;
    bool ok = file_read(&bytes, &n, path, SIZE_MAX / 16, e);
    if (ok) hash_bytes(found, bytes, n);
    if (ok && strcmp(found, sha256) != 0)
        ok = error_set(e, "%s: the file has changed; run attnlab prepare again", path);
    const char *at = bytes;
    for (int i = 0; ok && i < SPLITS; i++) {
        manifest_split *s = &m->split[i];
        s->document = error_zeroed((size_t)s->n, sizeof *s->document);
        for (int j = 0; ok && j < s->n; j++) {
            json_t *line = json_loads(at, JSON_DISABLE_EOF_CHECK, NULL);
            ok = take_document(&s->document[j], line) ||
                 error_set(e, "%s: a field is missing; run attnlab prepare again", path);
            json_decref(line);
            at += strcspn(at, "\n");
            at += *at == '\n';
        }
    }
    free(bytes), free(path);
    return ok;
}

/* Without the table of documents: is it there, and of its length? */
static bool check_sizes(const manifest *m, const json_t *j, const char *folder, const char *path,
                        const char *table, error *e)
{
    char check[HASH_HEX], wanted[HASH_HEX];
    struct stat s;
    int64_t bytes = 0;
    char *file = file_path(folder, MANIFEST_TABLE);
    const bool counted = take_count(&bytes, json_object_get(j, "documents"), "bytes", INT64_MAX);
    const bool there = stat(file, &s) == 0, same = there && s.st_size == bytes;
    if (!there) error_set(e, "%s: %s; run attnlab prepare again", file, strerror(errno));
    if (there && !same)
        error_set(e, "%s: %lld bytes instead of %lld; run attnlab prepare again", file,
                  (long long)s.st_size, (long long)bytes);
    free(file);
    if (counted && !same) return false;
    hash_sizes(check, m, table, bytes);
    return (counted && take_hash(wanted, j, "check") && strcmp(check, wanted) == 0) ||
           error_set(e,
                     "%s: the manifest has changed: its hash does not match; run attnlab "
                     "prepare again",
                     path);
}

static bool check_identity(const manifest *m, const char *path, error *e)
{
    char sha256[HASH_HEX];
    manifest_identity(sha256, m);
    return strcmp(sha256, m->sha256) == 0 ||
           error_set(e,
                     "%s: the manifest has changed: its SHA-256 does not match; run attnlab "
                     "prepare again",
                     path);
}

static bool take_json(manifest *m, const json_t *j, const char *folder, const char *path,
                      manifest_part part, error *e)
{
    char table[HASH_HEX];
    const char *format = json_string_value(json_object_get(j, "format"));
    const json_int_t version = json_integer_value(json_object_get(j, "version"));
    if (!format || strcmp(format, FORMAT) != 0)
        return error_set(e, "%s: not the manifest of a corpus", path);
    if (version > SPECIAL)
        return error_set(e,
                         "%s: format %" JSON_INTEGER_FORMAT
                         " is newer than this attnlab, which reads format %d: update attnlab",
                         path, version, SPECIAL);
    if (json_is_true(json_object_get(j, "incomplete")))
        return error_set(e, "%s: attnlab prepare was interrupted: run it again", path);
    if (version == 1 && take_manifest(m, j, 1)) {
        m->holdout = strdup("");
        return m->holdout ? check_identity(m, path, e) : error_set(e, "%s: out of memory", path);
    }
    if ((version == VERSION || version == SPECIAL) && take_manifest(m, j, (int)version) &&
        take_hash(table, json_object_get(j, "documents"), "sha256"))
        return check_sizes(m, j, folder, path, table, e) &&
               (part == MANIFEST_SIZES ||
                (read_table(m, folder, table, e) && check_identity(m, path, e)));
    return error_set(e, "%s: a field is missing or invalid; run attnlab prepare again", path);
}

/* The JSON of a manifest; the caller releases it.  NULL on failure. */
static json_t *load(const char *path, error *e)
{
    char *json = NULL;
    size_t n;
    json_error_t where;
    if (!file_read(&json, &n, path, LIMIT, e)) return NULL;
    json_t *j = json_loadb(json, n, JSON_REJECT_DUPLICATES, &where);
    if (!j)
        error_set(e, "%s:%d: not JSON (%s); run attnlab prepare again", path, where.line,
                  where.text);
    free(json);
    return j;
}

manifest_state manifest_look(const char *folder)
{
    error e;
    char *path = file_path(folder, MANIFEST_FILE);
    json_t *j = load(path, &e);
    const char *format = json_string_value(json_object_get(j, "format"));
    const bool own = format && strcmp(format, FORMAT) == 0;
    const bool begun = json_is_true(json_object_get(j, "incomplete"));
    json_decref(j);
    free(path);
    return own ? begun ? MANIFEST_BEGUN : MANIFEST_COMPLETE : MANIFEST_NONE;
}

bool manifest_read(manifest *m, const char *folder, manifest_part part, error *e)
{
    *m = (manifest){ 0 };
    struct stat s;
    if (stat(folder, &s) != 0 && errno == ENOENT)
        return error_set(e, "%s: no such corpus; make it with attnlab prepare", folder);
    char *path = file_path(folder, MANIFEST_FILE);
    bool ok = stat(path, &s) == 0 || errno != ENOENT;
    if (!ok) error_set(e, "%s: not a corpus: the folder has no %s", folder, MANIFEST_FILE);
    json_t *j = ok ? load(path, e) : NULL;
    ok = j && take_json(m, j, folder, path, part, e);
    json_decref(j);
    free(path);
    if (!ok) manifest_close(m);
    return ok;
}

void manifest_close(manifest *m)
{
    for (int i = 0; i < SPLITS; i++) {
        for (int j = 0; m->split[i].document && j < m->split[i].n; j++)
            free(m->split[i].document[j].path);
        free(m->split[i].document);
    }
    free(m->settings), free(m->holdout), free(m->generated);
    *m = (manifest){ 0 };
}
