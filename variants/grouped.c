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
 * softmax.h has the options that all softmax variants share, softmax.c computes (p v).  The cache
 * holds k and v: 2 G E floats a token, for the last `size` tokens.
 */
#include "core/compute/kernels.h"
#include "variants/softmax.h"

static void forward(const attn_layer *l, float *y, const float *x)
{
    const attn_dims *d = &l->dims;
    softmax_forward(l, x, NULL);
    linear(y, l->act[O], l->w[O_PROJ], d->B * d->T, d->H * d->E, d->D);
}

static void backward(const attn_layer *l, float *dx, const float *dy, const float *x)
{
    const attn_dims *d = &l->dims;
    linear_backward(l->tmp[DO], l->dw[O_PROJ], dy, l->act[O], l->w[O_PROJ], d->B * d->T,
                    d->H * d->E, d->D, 0);
    softmax_backward(l, dx, NULL, x, NULL);
}

static void extend(const attn_layer *l, float *y, const float *x, int t, int S)
{
    const attn_dims *d = &l->dims;
    softmax_extend(l, x, NULL, t, S);
    linear(y, l->tmp[DO], l->w[O_PROJ], d->B * S, d->H * d->E, d->D);
}

static const char EQUATION[] =
    "q = rope(x Wq)    k = rope(x Wk)    v = x Wv\n"
    "p_ts = softmax over t - size < s <= t of q_t . k_s / sqrt(E)    y = (p v) Wo";

/* The four differ in their options, and in nothing else. */
#define GROUPED                                                                                    \
    .check = softmax_check, .rotary = softmax_rotary, .kv_heads = softmax_kv_heads,                \
    .pairs = softmax_pairs, .params = softmax_params, .acts = softmax_acts,                        \
    .scratch = softmax_scratch, .cache = softmax_cache, .forward = forward, .backward = backward,  \
    .extend = extend, .equation = EQUATION

// clang-format off
const attn_variant attn_gqa = {
    .name = "gqa",
    .summary = "grouped-query attention (Ainslie et al. 2023)",
    .cache_size = "2 G E floats a token",
    .options = (const attn_option[]){
        { "size", ATTN_FIXED, INT_MAX },
        { "n_kv_heads", ATTN_INTEGER, 2, 1, INT_MAX, "key/value heads", .always = true },
        SOFTMAX_EXTRAS(1),
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
        SOFTMAX_EXTRAS(1),
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
        SOFTMAX_EXTRAS(1),
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
        SOFTMAX_EXTRAS(1),
        { 0 } },
    GROUPED,
};
// clang-format on
