/* model.c - the list of weights, and what a configuration costs; see model.h. */
#include "trainer/model/model.h"

#include "core/compute/rng.h"
#include "trainer/model/pass.h"

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

/* Tensors outside the attention: leaf, and sizes as letters of D, F, V. */
static tensor_spec plain(const char *leaf, int rows, int columns, float mean, float std)
{
    return (tensor_spec){ leaf, { rows, columns }, .mean = mean, .std = std };
}

static void add(model *m, model_part part, int layer, const char *group, tensor_spec spec)
{
    model_tensor *t = &m->tensor[m->n++];
    *t = (model_tensor){ .spec = spec,
                         .part = part,
                         .layer = layer,
                         .at = m->floats,
                         .n = tensor_floats(&spec),
                         .decay = spec.dim[1] > 0 };
    const int length = layer >= 0
                           ? snprintf(t->name, sizeof t->name, "model.layers.%d.%s%s.weight", layer,
                                      group, spec.name)
                           : snprintf(t->name, sizeof t->name, "%s%s.weight", group, spec.name);
    assert(length > 0 && (size_t)length < sizeof t->name);
    (void)length;
    const tensor_spec alone[TENSOR_MAX] = { spec };
    m->floats += tensor_list_floats(alone);
}

static void list_tensors(model *m)
{
    const model_config *c = &m->config;
    const int D = c->D, F = c->F, V = c->V;
    const float std = attn_std();
    add(m, MODEL_EMBED, -1, "model.", plain("embed_tokens", V, D, 0, std));
    for (int i = 0; i < c->L; i++) {
        const attn_dims d = model_dims(c, i, 1, c->T, c->T);
        tensor_spec own[TENSOR_MAX] = { { 0 } };
        c->layer[i].variant->params(&d, own);
        m->first[i] = m->n;
        add(m, MODEL_NORM, i, "", plain("input_layernorm", D, 0, 1, 0));
        for (int j = 0; j < tensor_list_length(own); j++)
            add(m, MODEL_ATTENTION, i, "self_attn.", own[j]);
        add(m, MODEL_NORM, i, "", plain("post_attention_layernorm", D, 0, 1, 0));
        add(m, MODEL_FFN, i, "mlp.", plain("gate_proj", F, D, 0, std));
        add(m, MODEL_FFN, i, "mlp.", plain("up_proj", F, D, 0, std));
        add(m, MODEL_FFN, i, "mlp.", plain("down_proj", D, F, 0, attn_std_out(&d)));
    }
    m->first[c->L] = m->n;
    add(m, MODEL_NORM, -1, "model.", plain("norm", D, 0, 1, 0));
    if (!c->tied) add(m, MODEL_HEAD, -1, "", plain("lm_head", V, D, 0, std));
}

bool model_open(model *m, const model_config *c, error *e)
{
    assert(c->L >= 1 && c->L <= MODEL_LAYERS);
    *m = (model){ .config = *c };
    m->tensor = calloc((size_t)c->L * (TENSOR_MAX + 5) + 3, sizeof *m->tensor);
    if (!m->tensor) return error_set(e, "no memory for the list of weights");
    list_tensors(m);
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
        tensor_spec list[TENSOR_MAX] = { { 0 } };
        c->layer[i].variant->cache(&d, list);
        for (int j = 0; j < tensor_list_length(list); j++)
            floats += (double)tensor_floats(&list[j]);
    }
    return floats;
}

/* The value of an option called n_kv_heads, or 0. */
static int kv_heads(const model_config *c, int layer)
{
    const attn_option *o = c->layer[layer].variant->options;
    for (int i = 0; o && o[i].name; i++)
        if (strcmp(o[i].name, "n_kv_heads") == 0) return (int)c->layer[layer].opt[i];
    return 0;
}

void model_price(model_cost *p, const model_config *c)
{
    model m;
    error e;
    *p = (model_cost){ 0 };
    if (!model_open(&m, c, &e)) error_memory();
    double products = 0; /* weights that every token is multiplied by */
    for (int i = 0; i < m.n; i++) {
        const model_tensor *t = &m.tensor[i];
        p->params[t->part] += (int64_t)t->n;
        p->total += (int64_t)t->n;
        if (t->decay && t->part != MODEL_EMBED) products += (double)t->n;
    }
    if (c->tied) products += (double)c->V * c->D;
    p->nonembed = p->total - p->params[MODEL_EMBED] - p->params[MODEL_HEAD];

    double pairs = 0;
    p->n_kv_heads = kv_heads(c, 0);
    for (int i = 0; i < c->L; i++) {
        const attn_dims d = model_dims(c, i, 1, c->T, c->T);
        pairs += attn_pairs(c->layer[i].variant, &d);
        if (kv_heads(c, i) != p->n_kv_heads) p->n_kv_heads = 0;
    }
    p->train_flops = 6 * products + 12.0 * c->H * c->E * pairs;
    p->kv_bytes = cache_floats(c) * sizeof(float) / c->T;
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

static size_t weigh_panels(const model *m, kernels_precision precision)
{
    panels_weight *weight = calloc((size_t)m->n, sizeof *weight);
    if (!weight) error_memory();
    const int n = model_linears(m, NULL, weight);
    size_t bytes = 0;
    for (int i = 0; i < n; i++) bytes += panels_bytes(weight[i].out, weight[i].in, kernels_layout(precision));
    free(weight);
    return bytes > 0 ? tensor_block_bytes(bytes / sizeof(float)) : 0;
}

void model_weigh(model_memory *p, const model_config *c, kernels_precision precision, int sequences,
                 int lanes, int threads)
{
    model m;
    error e;
    if (!model_open(&m, c, &e)) error_memory();
    const size_t block = tensor_block_bytes(m.floats);
    const size_t tokens = (size_t)sequences * (size_t)c->T;
    if (lanes > sequences) lanes = sequences;
    const int workers = threads < lanes ? threads : lanes;
    const int B = (sequences + lanes - 1) / lanes;
    size_t activations, scratch;
    pass_weigh(&activations, &scratch, &m, PASS_TRAIN, B, c->T, c->T);
    *p = (model_memory){ .weights = block,
                         .gradients = block * ((size_t)workers + 1),
                         .moments = 2 * block,
                         .activations = activations * (size_t)workers,
                         .scratch = scratch * (size_t)workers };
    p->scratch += tokens * (2 * sizeof(int32_t) + sizeof(float)); /* token, target, nll */
    p->scratch += weigh_panels(&m, precision);
    p->total = p->weights + p->gradients + p->moments + p->activations + p->scratch;
    model_close(&m);
}
