/* conformance_usage.c - what is declared is used: a parameter that changes nothing is counted and
 * decayed for nothing, and a cache that holds nothing makes KV bytes wrong.
 *
 *     a row of a parameter is used     if y changes with it
 *     a float of the cache is used     if what it holds after a sequence depends on x
 *
 * One spec may switch a part off (a window of 1 makes queries useless), so a tensor is reported
 * only if no spec uses all of it.
 */
#include "tests/conformance.h"
#include "tests/promise.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { TENSORS = 64 };

static struct usage {
    char name[STORE_TEXT];
    bool cache, used;
    char unused[256]; /* what was seen where it was first not used */
} list[TENSORS];
static int tensors;

static struct usage *find(const char *name, bool cache)
{
    for (int i = 0; i < tensors; i++)
        if (list[i].cache == cache && strcmp(list[i].name, name) == 0) return &list[i];
    if (tensors == TENSORS) return NULL;
    struct usage *u = &list[tensors++];
    u->cache = cache;
    snprintf(u->name, sizeof u->name, "%.80s", name);
    return u;
}

static void note_param(const trial *t, int i, const float *y, float *y2)
{
    const rig *r = &t->r;
    const tensor_spec *spec = &r->w.spec[i];
    struct usage *u = find(spec->name, false);
    const size_t rows = (size_t)spec->dim[0], width = tensor_floats(spec) / rows;
    size_t idle = 0, first = 0;
    if (!u || u->used) return;
    for (size_t k = 0; k < rows; k++) {
        float *row = r->w.at[i] + k * width;
        for (size_t j = 0; j < width; j++) row[j] += 0.5f;
        rig_forward(r, y2, t->x);
        for (size_t j = 0; j < width; j++) row[j] -= 0.5f;
        if (memcmp(y, y2, t->n * sizeof *y) != 0) continue;
        if (!idle++) first = k;
    }
    u->used = idle == 0;
    char text[STORE_TEXT];
    store_describe(text, spec);
    if (idle && !u->unused[0])
        snprintf(
            u->unused, sizeof u->unused,
            "unused: y does not change with %zu of the %zu rows of %s, the first of which is %zu",
            idle, rows, text, first);
}

/* Extend over all of x, position by position, from a poisoned cache. */
static void fill_cache(const rig *r, const float *x, float *xt, float *yt)
{
    const attn_dims *d = &r->l.dims;
    const size_t row = (size_t)d->D;
    store_fill(&r->cache, NAN);
    for (int t = 0; t < d->T; t++) {
        for (int b = 0; b < d->B; b++)
            memcpy(xt + b * row, x + ((size_t)b * d->T + t) * row, row * sizeof *xt);
        rig_extend(r, yt, xt, t, 1);
    }
}

static void note_cache(const rig *one, const rig *two, int i)
{
    const tensor_spec *spec = &one->cache.spec[i];
    const size_t n = tensor_floats(spec);
    struct usage *u = find(spec->name, true);
    size_t idle = 0, first = 0;
    if (!u || u->used) return;
    for (size_t j = 0; j < n; j++) {
        const float a = one->cache.at[i][j], b = two->cache.at[i][j];
        if (!isnan(a) && !isnan(b) && a != b) continue;
        if (!idle++) first = j;
    }
    u->used = idle == 0;
    char text[STORE_TEXT];
    store_describe(text, spec);
    if (idle && !u->unused[0])
        snprintf(u->unused, sizeof u->unused,
                 "cache: %zu of the %zu floats of %s hold nothing of x after %d positions, from "
                 "%zu on: is it "
                 "declared too large?",
                 idle, n, text, one->l.dims.T, first);
}

void check_usage(const trial *t)
{
    attn_dims d = t->r.l.dims;
    float *y = rig_block("y", t->n, NAN), *y2 = rig_block("y", t->n, NAN),
          *x2 = rig_block("x", t->n, 1);
    rig_forward(&t->r, y, t->x);
    for (int i = 0; i < t->r.w.n; i++) note_param(t, i, y, y2);

    rig one, two;
    d.S = 1;
    rig_open(&one, t->r.v, &d), rig_open(&two, t->r.v, &d);
    for (int i = 0; i < one.w.n; i++) one.l.w[i] = two.l.w[i] = t->r.w.at[i];
    const size_t n = (size_t)d.B * (size_t)d.D;
    float *xt = rig_block("x", n, 0), *yt = rig_block("y", n, 0);
    fill_cache(&one, t->x, xt, yt), fill_cache(&two, x2, xt, yt);
    for (int i = 0; i < one.cache.n; i++) note_cache(&one, &two, i);
    rig_close(&one), rig_close(&two);
    rig_free(xt), rig_free(yt), rig_free(y), rig_free(y2), rig_free(x2);
}

void usage_report(void)
{
    for (int i = 0; i < tensors; i++) promise(list[i].used, "%s", list[i].unused);
}
