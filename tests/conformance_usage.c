/* conformance_usage.c - what is declared is used: a parameter that changes nothing is counted and
 * decayed for nothing, and a cache that holds nothing makes KV bytes wrong.
 *
 *     a row of a parameter is used     if y changes with it
 *     a float of the cache is used     if it is written, and does not stay 0
 *
 * A tensor is too large if its last rows, or some floats of a cache, are not used and the others
 * are. One spec may switch a tensor off (a window of 1 makes queries useless), so a tensor of which
 * nothing is used is reported only if that is so at every spec.
 */
#include "tests/conformance.h"
#include "tests/promise.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { TENSORS = 64, LONG = 10 }; /* a buffer may well be longer than a short sequence */

static struct usage {
    char name[STORE_TEXT];
    bool cache, used;
} list[TENSORS];
static int tensors;

static void note(const char *name, bool cache, bool used)
{
    int i = 0;
    while (i < tensors && (list[i].cache != cache || strcmp(list[i].name, name) != 0)) i++;
    if (i == TENSORS) return;
    if (i == tensors) snprintf(list[tensors++].name, STORE_TEXT, "%.80s", name);
    list[i].cache = cache;
    list[i].used = list[i].used || used;
}

static void check_param(const trial *t, int i, const float *y, float *y2)
{
    const rig *r = &t->r;
    const tensor_spec *spec = &r->w.spec[i];
    const size_t rows = (size_t)spec->dim[0], width = tensor_floats(spec) / rows;
    size_t last = 0; /* rows up to the last that is used */
    float *keep = rig_block("a copy", width, 0);
    for (size_t k = 0; k < rows; k++) {
        float *row = r->w.at[i] + k * width;
        memcpy(keep, row, width * sizeof *row);
        for (size_t j = 0; j < width; j++) row[j] += 0.5f;
        rig_forward(r, y2, t->x);
        memcpy(row, keep, width * sizeof *row);
        if (memcmp(y, y2, t->n * sizeof *y) != 0) last = k + 1;
    }
    rig_free(keep);
    note(spec->name, false, last > 0);
    char text[STORE_TEXT];
    store_describe(text, spec);
    promise(last == 0 || last == rows,
            "unused: y does not change with rows %zu to %zu of %s: is it declared "
            "too large?",
            last, rows - 1, text);
}

/* Extend over all of x, position by position, from a poisoned cache. */
static void fill_cache(const rig *r, const float *x)
{
    const attn_dims *d = &r->l.dims;
    const size_t row = (size_t)d->D, n = (size_t)d->B * row;
    float *xt = rig_block("x", n, 0), *yt = rig_block("y", n, 0);
    store_fill(&r->cache, NAN);
    for (int t = 0; t < d->T; t++) {
        for (int b = 0; b < d->B; b++)
            memcpy(xt + b * row, x + ((size_t)b * d->T + t) * row, row * sizeof *xt);
        rig_extend(r, yt, xt, t, 1);
    }
    rig_free(xt), rig_free(yt);
}

static void check_cache(const rig *r, int i)
{
    const tensor_spec *spec = &r->cache.spec[i];
    const float *at = r->cache.at[i];
    const size_t n = tensor_floats(spec);
    size_t idle = 0, first = 0;
    for (size_t j = 0; j < n; j++)
        if ((isnan(at[j]) || at[j] == 0) && !idle++) first = j;
    note(spec->name, true, idle < n);
    char text[STORE_TEXT];
    store_describe(text, spec);
    promise(idle == 0 || idle == n || r->l.dims.T < LONG,
            "cache: after %d positions %zu of the %zu floats of %s hold nothing, the first of "
            "which is %zu: is "
            "it declared too large?",
            r->l.dims.T, idle, n, text, first);
}

void check_usage(const trial *t)
{
    attn_dims d = t->r.l.dims;
    float *y = rig_block("y", t->n, NAN), *y2 = rig_block("y", t->n, NAN);
    rig_forward(&t->r, y, t->x);
    for (int i = 0; i < t->r.w.n && d.T < LONG; i++) check_param(t, i, y, y2);
    rig_free(y), rig_free(y2);

    rig r;
    d.S = 1;
    rig_open(&r, t->r.v, &d);
    for (int i = 0; i < r.w.n; i++) r.l.w[i] = t->r.w.at[i];
    fill_cache(&r, t->x);
    for (int i = 0; i < r.cache.n; i++) check_cache(&r, i);
    rig_close(&r);
}

void usage_report(void)
{
    for (int i = 0; i < tensors; i++)
        if (list[i].cache)
            promise(list[i].used, "cache of %s: it holds nothing at any spec", list[i].name);
        else
            promise(list[i].used, "unused: y changes with no row of %s at any spec", list[i].name);
}
