/* softmax.h - what the softmax variants share: everything from x to the heads' outputs o.
 *
 *     q = rope(norm(x Wq))    k = rope(norm(x Wk))    v = x Wv
 *     z_ts = cap(q_t . k_s / sqrt(E)) + c_t - c_s             o_t = sum_s p_ts v_s
 *     p_ts = exp(z_ts) / (exp(sink) + sum_s exp(z_ts))        t - size < s <= t
 *
 * H query heads share G key/value heads, H / G queries to each.  Each extra is one option:
 *
 *     size        keys that a query sees, itself included
 *                 (Beltagy et al. 2020; Jiang et al. 2023)
 *     n_kv_heads  G = H multi-head, G = 1 multi-query (Shazeer 2019), else grouped
 *                 (Ainslie et al. 2023)
 *     rope        0: q and k are not rotated: NoPE (Kazemnejad et al. 2023)
 *     alibi       c_t = -m_h t in place of RoPE (Press et al. 2022)
 *     qk_norm     RMSNorm of each head of q and k, with a gain that the heads share (Qwen3 2025)
 *     softcap     cap(z) = softcap tanh(z / softcap) (Gemma 2 2024); 0: none
 *     sink        one learned logit for each head, whose value is 0 (gpt-oss 2025)
 *
 * A variant's options, parameters, activations, scratch and cache begin with these; its own follow.
 * The cache holds k and v in a ring of R = min(T, size) slots, position s in slot s mod R.
 */
#ifndef VARIANTS_SOFTMAX_H
#define VARIANTS_SOFTMAX_H

#include "variants/attn.h"

enum { SIZE, N_KV_HEADS, ROPE, ALIBI, QK_NORM, SOFTCAP, SINK, SOFTMAX_OPTIONS }; /* options */
enum { Q_PROJ, K_PROJ, V_PROJ, O_PROJ }; /* parameters: O_PROJ is declared here and used there */
enum { Q, K, V, O, LSE };                /* activations: O (B, S, H, E) is what forward leaves */
enum { DQ, DK, DV, DO };                 /* scratch: DO is what backward takes and extend leaves */

// clang-format off
/* The options after size and n_kv_heads, for tables; rotated: the default of rope. */
#define SOFTMAX_EXTRAS(rotated)                                                                         \
        { "rope", ATTN_INTEGER, rotated, 0, 1, "1: rotary positions; 0: none (NoPE)" },                \
        { "alibi", ATTN_INTEGER, 0, 0, 1, "1: a penalty that grows with distance, in place of RoPE" }, \
        { "qk_norm", ATTN_INTEGER, 0, 0, 1, "1: RMSNorm of each head of q and k" },                    \
        { "softcap", ATTN_REAL, 0, 0, 1e6, "bound of the scores; 0: none" },                           \
        { "sink", ATTN_INTEGER, 0, 0, 1, "1: a learned logit for each head in the denominator" }
// clang-format on

/* For attn_variant.  The lists append to `out`, which a variant may then append its own to. */
bool softmax_check(const attn_dims *d, error *e);
int softmax_rotary(const attn_dims *d);
int softmax_kv_heads(const attn_dims *d);
double softmax_pairs(const attn_dims *d);
void softmax_params(const attn_dims *d, tensor_spec *out);
void softmax_acts(const attn_dims *d, tensor_spec *out);
void softmax_scratch(const attn_dims *d, tensor_spec *out);
void softmax_cache(const attn_dims *d, tensor_spec *out);

/* How many tensors one of these four lists has: the index of the first of the variant's own. */
int softmax_own(void (*list)(const attn_dims *, tensor_spec *), const attn_dims *d);

/* Leave o in l->act[O].  c (B, H, T) is a bias as in core/compute/attention.h, or NULL. */
void softmax_forward(const attn_layer *l, const float *x, const float *c);

/* Takes the gradient of o in l->tmp[DO]; overwrites dx, and dc (B, H, T) if c is not NULL. */
void softmax_backward(const attn_layer *l, float *dx, float *dc, const float *x, const float *c);

/* Leave o in l->tmp[DO].  c (B, H, T) as in softmax_forward, if the ring has T slots. */
void softmax_extend(const attn_layer *l, const float *x, const float *c, int t, int S);

#endif
