/* grouped.c - multi-head, multi-query, grouped-query and sliding-window attention.
 *
 * H query heads share G key/value heads, H/G queries to each.  G = H is multi-head attention
 * (Vaswani et al. 2017), G = 1 is multi-query (Shazeer 2019), and anything between is grouped-query
 * (Ainslie et al. 2023).  With a window (Beltagy et al. 2020; Jiang et al. 2023) a query sees
 * itself and the size - 1 positions before it; without one, size is more than any sequence has.
 *
 *     q = rope(x Wq)    k = rope(x Wk)    v = x Wv
 *     p_ts = softmax over t - size < s <= t of q_t . k_s / sqrt(E)     y = (p v) Wo
 *
 * The cache holds k and v in a ring of R = min(T, size) slots, position s in slot s mod R: 2 G E
 * floats a slot.  While R = T no slot is used twice, and attention reads the ring in place.
 * Otherwise a chunk may be longer than the ring, so extend lines up what is left of the past and
 * the chunk in scratch, attends there, and only then overwrites the ring.
 */
#include "core/compute/attention.h"
#include "core/compute/kernels.h"
#include "variants/attn.h"

#include <string.h>

enum { SIZE, N_KV_HEADS };               /* options     */
enum { Q_PROJ, K_PROJ, V_PROJ, O_PROJ }; /* parameters  */
enum { Q, K, V, O, LSE };                /* activations */
enum { DQ, DK, DV, DO, LINE_K, LINE_V }; /* scratch     */
enum { RING_K, RING_V };                 /* cache       */

static int kv_heads(const attn_dims *d)
{
    return (int)d->opt[N_KV_HEADS];
}

static int window(const attn_dims *d)
{
    return (int)d->opt[SIZE];
}

static int ring(const attn_dims *d)
{
    return window(d) < d->T ? window(d) : d->T;
}

static bool check(const attn_dims *d, error *e)
{
    if (d->E % 2) return error_set(e, "the head width %d is not even", d->E);
    if (d->H % kv_heads(d))
        return error_set(e, "n_kv_heads=%d does not divide %d heads", kv_heads(d), d->H);
    return true;
}

static int rotary(const attn_dims *d)
{
    return d->E;
}

/* The first ring() queries see 1, 2, ... keys; the others see that many. */
static double pairs(const attn_dims *d)
{
    const double R = ring(d), T = d->T;
    return R - R * (R - 1) / (2 * T);
}

static void params(const attn_dims *d, tensor_spec *out)
{
    const int HE = d->H * d->E, GE = kv_heads(d) * d->E;
    out[Q_PROJ] = (tensor_spec){ "q_proj", { HE, d->D }, .std = attn_std() };
    out[K_PROJ] = (tensor_spec){ "k_proj", { GE, d->D }, .std = attn_std() };
    out[V_PROJ] = (tensor_spec){ "v_proj", { GE, d->D }, .std = attn_std() };
    out[O_PROJ] = (tensor_spec){ "o_proj", { d->D, HE }, .std = attn_std_out(d) };
}

static void acts(const attn_dims *d, tensor_spec *out)
{
    const int G = kv_heads(d);
    out[Q] = (tensor_spec){ "q", { d->B, d->S, d->H, d->E } };
    out[K] = (tensor_spec){ "k", { d->B, d->S, G, d->E } };
    out[V] = (tensor_spec){ "v", { d->B, d->S, G, d->E } };
    out[O] = (tensor_spec){ "o", { d->B, d->S, d->H, d->E } };
    out[LSE] = (tensor_spec){ "lse", { d->B, d->S, d->H } };
}

static void scratch(const attn_dims *d, tensor_spec *out)
{
    const int G = kv_heads(d), line = ring(d) - 1 + d->S;
    out[DQ] = (tensor_spec){ "dq", { d->B, d->S, d->H, d->E } };
    out[DK] = (tensor_spec){ "dk", { d->B, d->S, G, d->E } };
    out[DV] = (tensor_spec){ "dv", { d->B, d->S, G, d->E } };
    out[DO] = (tensor_spec){ "do", { d->B, d->S, d->H, d->E } };
    if (ring(d) == d->T) return;
    out[LINE_K] = (tensor_spec){ "line_k", { line, G, d->E } };
    out[LINE_V] = (tensor_spec){ "line_v", { line, G, d->E } };
}

static void cache(const attn_dims *d, tensor_spec *out)
{
    out[RING_K] = (tensor_spec){ "k", { d->B, ring(d), kv_heads(d), d->E } };
    out[RING_V] = (tensor_spec){ "v", { d->B, ring(d), kv_heads(d), d->E } };
}

static void forward(const attn_layer *l, float *y, const float *x)
{
    const attn_dims *d = &l->dims;
    const int B = d->B, T = d->T, D = d->D, H = d->H, E = d->E, G = kv_heads(d);
    const attention a = { .S = T, .T = T, .H = H, .G = G, .E = E, .window = window(d) };
    float *q = l->act[Q], *k = l->act[K], *v = l->act[V], *o = l->act[O], *lse = l->act[LSE];

    linear(q, x, l->w[Q_PROJ], B * T, D, H * E);
    linear(k, x, l->w[K_PROJ], B * T, D, G * E);
    linear(v, x, l->w[V_PROJ], B * T, D, G * E);
    rope_forward(q, l->rope, B, T, H, E, 0);
    rope_forward(k, l->rope, B, T, G, E, 0);
    for (int b = 0; b < B; b++) {
        const size_t qb = (size_t)b * T * H * E, kb = (size_t)b * T * G * E;
        attention_forward(o + qb, lse + (size_t)b * T * H, q + qb, k + kb, v + kb, &a);
    }
    linear(y, o, l->w[O_PROJ], B * T, H * E, D);
}

static void backward(const attn_layer *l, float *dx, const float *dy, const float *x)
{
    const attn_dims *d = &l->dims;
    const int B = d->B, T = d->T, D = d->D, H = d->H, E = d->E, G = kv_heads(d);
    const attention a = { .S = T, .T = T, .H = H, .G = G, .E = E, .window = window(d) };
    const float *q = l->act[Q], *k = l->act[K], *v = l->act[V], *o = l->act[O];
    const float *lse = l->act[LSE];
    float *dq = l->tmp[DQ], *dk = l->tmp[DK], *dv = l->tmp[DV], *dO = l->tmp[DO];

    linear_backward(dO, l->dw[O_PROJ], dy, o, l->w[O_PROJ], B * T, H * E, D, 0);
    for (int b = 0; b < B; b++) {
        const size_t qb = (size_t)b * T * H * E, kb = (size_t)b * T * G * E;
        attention_backward(dq + qb, dk + kb, dv + kb, dO + qb, o + qb, lse + (size_t)b * T * H,
                           q + qb, k + kb, v + kb, &a);
    }
    rope_backward(dq, l->rope, B, T, H, E, 0);
    rope_backward(dk, l->rope, B, T, G, E, 0);
    linear_backward(dx, l->dw[Q_PROJ], dq, x, l->w[Q_PROJ], B * T, D, H * E, 0);
    linear_backward(dx, l->dw[K_PROJ], dk, x, l->w[K_PROJ], B * T, D, G * E, 1);
    linear_backward(dx, l->dw[V_PROJ], dv, x, l->w[V_PROJ], B * T, D, G * E, 1);
}

/* line = the `past` positions before t, out of the ring, and then the S new ones. */
static void line_up(float *line, const float *ring, const float *x, int R, int past, int t, int S,
                    size_t width)
{
    for (int i = 0; i < past; i++)
        memcpy(line + i * width, ring + (t - past + i) % R * width, sizeof *line * width);
    memcpy(line + past * width, x, sizeof *line * S * width);
}

/* The newest R of the S new positions take their slots in the ring. */
static void keep(float *ring, const float *x, int R, int t, int S, size_t width)
{
    for (int i = S > R ? S - R : 0; i < S; i++)
        memcpy(ring + (t + i) % R * width, x + i * width, sizeof *ring * width);
}

static void extend(const attn_layer *l, float *y, const float *x, int t, int S)
{
    const attn_dims *d = &l->dims;
    const int B = d->B, D = d->D, H = d->H, E = d->E, G = kv_heads(d);
    const int R = ring(d), past = t < R - 1 ? t : R - 1;
    const attention a = { .S = S, .T = past + S, .H = H, .G = G, .E = E, .window = window(d) };
    const size_t HE = (size_t)H * E, GE = (size_t)G * E;
    float *q = l->tmp[DQ], *k = l->tmp[DK], *v = l->tmp[DV], *o = l->tmp[DO];
    float *line_k = l->tmp[LINE_K], *line_v = l->tmp[LINE_V];

    linear(q, x, l->w[Q_PROJ], B * S, D, H * E);
    linear(k, x, l->w[K_PROJ], B * S, D, G * E);
    linear(v, x, l->w[V_PROJ], B * S, D, G * E);
    rope_forward(q, l->rope, B, S, H, E, t);
    rope_forward(k, l->rope, B, S, G, E, t);
    for (size_t b = 0; b < (size_t)B; b++, q += S * HE, o += S * HE, k += S * GE, v += S * GE) {
        float *ring_k = l->cache[RING_K] + b * R * GE, *ring_v = l->cache[RING_V] + b * R * GE;
        if (R < d->T) {
            line_up(line_k, ring_k, k, R, past, t, S, GE);
            line_up(line_v, ring_v, v, R, past, t, S, GE);
            attention_forward(o, NULL, q, line_k, line_v, &a);
        }
        keep(ring_k, k, R, t, S, GE);
        keep(ring_v, v, R, t, S, GE);
        if (R == d->T) attention_forward(o, NULL, q, ring_k, ring_v, &a);
    }
    linear(y, l->tmp[DO], l->w[O_PROJ], B * S, H * E, D);
}

static const char EQUATION[] =
    "q = rope(x Wq)    k = rope(x Wk)    v = x Wv\n"
    "p_ts = softmax over t - size < s <= t of q_t . k_s / sqrt(E)    y = (p v) Wo";

/* The four differ in their options, and in nothing else. */
#define GROUPED                                                                                    \
    .check = check, .rotary = rotary, .kv_heads = kv_heads, .pairs = pairs, .params = params,      \
    .acts = acts, .scratch = scratch, .cache = cache, .forward = forward, .backward = backward,    \
    .extend = extend, .equation = EQUATION

// clang-format off
const attn_variant attn_gqa = {
    .name = "gqa",
    .summary = "grouped-query attention (Ainslie et al. 2023)",
    .cache_size = "2 G E floats a token",
    .options = (const attn_option[]){
        { "size", ATTN_FIXED, INT_MAX },
        { "n_kv_heads", ATTN_INTEGER, 2, 1, INT_MAX, "key/value heads", .always = true },
        { 0 } },
    GROUPED,
};

const attn_variant attn_mha = {
    .name = "mha",
    .summary = "multi-head attention (Vaswani et al. 2017)",
    .cache_size = "2 H E floats a token",
    .alias_of = &attn_gqa,
    .options = (const attn_option[]){
        { "size", ATTN_FIXED, INT_MAX },
        { "n_kv_heads", ATTN_FIXED, ATTN_HEADS },
        { 0 } },
    GROUPED,
};

const attn_variant attn_mqa = {
    .name = "mqa",
    .summary = "multi-query attention (Shazeer 2019)",
    .cache_size = "2 E floats a token",
    .alias_of = &attn_gqa,
    .options = (const attn_option[]){
        { "size", ATTN_FIXED, INT_MAX },
        { "n_kv_heads", ATTN_FIXED, 1 },
        { 0 } },
    GROUPED,
};

const attn_variant attn_window = {
    .name = "window",
    .summary = "sliding-window attention (Beltagy et al. 2020, Jiang et al. 2023)",
    .cache_size = "2 G E floats a token, for the last `size` tokens",
    .options = (const attn_option[]){
        { "size", ATTN_INTEGER, 128, 1, INT_MAX, "positions that a query sees, itself included", .always = true },
        { "n_kv_heads", ATTN_INTEGER, ATTN_HEADS, 1, INT_MAX, "key/value heads", .always = true },
        { 0 } },
    GROUPED,
};
// clang-format on
