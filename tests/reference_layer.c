/* reference_layer.c - y = f(x), dx and dw of one layer, against the same from PyTorch in float64.
 *
 *     |C - PyTorch| <= 1e-4 x (largest entry)
 *
 * The program writes the inputs of a case, tools/torch_oracle.py adds the results, and the program
 * checks them: so shapes and names come from the variant's own lists.
 */
#include "tests/reference_layer.h"

#include "tests/group.h"
#include "tests/rig.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double ROOM = 1e-4;

enum { NAME = 96, TEXT = 24 };

static const attn_dims USUAL = { .B = 2, .T = 71, .D = 20, .H = 4, .E = 8, .layer = 1, .L = 3 };

/* The sizes, in the order of the metadata. */
static int *size_of(attn_dims *d, const char *name)
{
    return strcmp(name, "B") == 0       ? &d->B
           : strcmp(name, "T") == 0     ? &d->T
           : strcmp(name, "D") == 0     ? &d->D
           : strcmp(name, "H") == 0     ? &d->H
           : strcmp(name, "E") == 0     ? &d->E
           : strcmp(name, "layer") == 0 ? &d->layer
           : strcmp(name, "L") == 0     ? &d->L
                                        : NULL;
}

static const char *const SIZE[] = { "B", "T", "D", "H", "E", "layer", "L" };
enum { SIZES = sizeof SIZE / sizeof *SIZE };

bool reference_layer_is(const safetensors *file)
{
    return safetensors_metadata(file, "spec") != NULL;
}

/* --- checking --------------------------------------------------------------------------------- */

static bool dims_of(attn_dims *d, const safetensors *file, error *e)
{
    *d = USUAL;
    for (int i = 0; i < SIZES; i++) {
        const char *text = safetensors_metadata(file, SIZE[i]);
        if (!text) return error_set(e, "no setting %s", SIZE[i]);
        *size_of(d, SIZE[i]) = atoi(text);
    }
    d->S = d->T;
    return true;
}

/* The tensor PREFIX+NAME of the case, which must have the floats of `like`. */
static const float *find(const safetensors *file, const char *prefix, const tensor_spec *like,
                         error *e)
{
    char name[NAME];
    snprintf(name, sizeof name, "%s%.64s", prefix, like->name);
    const safetensors_tensor *t = safetensors_find(file, name);
    if (!t) return error_set(e, "no tensor %s", name), NULL;
    if (strcmp(t->type, "F32") != 0 || safetensors_bytes(t) != tensor_floats(like) * sizeof(float))
        return error_set(e, "%s has another type or size", name), NULL;
    return t->data;
}

static bool compare(bool *agrees, const float *got, const safetensors *file, const char *prefix,
                    const tensor_spec *like, const char *path, error *e)
{
    const float *want = find(file, prefix, like, e);
    double worst = 0, size = 0;
    if (!want) return false;
    for (size_t i = 0; i < tensor_floats(like); i++) {
        const double gap = fabs((double)got[i] - want[i]);
        worst = gap <= worst ? worst : gap;
        size = fmax(size, fabs(want[i]));
    }
    printf("  %s%-16s %.2g of %.3g\n", prefix, like->name, worst, size);
    /* A gradient that is exactly 0 has no scale of its own. */
    if (worst <= ROOM * size + 100 * FLT_EPSILON) return true;
    *agrees = false;
    printf("%s: %s%s differs by %g, its largest entry is %g\n", path, prefix, like->name, worst,
           size);
    return true;
}

static bool take(float *out, const safetensors *file, const char *prefix, const tensor_spec *like,
                 error *e)
{
    const float *data = find(file, prefix, like, e);
    if (data) memcpy(out, data, tensor_floats(like) * sizeof *out);
    return data;
}

bool reference_layer_check(bool *agrees, const safetensors *file, const char *path, error *e)
{
    attn_dims d;
    const attn_variant *v;
    *agrees = true;
    if (!dims_of(&d, file, e) || !attn_parse(safetensors_metadata(file, "spec"), &v, &d, e))
        return error_where(e, path);
    const tensor_spec x_spec = { "x", { d.B, d.T, d.D } }, y_spec = { "y", { d.B, d.T, d.D } };
    const size_t n = tensor_floats(&x_spec);
    float *x = rig_block("x", n, 0), *y = rig_block("y", n, NAN), *dy = rig_block("dy", n, 0);
    float *dx = rig_block("dx", n, NAN);
    rig r;
    rig_open(&r, group_of(v, &d), &d);
    bool ok = take(x, file, "", &x_spec, e) && take(dy, file, "d", &y_spec, e);
    for (int i = 0; ok && i < r.w.n; i++) ok = take(r.w.at[i], file, "w.", &r.w.spec[i], e);
    if (ok) {
        rig_forward(&r, y, x);
        rig_backward(&r, dx, dy, x);
        ok = compare(agrees, y, file, "", &y_spec, path, e) &&
             compare(agrees, dx, file, "d", &x_spec, path, e);
    }
    for (int i = 0; ok && i < r.w.n; i++)
        ok = compare(agrees, r.dw.at[i], file, "dw.", &r.w.spec[i], path, e);
    rig_close(&r);
    rig_free(x), rig_free(y), rig_free(dy), rig_free(dx);
    return ok || error_where(e, path);
}

/* --- writing ---------------------------------------------------------------------------------- */

static bool read_sizes(attn_dims *d, const char *sizes, error *e)
{
    for (const char *at = sizes; *at; at += strcspn(at, ","), at += *at == ',') {
        const int n = (int)strcspn(at, "=,");
        char name[TEXT];
        snprintf(name, sizeof name, "%.*s", n, at);
        int *size = size_of(d, name);
        if (!size || at[n] != '=' || atoi(at + n + 1) < 0)
            return error_set(e, "'%s' is not a list of sizes such as T=71,D=20", sizes);
        *size = atoi(at + n + 1);
    }
    d->S = d->T;
    return true;
}

static safetensors_tensor entry(const char *name, const tensor_spec *spec, const float *data)
{
    safetensors_tensor t = { .name = name, .type = "F32", .data = data };
    for (; t.rank < TENSOR_RANK && spec->dim[t.rank] > 0; t.rank++)
        t.dim[t.rank] = (size_t)spec->dim[t.rank];
    return t;
}

/* "size=5,n_kv_heads=2" */
static void options_text(char out[ATTN_SPEC], const attn_variant *v, const attn_dims *d)
{
    size_t n = 0;
    out[0] = '\0';
    for (int i = 0; v->options && v->options[i].name && n < ATTN_SPEC; i++)
        n += (size_t)snprintf(out + n, ATTN_SPEC - n, "%s%s=%.17g", n ? "," : "",
                              v->options[i].name, d->opt[i]);
}

/* The settings of the case, and then its tensors: x, dy and the parameters. */
static bool save(const char *path, const char *spec, const attn_variant *v, attn_dims *d,
                 const rig *r, const safetensors_tensor *x, const safetensors_tensor *dy, error *e)
{
    char names[TENSOR_MAX][NAME], text[SIZES][TEXT], theta[TEXT], options[ATTN_SPEC], sha[HASH_HEX];
    safetensors_tensor list[TENSOR_MAX + 2] = { *x, *dy };
    int place = 0;
    while (attn_variants[place] != v) place++;
    options_text(options, v, d);
    snprintf(theta, sizeof theta, "%d", RIG_THETA);
    const char *metadata[2 * (SIZES + 4) + 1] = {
        "spec", spec, "file", attn_files[place], "options", options, "rope_theta", theta
    };
    for (int i = 0; i < SIZES; i++) {
        snprintf(text[i], TEXT, "%d", *size_of(d, SIZE[i]));
        metadata[2 * (i + 4)] = SIZE[i], metadata[2 * (i + 4) + 1] = text[i];
    }
    for (int i = 0; i < r->w.n; i++) {
        snprintf(names[i], NAME, "w.%.64s", r->w.spec[i].name);
        list[2 + i] = entry(names[i], &r->w.spec[i], r->w.at[i]);
    }
    return safetensors_save(path, list, 2 + r->w.n, metadata, sha, NULL, e);
}

bool reference_layer_write(const char *path, const char *spec, const char *sizes, error *e)
{
    attn_dims d = USUAL;
    const attn_variant *v;
    if (!read_sizes(&d, sizes, e) || !attn_parse(spec, &v, &d, e)) return false;
    const tensor_spec like = { "x", { d.B, d.T, d.D } };
    const size_t n = tensor_floats(&like);
    float *x = rig_block("x", n, 1), *dy = rig_block("dy", n, 1);
    const safetensors_tensor x_entry = entry("x", &like, x), dy_entry = entry("dy", &like, dy);
    rig r;
    rig_open(&r, group_of(v, &d), &d);
    const bool ok = save(path, spec, v, &d, &r, &x_entry, &dy_entry, e);
    rig_close(&r);
    rig_free(x), rig_free(dy);
    return ok;
}
