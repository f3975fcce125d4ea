/* safetensors.c - reads and writes safetensors files (huggingface/safetensors, README, "Format").
 *
 *     file = length of the header (8 bytes, little-endian), header (JSON), data
 *
 * A file that was read satisfies: sorted by place, the first tensor begins where the data begin,
 * each other one where the one before it ends, and the last one ends with the file.
 */
#include "core/base/safetensors.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const size_t HEADER_MAX = 100u << 20;

static const struct {
    const char *name;
    size_t bytes;
} TYPES[] = { { "F64", 8 }, { "I64", 8 },  { "U64", 8 }, { "F32", 4 }, { "I32", 4 },
              { "U32", 4 }, { "BF16", 2 }, { "F16", 2 }, { "I16", 2 }, { "U16", 2 },
              { "I8", 1 },  { "U8", 1 },   { "BOOL", 1 } };

static size_t type_bytes(const char *type)
{
    for (size_t i = 0; type && i < sizeof TYPES / sizeof *TYPES; i++)
        if (strcmp(type, TYPES[i].name) == 0) return TYPES[i].bytes;
    return 0;
}

/* Bytes of a tensor; false if the number does not fit a size_t. */
static bool count_bytes(const safetensors_tensor *t, size_t *bytes)
{
    *bytes = type_bytes(t->type);
    for (int i = 0; i < t->rank; i++)
        if (__builtin_mul_overflow(*bytes, t->dim[i], bytes)) return false;
    return true;
}

size_t safetensors_bytes(const safetensors_tensor *t)
{
    size_t bytes = 0;
    return count_bytes(t, &bytes) ? bytes : 0;
}

bool safetensors_alike(const safetensors_tensor *a, const safetensors_tensor *b)
{
    return strcmp(a->type, b->type) == 0 && a->rank == b->rank &&
           memcmp(a->dim, b->dim, (size_t)a->rank * sizeof *a->dim) == 0;
}

static bool take_size(const json_t *j, size_t *out)
{
    if (!json_is_integer(j) || json_integer_value(j) < 0) return false;
    *out = (size_t)json_integer_value(j);
    return true;
}

/* Read and check one entry of the header of a file whose `room` bytes of data start at base.
 * Returns what is wrong with it, or NULL. */
static const char *read_entry(safetensors_tensor *t, const char *name, const json_t *entry,
                              const char *base, size_t room, size_t *begin, size_t *end)
{
    size_t bytes;
    const json_t *shape = json_object_get(entry, "shape");
    const json_t *offsets = json_object_get(entry, "data_offsets");
    t->name = name;
    t->type = json_string_value(json_object_get(entry, "dtype"));
    if (!type_bytes(t->type)) return "has an unknown type (dtype)";
    if (!json_is_array(shape) || json_array_size(shape) > SAFETENSORS_RANK)
        return "has no shape, or too many axes";
    t->rank = (int)json_array_size(shape);
    for (int i = 0; i < t->rank; i++)
        if (!take_size(json_array_get(shape, (size_t)i), &t->dim[i])) return "has an invalid shape";
    if (!json_is_array(offsets) || json_array_size(offsets) != 2 ||
        !take_size(json_array_get(offsets, 0), begin) ||
        !take_size(json_array_get(offsets, 1), end))
        return "has invalid data_offsets";
    if (*begin > *end || *end > room) return "has data outside the file";
    if (!count_bytes(t, &bytes) || bytes != *end - *begin)
        return "has a shape that does not match the size of its data";
    t->data = base + *begin;
    return NULL;
}

static int by_place(const void *a, const void *b)
{
    const safetensors_tensor *x = a, *y = b;
    if (x->data != y->data) return (const char *)x->data < (const char *)y->data ? -1 : 1;
    const size_t m = safetensors_bytes(x), n = safetensors_bytes(y); /* empty tensors first */
    return m == n ? strcmp(x->name, y->name) : m < n ? -1 : 1;
}

static bool read_header(safetensors *s, const char *path, size_t size, error *e)
{
    uint64_t length;
    if (size < sizeof length) return error_set(e, "%s: too short for a safetensors file", path);
    memcpy(&length, s->bytes, sizeof length);
    if (length > HEADER_MAX || length > size - sizeof length)
        return error_set(e,
                         "%s: not a safetensors file: its header of %" PRIu64
                         " bytes would be longer than the file",
                         path, length);
    const char *text = s->bytes + sizeof length, *base = text + length;
    const size_t room = size - sizeof length - (size_t)length;
    json_error_t where;
    json_t *header = length > 0 && *text == '{'
                         ? json_loadb(text, (size_t)length, JSON_REJECT_DUPLICATES, &where)
                         : NULL;
    s->header = header;
    if (!header)
        return error_set(e, "%s: not a safetensors file: the header is not a JSON object", path);

    json_t *metadata = json_object_get(header, "__metadata__"), *entry;
    const char *name;
    if (metadata && !json_is_object(metadata))
        return error_set(e, "%s: __metadata__ in the header is not an object", path);
    json_object_foreach(metadata, name, entry)
    {
        if (!json_is_string(entry))
            return error_set(e, "%s: __metadata__ '%.100s' in the header is not a string", path,
                             name);
    }
    s->tensor = calloc(json_object_size(header) + 1, sizeof *s->tensor);
    if (!s->tensor) return error_set(e, "%s: out of memory", path);
    json_object_foreach(header, name, entry)
    {
        size_t begin, end;
        if (entry == metadata) continue;
        const char *why = read_entry(&s->tensor[s->n], name, entry, base, room, &begin, &end);
        if (why) return error_set(e, "%s: tensor '%.100s' %s", path, name, why);
        s->n++;
    }
    qsort(s->tensor, (size_t)s->n, sizeof *s->tensor, by_place);
    const char *at = base;
    for (int i = 0; i < s->n; i++) {
        if (s->tensor[i].data != at)
            return error_set(e,
                             "%s: there is a gap or an overlap before the data of tensor '%.100s'",
                             path, s->tensor[i].name);
        at += safetensors_bytes(&s->tensor[i]);
    }
    return at == base + room ? true
                             : error_set(e, "%s: the file has data that belong to no tensor", path);
}

bool safetensors_open(safetensors *s, const char *path, error *e)
{
    *s = (safetensors){ 0 };
    size_t size;
    if (!file_read(&s->bytes, &size, path, (size_t)1 << 40, e)) return false;
    hash_bytes(s->sha256, s->bytes, size);
    if (read_header(s, path, size, e)) return true;
    safetensors_close(s);
    return false;
}

void safetensors_close(safetensors *s)
{
    json_decref(s->header);
    free(s->tensor), free(s->bytes);
    *s = (safetensors){ 0 };
}

const safetensors_tensor *safetensors_find(const safetensors *s, const char *name)
{
    for (int i = 0; i < s->n; i++)
        if (strcmp(s->tensor[i].name, name) == 0) return &s->tensor[i];
    return NULL;
}

const char *safetensors_metadata(const safetensors *s, const char *key)
{
    return json_string_value(json_object_get(json_object_get(s->header, "__metadata__"), key));
}

/* The header as text, padded with spaces to a multiple of 8 bytes so that the data are aligned; the
 * caller frees it.  NULL if memory runs out. */
static char *write_header(const safetensors_tensor *list, int n, const char *const *metadata)
{
    json_t *header = json_object(), *extra = json_object();
    for (; metadata && metadata[0]; metadata += 2)
        json_object_set_new(extra, metadata[0], json_string(metadata[1]));
    if (json_object_size(extra) > 0) json_object_set(header, "__metadata__", extra);
    json_decref(extra);
    size_t at = 0;
    for (int i = 0; i < n; i++) {
        json_t *shape = json_array();
        for (int j = 0; j < list[i].rank; j++)
            json_array_append_new(shape, json_integer((json_int_t)list[i].dim[j]));
        const size_t end = at + safetensors_bytes(&list[i]);
        json_object_set_new(header, list[i].name,
                            json_pack("{s:s, s:o, s:[I, I]}", "dtype", list[i].type, "shape", shape,
                                      "data_offsets", (json_int_t)at, (json_int_t)end));
        at = end;
    }
    char *text = json_dumps(header, JSON_COMPACT | JSON_PRESERVE_ORDER);
    json_decref(header);
    const size_t length = text ? strlen(text) : 0, padded = (length + 7) / 8 * 8;
    char *out = text ? realloc(text, padded + 1) : NULL;
    if (!out) {
        free(text);
        return NULL;
    }
    memset(out + length, ' ', padded - length);
    out[padded] = '\0';
    return out;
}

bool safetensors_put(file_draft *d, const safetensors_tensor *list, int n,
                     const char *const *metadata, char sha256[HASH_HEX], size_t *bytes, error *e)
{
    hash h;
    char *header = write_header(list, n, metadata);
    if (!header) {
        error_set(e, "%s: out of memory while writing the header", d->path);
        file_draft_drop(d);
        return false;
    }
    const uint64_t length = strlen(header);
    size_t size = sizeof length + (size_t)length;
    hash_open(&h);
    hash_add(&h, &length, sizeof length);
    hash_add(&h, header, (size_t)length);
    fwrite(&length, sizeof length, 1, d->f);
    fwrite(header, 1, (size_t)length, d->f);
    for (int i = 0; i < n && !ferror(d->f); i++) {
        const size_t m = safetensors_bytes(&list[i]);
        hash_add(&h, list[i].data, m);
        fwrite(list[i].data, 1, m, d->f);
        size += m;
    }
    hash_close(&h, sha256);
    free(header);
    if (bytes) *bytes = size;
    return file_draft_close(d, e);
}

bool safetensors_save(const char *path, const safetensors_tensor *list, int n,
                      const char *const *metadata, char sha256[HASH_HEX], size_t *bytes, error *e)
{
    file_draft d;
    return file_draft_open(&d, path, e) && safetensors_put(&d, list, n, metadata, sha256, bytes, e);
}
