/* gated.c - attention whose output is gated before W_O (Qiu et al., Gated attention for large
 * language models, 2025; arXiv 2505.06708, position G1).
 *
 *     g = x Wg      o' = o sigmoid(g)      y = o' Wo      o as in softmax.h
 *
 * Every entry of a head has a gate of its own, which adds D H E weights, or each head has one,
 * which adds D H.  The cache holds k and v: 2 G E floats a token, for the last `size` tokens.
 */
#include "core/compute/kernels.h"
#include "variants/softmax.h"

enum { ELEMENTWISE = SOFTMAX_OPTIONS }; /* option */
enum { G_PROJ };                        /* own parameters  */
enum { GATE, GATED };                   /* own activations */
enum { DG };                            /* own scratch     */

/* Entries of a head that share a gate, and gates of a token. */
static int shared(const attn_dims *d)
{
    return d->opt[ELEMENTWISE] != 0 ? 1 : d->E;
}

static int gates(const attn_dims *d)
{
    return d->H * d->E / shared(d);
}

static void params(const attn_dims *d, tensor_spec *out)
{
    softmax_params(d, out);
    out += tensor_list_length(out);
    out[G_PROJ] = (tensor_spec){ "g_proj", { gates(d), d->D }, .std = attn_std() };
}

static void acts(const attn_dims *d, tensor_spec *out)
{
    softmax_acts(d, out);
    out += tensor_list_length(out);
    out[GATE] = (tensor_spec){ "gate", { d->B, d->S, gates(d) } };
    out[GATED] = (tensor_spec){ "gated", { d->B, d->S, d->H, d->E } };
}

static void scratch(const attn_dims *d, tensor_spec *out)
{
    softmax_scratch(d, out);
    out += tensor_list_length(out);
    out[DG] = (tensor_spec){ "dg", { d->B, d->S, gates(d) } };
}

static void forward(const attn_layer *l, float *y, const float *x)
{
    const attn_dims *d = &l->dims;
    const int N = d->B * d->T, D = d->D, HE = d->H * d->E, n = gates(d);
    const float *const *w = l->w + softmax_own(softmax_params, d);
    float *const *act = l->act + softmax_own(softmax_acts, d);

    softmax_forward(l, x, NULL);
    linear(act[GATE], x, w[G_PROJ], N, D, n);
    sigmoid_gate(act[GATED], l->act[O], act[GATE], (size_t)N * n, shared(d));
    linear(y, act[GATED], l->w[O_PROJ], N, HE, D);
}

static void backward(const attn_layer *l, float *dx, const float *dy, const float *x)
{
    const attn_dims *d = &l->dims;
    const int N = d->B * d->T, D = d->D, HE = d->H * d->E, n = gates(d);
    const int first = softmax_own(softmax_params, d);
    float *const *act = l->act + softmax_own(softmax_acts, d);
    float *dO = l->tmp[DO], *dg = l->tmp[softmax_own(softmax_scratch, d) + DG];

    linear_backward(dO, l->dw[O_PROJ], dy, act[GATED], l->w[O_PROJ], N, HE, D, 0);
    sigmoid_gate_backward(dO, dg, dO, l->act[O], act[GATE], (size_t)N * n, shared(d));
    softmax_backward(l, dx, NULL, x, NULL);
    linear_backward(dx, l->dw[first + G_PROJ], dg, x, l->w[first + G_PROJ], N, D, n, 1);
}

static void extend(const attn_layer *l, float *y, const float *x, int t, int S)
{
    const attn_dims *d = &l->dims;
    const int N = d->B * S, n = gates(d);
    float *o = l->tmp[DO], *g = l->tmp[softmax_own(softmax_scratch, d) + DG];

    softmax_extend(l, x, NULL, t, S);
    linear(g, x, l->w[softmax_own(softmax_params, d) + G_PROJ], N, d->D, n);
    sigmoid_gate(o, o, g, (size_t)N * n, shared(d));
    linear(y, o, l->w[O_PROJ], N, d->H * d->E, d->D);
}

// clang-format off
const attn_variant attn_gated = {
    .name = "gated",
    .summary = "attention with a sigmoid gate on its output (Qiu et al. 2025)",
    .equation = "o as in mha    g = x Wg\n"
                "y = (o sigmoid(g)) Wo",
    .cache_size = "2 G E floats a token, for the last `size` tokens",
    .options = (const attn_option[]){
        { "size", ATTN_INTEGER, INT_MAX, 1, INT_MAX, "positions that a query sees, itself included" },
        { "n_kv_heads", ATTN_INTEGER, ATTN_HEADS, 1, INT_MAX, "key/value heads" },
        SOFTMAX_EXTRAS(1),
        { "elementwise", ATTN_INTEGER, 1, 0, 1, "1: a gate for each entry of a head; 0: one for each head" },
        { 0 } },
    .check = softmax_check,
    .rotary = softmax_rotary,
    .kv_heads = softmax_kv_heads,
    .pairs = softmax_pairs,
    .params = params,
    .acts = acts,
    .scratch = scratch,
    .cache = softmax_cache,
    .forward = forward,
    .backward = backward,
    .extend = extend,
};
// clang-format on
