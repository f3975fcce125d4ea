/* model.c - the list of weight tensors, which everything else reads, and the cost of a model.
 *
 * FLOPs a trained token: 6 for each weight of a matrix product (2 forward, 4 backward) and 12 E for
 * each scored pair of a head (Kaplan et al. 2020, with the pairs counted exactly), and three times
 * what a variant declares as state_flops.
 */
#include "trainer/model/model.h"

#include "core/compute/rng.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

attn_dims model_dims(const model_config *c, int layer, int B, int T, int S)
{
    attn_dims d = {
        .B = B, .T = T, .S = S, .D = c->D, .H = c->H, .E = c->E, .layer = layer, .L = c->L
    };
    memcpy(d.opt, c->layer[layer].opt, sizeof d.opt);
    return d;
}

static model_part part_of(model_role role)
{
    static const model_part PART[MODEL_ROLES] = {
        [ROLE_EMBEDDING] = MODEL_EMBED,
        [ROLE_NORM1] = MODEL_NORM,
        [ROLE_ATTENTION] = MODEL_ATTENTION,
        [ROLE_NORM2] = MODEL_NORM,
        [ROLE_GATE] = MODEL_FFN,
        [ROLE_UP] = MODEL_FFN,
        [ROLE_DOWN] = MODEL_FFN,
        [ROLE_NORM] = MODEL_NORM,
        [ROLE_HEAD] = MODEL_HEAD,
    };
    return PART[role];
}

/* Append a tensor; `prefix` is what comes before the leaf in its name. */
static model_tensor *add(model *m, model_role role, int layer, const char *prefix,
                         const tensor_spec *spec)
{
    model_tensor *t = &m->tensor[m->n++];
    *t = (model_tensor){ .spec = *spec,
                         .role = role,
                         .part = part_of(role),
                         .layer = layer,
                         .at = m->floats,
                         .n = tensor_floats(spec),
                         .decay = spec->dim[1] > 0 };
    const int length = layer >= 0
                           ? snprintf(t->name, sizeof t->name, "model.layers.%d.%s%s.weight", layer,
                                      prefix, spec->name)
                           : snprintf(t->name, sizeof t->name, "%s%s.weight", prefix, spec->name);
    assert(length > 0 && (size_t)length < sizeof t->name);
    (void)length;
    const tensor_spec alone[TENSOR_MAX] = { *spec };
    m->floats += tensor_list_floats(alone);
    return t;
}

static void add_gain(model *m, model_role role, int layer, const char *prefix, const char *leaf)
{
    add(m, role, layer, prefix, &(tensor_spec){ leaf, { m->config.D }, .mean = 1 });
}

static void add_matrix(model *m, model_role role, int layer, const char *prefix, const char *leaf,
                       int rows, int columns, float std)
{
    add(m, role, layer, prefix, &(tensor_spec){ leaf, { rows, columns }, .std = std });
}

static void add_layer(model *m, int layer)
{
    const model_config *c = &m->config;
    const int D = c->D, F = c->F;
    const attn_dims d = model_dims(c, layer, 1, c->T, c->T);
    tensor_spec own[TENSOR_MAX] = { { 0 } };
    c->layer[layer].variant->params(&d, own);
    add_gain(m, ROLE_NORM1, layer, "", "input_layernorm");
    for (int i = 0; i < tensor_list_length(own); i++)
        add(m, ROLE_ATTENTION, layer, "self_attn.", &own[i])->index = i;
    add_gain(m, ROLE_NORM2, layer, "", "post_attention_layernorm");
    add_matrix(m, ROLE_GATE, layer, "mlp.", "gate_proj", F, D, attn_std());
    add_matrix(m, ROLE_UP, layer, "mlp.", "up_proj", F, D, attn_std());
    add_matrix(m, ROLE_DOWN, layer, "mlp.", "down_proj", D, F, attn_std_out(&d));
}

bool model_open(model *m, const model_config *c, error *e)
{
    assert(c->L >= 1 && c->L <= MODEL_LAYERS);
    *m = (model){ .config = *c };
    m->tensor = calloc((size_t)c->L * (TENSOR_MAX + MODEL_ROLES) + MODEL_ROLES, sizeof *m->tensor);
    if (!m->tensor) return error_set(e, "out of memory for the list of weights");
    add_matrix(m, ROLE_EMBEDDING, -1, "model.", "embed_tokens", c->V, c->D, attn_std());
    for (int i = 0; i < c->L; i++) add_layer(m, i);
    add_gain(m, ROLE_NORM, -1, "model.", "norm");
    if (!c->tied) add_matrix(m, ROLE_HEAD, -1, "", "lm_head", c->V, c->D, attn_std());
    return true;
}

void model_close(model *m)
{
    free(m->tensor);
    *m = (model){ 0 };
}

void model_init(const model *m, float *w, uint64_t seed, uint64_t replica)
{
    memset(w, 0, m->floats * sizeof *w); /* between tensors too */
    for (int i = 0; i < m->n; i++) {
        const rng r = rng_stream(seed, replica, m->tensor[i].name);
        rng_fill(w + m->tensor[i].at, &r, &m->tensor[i].spec);
    }
}

/* Floats of the caches of all layers, for one sequence of T positions. */
static double cache_floats(const model_config *c)
{
    double floats = 0;
    for (int i = 0; i < c->L; i++) {
        const attn_dims d = model_dims(c, i, 1, c->T, 1);
        floats += attn_cache_floats(c->layer[i].variant, &d);
    }
    return floats;
}

/* Key/value heads of a layer, or 0 where the variant has none. */
static int kv_heads(const model_config *c, int layer)
{
    const attn_dims d = model_dims(c, layer, 1, c->T, c->T);
    return attn_kv_heads(c->layer[layer].variant, &d);
}

void model_cost_of(model_cost *out, const model_config *c)
{
    model m;
    error e;
    *out = (model_cost){ 0 };
    if (!model_open(&m, c, &e)) error_memory();
    double products = 0; /* weights that every token is multiplied by */
    for (int i = 0; i < m.n; i++) {
        const model_tensor *t = &m.tensor[i];
        out->params[t->part] += (int64_t)t->n;
        out->total += (int64_t)t->n;
        if (t->decay && t->part != MODEL_EMBED) products += (double)t->n;
    }
    if (c->tied) products += (double)c->V * c->D;
    out->nonembed = out->total - out->params[MODEL_EMBED] - out->params[MODEL_HEAD];

    double pairs = 0, state = 0;
    bool constant = true;
    out->n_kv_heads = kv_heads(c, 0);
    for (int i = 0; i < c->L; i++) {
        const attn_dims d = model_dims(c, i, 1, c->T, c->T);
        pairs += attn_pairs(c->layer[i].variant, &d);
        state += attn_state_flops(c->layer[i].variant, &d);
        constant = constant && attn_cache_constant(c->layer[i].variant, &d);
        if (kv_heads(c, i) != out->n_kv_heads) out->n_kv_heads = 0;
    }
    out->train_flops = 6 * products + 12.0 * c->H * c->E * pairs + 3 * state;
    out->kv_bytes = cache_floats(c) * sizeof(float) / c->T;
    out->kv_constant = constant ? cache_floats(c) * sizeof(float) : 0;
    model_close(&m);
}

int model_linears(const model *m, const float *w, panels_weight *out)
{
    int n = 0;
    for (int i = 0; i < m->n; i++) {
        const model_tensor *t = &m->tensor[i];
        const bool looked_up = t->part == MODEL_EMBED && !m->config.tied;
        if (t->spec.dim[1] == 0 || t->spec.dim[2] != 0 || looked_up) continue;
        out[n++] = (panels_weight){ w ? w + t->at : NULL, t->spec.dim[0], t->spec.dim[1] };
    }
    return n;
}
