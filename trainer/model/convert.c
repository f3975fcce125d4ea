/* convert.c - the key/value heads of a group, made one.
 *
 *     W'[g] = (1/n) sum over i < n of W[g n + i]        (Ainslie et al. 2023, figure 1)
 */
#include "trainer/model/convert.h"

#include "core/compute/rng.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

void convert_first(float *out, const void *in, int to, int from, int E, int D)
{
    const size_t head = (size_t)E * (size_t)D, n = (size_t)(from / to);
    assert(from % to == 0);
    for (size_t g = 0; g < (size_t)to; g++)
        memcpy(out + g * head, (const char *)in + g * n * head * sizeof *out, head * sizeof *out);
}

void convert_mean(float *out, const void *in, int to, int from, int E, int D)
{
    const size_t head = (size_t)E * (size_t)D, n = (size_t)(from / to);
    assert(from % to == 0);
    for (size_t g = 0; g < (size_t)to; g++)
        for (size_t k = 0; k < head; k++) {
            double sum = 0;
            for (size_t i = 0; i < n; i++) {
                float x;
                memcpy(&x, (const char *)in + ((g * n + i) * head + k) * sizeof x, sizeof x);
                sum += x;
            }
            out[g * head + k] = (float)(sum / (double)n);
        }
}

void convert_draw(float *out, const char *name, const tensor_spec *spec, const conversion *how)
{
    char stream[256];
    snprintf(stream, sizeof stream, "convert.%s", name);
    const rng r = rng_stream(how->seed, how->replica, stream);
    rng_fill(out, &r, spec);
}

/* Key/value heads of the layer that the tensor is in. */
static int heads_of(const model *m, const model_tensor *t)
{
    const attn_dims d = model_dims(&m->config, t->layer, 1, m->config.T, m->config.T);
    return attn_kv_heads(m->config.layer[t->layer].variant, &d);
}

int convert_heads(const model *m, int i, const safetensors_tensor *have)
{
    const model_tensor *t = &m->tensor[i];
    if (t->role != ROLE_ATTENTION || t->spec.dim[2] != 0) return 0;
    if (strcmp(t->spec.name, "k_proj") != 0 && strcmp(t->spec.name, "v_proj") != 0) return 0;
    const int G = heads_of(m, t);
    if (G < 1 || t->spec.dim[0] % G || strcmp(have->type, "F32") != 0 || have->rank != 2) return 0;
    const size_t width = (size_t)(t->spec.dim[0] / G), from = have->dim[0] / width;
    if (have->dim[1] != (size_t)t->spec.dim[1] || have->dim[0] % width || from % (size_t)G ||
        from > (size_t)m->config.H)
        return 0;
    return (int)from;
}

void convert_tensor(float *w, const model *m, int i, const safetensors_tensor *have,
                    const conversion *how)
{
    const model_tensor *t = &m->tensor[i];
    const int from = convert_heads(m, i, have), G = heads_of(m, t);
    const int width = t->spec.dim[0] / G, D = t->spec.dim[1];
    assert(from > 0);
    if (how->kind == CONVERT_MEAN)
        convert_mean(w + t->at, have->data, G, from, width, D);
    else if (how->kind == CONVERT_FIRST)
        convert_first(w + t->at, have->data, G, from, width, D);
    else
        convert_draw(w + t->at, t->name, &t->spec, how);
}
