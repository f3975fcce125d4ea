/* gguf_keys.c - read the keys of a GGUF file (gguf.h has the layout).
 *
 *     key = text, type (4 bytes), value        text = length (8 bytes), bytes
 *     array = type of the elements (4 bytes), how many (8 bytes), elements
 */
#include "trainer/interchange/gguf_keys.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool gguf_take(void *out, gguf_cursor *c, size_t n)
{
    if ((size_t)(c->end - c->at) < n) return false;
    memcpy(out, c->at, n);
    c->at += n;
    return true;
}

bool gguf_take_text(const char **text, uint64_t *n, gguf_cursor *c)
{
    if (!gguf_take(n, c, sizeof *n) || *n > (uint64_t)(c->end - c->at)) return false;
    *text = c->at, c->at += *n;
    return true;
}

static bool take_number(double *x, gguf_cursor *c, gguf_value type)
{
    union {
        uint8_t u8;
        int8_t i8;
        uint16_t u16;
        int16_t i16;
        uint32_t u32;
        int32_t i32;
        float f32;
        uint64_t u64;
        int64_t i64;
        double f64;
    } v = { 0 };
    static const size_t BYTES[GGUF_VALUES] = { 1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8 };
    if (type >= GGUF_VALUES || !BYTES[type] || !gguf_take(&v, c, BYTES[type])) return false;
    const double number[GGUF_VALUES] = { v.u8,          v.i8,          v.u16, v.i16, v.u32,
                                         v.i32,         v.f32,         v.u8,  0,     0,
                                         (double)v.u64, (double)v.i64, v.f64 };
    *x = number[type];
    return true;
}

/* The elements are walked over, not kept. */
static bool take_array(gguf_key *v, gguf_cursor *c)
{
    uint32_t element;
    double x;
    const char *text;
    uint64_t n;
    if (!gguf_take(&element, c, sizeof element) || !gguf_take(&v->n, c, sizeof v->n)) return false;
    v->element = (gguf_value)element, v->bytes = c->at;
    if (element >= GGUF_VALUES || element == GGUF_ARRAY) return false; /* no nested arrays */
    for (uint64_t i = 0; i < v->n; i++)
        if (element == GGUF_STRING ? !gguf_take_text(&text, &n, c)
                                   : !take_number(&x, c, (gguf_value)element))
            return false;
    v->end = c->at;
    return true;
}

static bool take_value(gguf_key *v, gguf_cursor *c)
{
    uint32_t type;
    uint64_t n;
    *v = (gguf_key){ 0 };
    if (!gguf_take_text(&v->key, &n, c) || !gguf_take(&type, c, sizeof type) || type >= GGUF_VALUES)
        return false;
    v->key_bytes = (size_t)n, v->type = (gguf_value)type;
    if (type == GGUF_STRING) return gguf_take_text(&v->bytes, &v->n, c);
    return type == GGUF_ARRAY ? take_array(v, c) : take_number(&v->number, c, v->type);
}

const gguf_key *gguf_find(const gguf_keys *k, const char *name)
{
    for (size_t i = 0; i < k->n; i++)
        if (k->item[i].key_bytes == strlen(name) &&
            memcmp(k->item[i].key, name, k->item[i].key_bytes) == 0)
            return &k->item[i];
    return NULL;
}

static bool is_number(const gguf_key *v)
{
    return v && v->type != GGUF_STRING && v->type != GGUF_ARRAY;
}

double gguf_number_or(const gguf_keys *k, const char *name, double otherwise)
{
    const gguf_key *v = gguf_find(k, name);
    return is_number(v) ? v->number : otherwise;
}

bool gguf_is_text(const gguf_key *v, const char *text)
{
    return v && v->type == GGUF_STRING && v->n == strlen(text) &&
           memcmp(v->bytes, text, (size_t)v->n) == 0;
}

bool gguf_take_count(int64_t *out, const gguf_keys *k, const char *name, int64_t otherwise,
                     error *e)
{
    const double x = gguf_number_or(k, name, (double)otherwise);
    if (!(x >= 0 && x < 1e9 && x == floor(x)))
        return error_set(e, "the key %s is missing or not a count", name);
    *out = (int64_t)x;
    return true;
}

bool gguf_is_array(const gguf_key *v, gguf_value element, uint64_t n)
{
    return v && v->type == GGUF_ARRAY && v->element == element && v->n == n;
}

bool gguf_make_list(void **list, uint64_t n, size_t size, size_t least, const gguf_cursor *c,
                    error *e)
{
    if (n > (uint64_t)(c->end - c->at) / least)
        return error_set(e, "the header says more keys or tensors than the file has room for");
    *list = calloc((size_t)n + 1, size);
    return *list || error_set(e, "out of memory");
}

bool gguf_keys_read(gguf_keys *k, gguf_cursor *c, uint64_t n, error *e)
{
    enum { LEAST = 13 }; /* a length, a type and a byte */
    void *list = NULL;
    if (!gguf_make_list(&list, n, sizeof *k->item, LEAST, c, e)) return false;
    k->item = list;
    for (; k->n < n; k->n++)
        if (!take_value(&k->item[k->n], c))
            return error_set(e, "key %zu is cut short or not well-formed", k->n + 1);
    return true;
}
