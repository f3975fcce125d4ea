/* conformance_specs.c - which specs of a variant are checked.
 *
 *     the name alone;  each option at the edges of its range and between;  several options at once
 *
 * A stride that is wrong only with fewer key/value heads than query heads, or a division by an
 * option that may be 0, shows at some of them.  What check() refuses is skipped by the caller, and
 * layers much larger than the rest are left out: the edge of a range of ranks or widths costs
 * minutes, and shows no more than a small one.
 */
#include "tests/conformance.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { VALUES = 8, MIXED = 8, LARGEST = 1 << 16 /* weights of a layer */ };

static bool within(const attn_option *o, double x)
{
    return x >= o->min && x <= o->max;
}

static int add(double *list, int n, const attn_option *o, double x)
{
    for (int i = 0; i < n; i++)
        if (list[i] == x) return n;
    if (within(o, x)) list[n++] = x;
    return n;
}

/* Values worth trying: small numbers, the number of heads, more than a tile of attention, edges. */
static int values_of(double list[VALUES], const attn_option *o, const attn_dims *d)
{
    int n = 0;
    if (o->kind == ATTN_INTEGER) {
        const double some[] = { o->min, 1, 2, 3, d->H, 65, o->max };
        for (size_t i = 0; i < sizeof some / sizeof *some; i++) n = add(list, n, o, some[i]);
        return n;
    }
    const bool wide = o->min > 0 && o->max > 100 * o->min;
    n = add(list, n, o, o->min);
    n = add(list, n, o, wide ? sqrt(o->min * o->max) : (o->min + o->max) / 2);
    return add(list, n, o, o->max);
}

static size_t append(char spec[ATTN_SPEC], size_t n, const attn_option *o, double x)
{
    if (n >= ATTN_SPEC) return n;
    return n + (size_t)snprintf(spec + n, ATTN_SPEC - n, ":%s=%.9g", o->name, x);
}

static bool too_large(const char *spec, const attn_dims *d)
{
    attn_dims own = *d;
    const attn_variant *v;
    tensor_spec list[TENSOR_MAX] = { { 0 } };
    size_t floats = 0;
    error e;
    if (!attn_parse(spec, &v, &own, &e)) return false;
    v->params(&own, list);
    for (int i = 0; i < tensor_list_length(list); i++) floats += tensor_floats(&list[i]);
    return floats > LARGEST;
}

int specs_of(char out[][ATTN_SPEC], int most, const attn_variant *v, const attn_dims *d)
{
    double list[VALUES];
    int n = 0, free_options = 0;
    const size_t name = (size_t)snprintf(out[n++], ATTN_SPEC, "%s", v->name);
    for (const attn_option *o = v->options; o && o->name; o++) {
        if (o->kind == ATTN_FIXED) continue;
        free_options++;
        const int values = values_of(list, o, d);
        for (int i = 0; i < values && n < most; i++) {
            memcpy(out[n], v->name, name + 1);
            append(out[n++], name, o, list[i]);
        }
    }
    uint32_t chance = 12345;
    for (int i = 0; free_options > 1 && i < MIXED && n < most; i++) {
        size_t length = name;
        memcpy(out[n], v->name, name + 1);
        for (const attn_option *o = v->options; o->name; o++) {
            if (o->kind == ATTN_FIXED) continue;
            const int values = values_of(list, o, d);
            chance = chance * 1664525 + 1013904223;
            const int at = (int)(chance >> 16) % (values + 1);
            if (at < values) length = append(out[n], length, o, list[at]);
        }
        n += length < ATTN_SPEC;
    }
    int kept = 0;
    for (int i = 0; i < n; i++)
        if (!too_large(out[i], d)) memmove(out[kept++], out[i], ATTN_SPEC);
    return kept;
}
