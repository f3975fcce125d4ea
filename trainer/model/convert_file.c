/* convert_file.c - read, convert, write; what is no key or value projection is copied to the bit.
 */
#include "trainer/model/convert_file.h"

#include "core/compute/rng.h"
#include "variants/attn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool ends_in(const char *name, const char *end)
{
    const size_t n = strlen(name), m = strlen(end);
    return n >= m && strcmp(name + n - m, end) == 0;
}

static bool is_projection(const char *name)
{
    return ends_in(name, "k_proj.weight") || ends_in(name, "v_proj.weight");
}

/* Can the heads of this projection be joined into so many? */
static bool check(const safetensors_tensor *t, const char *path, int heads, int head_dim, error *e)
{
    if (t->rank != 2 || strcmp(t->type, "F32") != 0)
        return error_usage(e, "%s: %s is no float32 matrix (%s, %d axes)", path, t->name, t->type,
                           t->rank);
    const size_t E = (size_t)head_dim, from = t->dim[0] / E;
    if (t->dim[0] % E)
        return error_usage(e, "%s: %s has %zu rows, which heads of width %d don't divide", path,
                           t->name, t->dim[0], head_dim);
    return from % (size_t)heads == 0 ||
           error_usage(e, "%s: %s has %zu heads, which can't be joined into %d equal groups", path,
                       t->name, from, heads);
}

/* The converted tensor, for free; its shape goes into *t. */
static float *convert(safetensors_tensor *t, int heads, int head_dim, const conversion *how)
{
    const int D = (int)t->dim[1], from = (int)(t->dim[0] / (size_t)head_dim);
    float *out = malloc((size_t)heads * (size_t)head_dim * (size_t)D * sizeof *out);
    if (!out) return NULL;
    if (how->kind == CONVERT_MEAN)
        convert_mean(out, t->data, heads, from, head_dim, D);
    else if (how->kind == CONVERT_FIRST || from == heads)
        convert_first(out, t->data, heads, from, head_dim, D);
    else {
        const tensor_spec spec = { "", { heads * head_dim, D }, .std = attn_std() };
        convert_draw(out, t->name, &spec, how);
    }
    t->dim[0] = (size_t)heads * (size_t)head_dim;
    t->data = out;
    return out;
}

bool convert_file(int *layers, const char *out, const char *in, int heads, int head_dim,
                  const conversion *how, error *e)
{
    safetensors file;
    char sha256[HASH_HEX];
    int n = 0, made = 0;
    if (!safetensors_open(&file, in, e)) return false;
    safetensors_tensor *list = error_zeroed((size_t)file.n, sizeof *list);
    float **block = error_zeroed((size_t)file.n, sizeof *block);
    bool ok = true;
    for (int i = 0; ok && i < file.n; i++) {
        if (strncmp(file.tensor[i].name, "optimizer.", 10) == 0) continue;
        safetensors_tensor *t = &list[n++];
        *t = file.tensor[i];
        if (!is_projection(t->name)) continue;
        ok = check(t, in, heads, head_dim, e);
        if (!ok) break;
        block[made] = convert(t, heads, head_dim, how);
        ok = block[made++] != NULL || error_set(e, "out of memory for %s", t->name);
    }
    if (ok && !made) ok = error_usage(e, "%s: has no key or value projection (k_proj, v_proj)", in);
    ok = ok && safetensors_save(out, list, n, NULL, sha256, NULL, e);
    *layers = made / 2;
    for (int i = 0; i < made; i++) free(block[i]);
    free(block), free(list);
    safetensors_close(&file);
    return ok;
}
