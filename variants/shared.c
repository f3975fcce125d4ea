/* shared.c - layers that share keys and values (cross-layer attention: Brandon et al., Reducing
 * transformer key-value cache size with cross-layer attention, 2024; arXiv 2405.12981).
 *
 *     q = rope(x Wq)    k = rope(x' Wk)    v = x' Wv    y = (p v) Wo    p as in grouped.c
 *
 * Of `every` layers in a row the first makes k and v from its own input x', and all of them attend
 * to these: the others have neither Wk nor Wv, nor a cache.  Within a layer, H query heads share G
 * key/value heads.  The cache holds k and v of the first layer: 2 G E / every floats a token and
 * layer.
 *
 * A layer that makes keys and values for others also keeps the sums of their gradients, dk_later
 * and dv_later.  The last layer of a group, which is the first to run backward, sets them; those
 * between add to them; the maker adds its own and takes them through Wk and Wv.
 */
#include "core/compute/attention.h"
#include "core/compute/kernels.h"
#include "variants/attn.h"

#include <string.h>

enum { N_KV_HEADS, EVERY };                   /* options                             */
enum { Q_PROJ, O_PROJ, K_PROJ, V_PROJ };      /* parameters: the maker has all four  */
enum { Q, O, LSE, K, V, DK_LATER, DV_LATER }; /* activations: from K on, the maker's */
enum { DQ, DK, DV, DO };                      /* scratch                             */

static int heads(const attn_dims *d)
{
    return (int)d->opt[N_KV_HEADS];
}

/* The layer that makes the keys and values of this one. */
static int source(const attn_dims *d)
{
    return d->layer - d->layer % (int)d->opt[EVERY];
}

static bool makes(const attn_dims *d)
{
    return source(d) == d->layer;
}

static bool ends(const attn_dims *d)
{
    return d->layer + 1 == d->L || (d->layer + 1) % (int)d->opt[EVERY] == 0;
}

static bool check(const attn_dims *d, error *e)
{
    if (d->E % 2) return error_set(e, "the head width %d is not even", d->E);
    if (d->H % heads(d))
        return error_set(e, "n_kv_heads=%d does not divide %d heads", heads(d), d->H);
    return true;
}

static int rotary(const attn_dims *d)
{
    return d->E;
}

static double pairs(const attn_dims *d)
{
    return (d->T + 1) / 2.0;
}

static void params(const attn_dims *d, tensor_spec *out)
{
    const int HE = d->H * d->E, GE = heads(d) * d->E;
    out[Q_PROJ] = (tensor_spec){ "q_proj", { HE, d->D }, .std = attn_std() };
    out[O_PROJ] = (tensor_spec){ "o_proj", { d->D, HE }, .std = attn_std_out(d) };
    if (!makes(d)) return;
    out[K_PROJ] = (tensor_spec){ "k_proj", { GE, d->D }, .std = attn_std() };
    out[V_PROJ] = (tensor_spec){ "v_proj", { GE, d->D }, .std = attn_std() };
}

static void acts(const attn_dims *d, tensor_spec *out)
{
    const int B = d->B, S = d->S, H = d->H, E = d->E, G = heads(d);
    out[Q] = (tensor_spec){ "q", { B, S, H, E } };
    out[O] = (tensor_spec){ "o", { B, S, H, E } };
    out[LSE] = (tensor_spec){ "lse", { B, S, H } };
    if (!makes(d)) return;
    out[K] = (tensor_spec){ "k", { B, S, G, E } };
    out[V] = (tensor_spec){ "v", { B, S, G, E } };
    if (ends(d)) return;
    out[DK_LATER] = (tensor_spec){ "dk_later", { B, S, G, E } };
    out[DV_LATER] = (tensor_spec){ "dv_later", { B, S, G, E } };
}

static void scratch(const attn_dims *d, tensor_spec *out)
{
    const int B = d->B, S = d->S, H = d->H, E = d->E, G = heads(d);
    out[DQ] = (tensor_spec){ "dq", { B, S, H, E } };
    out[DK] = (tensor_spec){ "dk", { B, S, G, E } };
    out[DV] = (tensor_spec){ "dv", { B, S, G, E } };
    out[DO] = (tensor_spec){ "do", { B, S, H, E } };
}

static void cache(const attn_dims *d, tensor_spec *out)
{
    if (!makes(d)) return;
    out[0] = (tensor_spec){ "k", { d->B, d->T, heads(d), d->E } };
    out[1] = (tensor_spec){ "v", { d->B, d->T, heads(d), d->E } };
}

static attention attention_of(const attn_dims *d, int S, int T)
{
    return (attention){ .S = S, .T = T, .H = d->H, .G = heads(d), .E = d->E };
}

static void forward(const attn_layer *l, float *y, const float *x)
{
    const attn_dims *d = &l->dims;
    const int B = d->B, T = d->T, D = d->D, H = d->H, E = d->E, G = heads(d);
    const attn_layer *maker = makes(d) ? l : l->source;
    const attention a = attention_of(d, T, T);
    float *q = l->act[Q], *o = l->act[O], *lse = l->act[LSE];
    float *k = maker->act[K], *v = maker->act[V];

    linear(q, x, l->w[Q_PROJ], B * T, D, H * E);
    rope_forward(q, l->rope, B, T, H, E, 0);
    if (makes(d)) {
        linear(k, x, l->w[K_PROJ], B * T, D, G * E);
        linear(v, x, l->w[V_PROJ], B * T, D, G * E);
        rope_forward(k, l->rope, B, T, G, E, 0);
    }
    for (size_t b = 0; b < (size_t)B; b++) {
        const size_t qb = b * T * H * E, kb = b * T * G * E;
        attention_forward(o + qb, lse + b * T * H, q + qb, k + kb, v + kb, &a);
    }
    linear(y, o, l->w[O_PROJ], B * T, H * E, D);
}

/* dq, dk and dv of this layer's own attention. */
static void attend_backward(const attn_layer *l, const attn_layer *maker, float *dk, float *dv)
{
    const attn_dims *d = &l->dims;
    const size_t T = (size_t)d->T, HE = (size_t)d->H * d->E, GE = (size_t)heads(d) * d->E;
    const attention a = attention_of(d, d->T, d->T);
    for (size_t b = 0; b < (size_t)d->B; b++) {
        const size_t qb = b * T * HE, kb = b * T * GE;
        attention_backward(l->tmp[DQ] + qb, dk + kb, dv + kb, l->tmp[DO] + qb, l->act[O] + qb,
                           l->act[LSE] + b * T * (size_t)d->H, l->act[Q] + qb, maker->act[K] + kb,
                           maker->act[V] + kb, &a);
    }
}

static void backward(const attn_layer *l, float *dx, const float *dy, const float *x)
{
    const attn_dims *d = &l->dims;
    const int B = d->B, T = d->T, D = d->D, H = d->H, E = d->E, G = heads(d);
    const size_t n = (size_t)B * T * G * E;
    const attn_layer *maker = makes(d) ? l : l->source;
    const bool sets = ends(d) && !makes(d);
    float *dk = sets ? maker->act[DK_LATER] : l->tmp[DK],
          *dv = sets ? maker->act[DV_LATER] : l->tmp[DV];

    linear_backward(l->tmp[DO], l->dw[O_PROJ], dy, l->act[O], l->w[O_PROJ], B * T, H * E, D, 0);
    attend_backward(l, maker, dk, dv);
    rope_backward(l->tmp[DQ], l->rope, B, T, H, E, 0);
    linear_backward(dx, l->dw[Q_PROJ], l->tmp[DQ], x, l->w[Q_PROJ], B * T, D, H * E, 0);
    if (!makes(d)) {
        if (sets) return;
        vector_add(maker->act[DK_LATER], dk, n);
        vector_add(maker->act[DV_LATER], dv, n);
        return;
    }
    if (!ends(d)) {
        vector_add(dk, l->act[DK_LATER], n);
        vector_add(dv, l->act[DV_LATER], n);
    }
    rope_backward(dk, l->rope, B, T, G, E, 0);
    linear_backward(dx, l->dw[K_PROJ], dk, x, l->w[K_PROJ], B * T, D, G * E, 1);
    linear_backward(dx, l->dw[V_PROJ], dv, x, l->w[V_PROJ], B * T, D, G * E, 1);
}

/* Keys and values of S positions from t on take their places in the cache. */
static void remember(const attn_layer *l, const float *x, int t, int S)
{
    const attn_dims *d = &l->dims;
    const int B = d->B, G = heads(d);
    const size_t GE = (size_t)G * d->E;
    float *k = l->tmp[DK], *v = l->tmp[DV];
    linear(k, x, l->w[K_PROJ], B * S, d->D, G * d->E);
    linear(v, x, l->w[V_PROJ], B * S, d->D, G * d->E);
    rope_forward(k, l->rope, B, S, G, d->E, t);
    for (size_t b = 0; b < (size_t)B; b++) {
        const size_t at = (b * d->T + (size_t)t) * GE;
        memcpy(l->cache[0] + at, k + b * S * GE, S * GE * sizeof *k);
        memcpy(l->cache[1] + at, v + b * S * GE, S * GE * sizeof *v);
    }
}

static void extend(const attn_layer *l, float *y, const float *x, int t, int S)
{
    const attn_dims *d = &l->dims;
    const int B = d->B, D = d->D, H = d->H, E = d->E;
    const size_t HE = (size_t)H * E, GE = (size_t)heads(d) * E;
    const attn_layer *maker = makes(d) ? l : l->source;
    const attention a = attention_of(d, S, t + S);
    float *q = l->tmp[DQ], *o = l->tmp[DO];

    if (makes(d)) remember(l, x, t, S);
    linear(q, x, l->w[Q_PROJ], B * S, D, H * E);
    rope_forward(q, l->rope, B, S, H, E, t);
    for (size_t b = 0; b < (size_t)B; b++)
        attention_forward(o + b * S * HE, NULL, q + b * S * HE, maker->cache[0] + b * d->T * GE,
                          maker->cache[1] + b * d->T * GE, &a);
    linear(y, o, l->w[O_PROJ], B * S, H * E, D);
}

// clang-format off
const attn_variant attn_shared = {
    .name = "shared",
    .summary = "key/value heads shared by consecutive layers (Brandon et al. 2024)",
    .equation = "q = rope(x Wq)    k = rope(x' Wk)    v = x' Wv    x': the input of the group's first layer\n"
                "p_ts = softmax over s <= t of q_t . k_s / sqrt(E)    y = (p v) Wo",
    .cache_size = "2 G E / every floats a token, on average over layers",
    .options = (const attn_option[]){
        { "n_kv_heads", ATTN_INTEGER, 1, 1, INT_MAX, "key/value heads", .always = true },
        { "every", ATTN_INTEGER, 2, 1, INT_MAX, "layers in a row that use the keys and values of the first" },
        { 0 } },
    .check = check, .rotary = rotary, .kv_heads = heads, .pairs = pairs, .source = source,
    .params = params, .acts = acts, .scratch = scratch, .cache = cache,
    .forward = forward, .backward = backward, .extend = extend,
};
// clang-format on
