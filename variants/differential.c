/* differential.c - the difference of two attention maps (Ye et al., Differential transformer, 2024;
 * arXiv 2410.05258).
 *
 *     o_j = P1_j v_j - lambda P2_j v_j
 *     P1, P2 = softmax of q1 . k1 / sqrt(E), q2 . k2 / sqrt(E)
 *     y = (1 - lambda0) concat_j norm(o_j) Wo       norm = RMSNorm with a gain, one for all j
 *     lambda = exp(lq1 . lk1) - exp(lq2 . lk2) + lambda0
 *     lambda0 = 0.8 - 0.6 exp(-0.3 layer)
 *
 * Heads 2 j and 2 j + 1 of q and k (width E, RoPE) make the maps 1 and 2 of head j of v (width 2
 * E), so H / 2 heads have the weights and the cache of H heads of multi-head attention: 2 H E
 * floats a token.  The maps are multiplied by v one after the other, which costs H E products a
 * pair more.
 */
#include "core/compute/attention.h"
#include "core/compute/kernels.h"
#include "variants/attn.h"

#include <math.h>

enum { Q_PROJ, K_PROJ, V_PROJ, O_PROJ, LQ1, LK1, LQ2, LK2, NORM }; /* parameters  */
enum { Q, K, V, O1, O2, LSE1, LSE2, N, RATE };                     /* activations */
enum { DQ, DK, DV, DV2, DN, O };                                   /* scratch     */
enum { PAST_K, PAST_V };                                           /* cache       */

static const float EPS = 1e-5f; /* of the norm, as in the paper's code */

static bool check(const attn_dims *d, error *e)
{
    if (d->E % 2) return error_set(e, "the head width %d is not even", d->E);
    if (d->H % 2) return error_set(e, "differential: heads go in pairs, but there are %d", d->H);
    return true;
}

static int rotary(const attn_dims *d)
{
    return d->E;
}

static int kv_heads(const attn_dims *d)
{
    return d->H / 2;
}

static double pairs(const attn_dims *d)
{
    return (d->T + 1) / 2.0;
}

static double state_flops(const attn_dims *d)
{
    return 2.0 * d->H * d->E * pairs(d);
}

static void params(const attn_dims *d, tensor_spec *out)
{
    const int HE = d->H * d->E;
    out[Q_PROJ] = (tensor_spec){ "q_proj", { HE, d->D }, .std = attn_std() };
    out[K_PROJ] = (tensor_spec){ "k_proj", { HE, d->D }, .std = attn_std() };
    out[V_PROJ] = (tensor_spec){ "v_proj", { HE, d->D }, .std = attn_std() };
    out[O_PROJ] = (tensor_spec){ "o_proj", { d->D, HE }, .std = attn_std_out(d) };
    out[LQ1] = (tensor_spec){ "lambda_q1", { d->E }, .std = 0.1f };
    out[LK1] = (tensor_spec){ "lambda_k1", { d->E }, .std = 0.1f };
    out[LQ2] = (tensor_spec){ "lambda_q2", { d->E }, .std = 0.1f };
    out[LK2] = (tensor_spec){ "lambda_k2", { d->E }, .std = 0.1f };
    out[NORM] = (tensor_spec){ "subln", { 2 * d->E }, .mean = 1 };
}

static void acts(const attn_dims *d, tensor_spec *out)
{
    const int B = d->B, S = d->S, H = d->H, E = d->E;
    out[Q] = (tensor_spec){ "q", { B, S, H, E } };
    out[K] = (tensor_spec){ "k", { B, S, H, E } };
    out[V] = (tensor_spec){ "v", { B, S, H / 2, 2 * E } };
    out[O1] = (tensor_spec){ "o1", { B, S, H / 2, 2 * E } };
    out[O2] = (tensor_spec){ "o2", { B, S, H / 2, 2 * E } };
    out[LSE1] = (tensor_spec){ "lse1", { B, S, H / 2 } };
    out[LSE2] = (tensor_spec){ "lse2", { B, S, H / 2 } };
    out[N] = (tensor_spec){ "n", { B, S, H / 2, 2 * E } };
    out[RATE] = (tensor_spec){ "rate", { B, S, H / 2 } };
}

static void scratch(const attn_dims *d, tensor_spec *out)
{
    const int B = d->B, S = d->S, H = d->H, E = d->E;
    out[DQ] = (tensor_spec){ "dq", { B, S, H, E } };
    out[DK] = (tensor_spec){ "dk", { B, S, H, E } };
    out[DV] = (tensor_spec){ "dv", { B, S, H / 2, 2 * E } };
    out[DV2] = (tensor_spec){ "dv2", { B, S, H / 2, 2 * E } };
    out[DN] = (tensor_spec){ "dn", { B, S, H / 2, 2 * E } };
    out[O] = (tensor_spec){ "o", { B, S, H / 2, 2 * E } };
}

static void cache(const attn_dims *d, tensor_spec *out)
{
    out[PAST_K] = (tensor_spec){ "k", { d->B, d->T, d->H, d->E } };
    out[PAST_V] = (tensor_spec){ "v", { d->B, d->T, d->H / 2, 2 * d->E } };
}

/* One of the two maps: every second head of q and k, beginning at q and k or one head later. */
static attention map_of(const attn_dims *d, int S, int T)
{
    return (attention){ .S = S,
                        .T = T,
                        .H = d->H / 2,
                        .G = d->H / 2,
                        .E = d->E,
                        .Ev = 2 * d->E,
                        .q_head = 2 * d->E,
                        .k_head = 2 * d->E };
}

static double exp_dot(const float *a, const float *b, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++) sum += (double)a[i] * b[i];
    return exp(sum);
}

static double lambda0(const attn_dims *d)
{
    return 0.8 - 0.6 * exp(-0.3 * d->layer);
}

static float lambda(const attn_layer *l)
{
    const int E = l->dims.E;
    return (float)(exp_dot(l->w[LQ1], l->w[LK1], E) - exp_dot(l->w[LQ2], l->w[LK2], E) +
                   lambda0(&l->dims));
}

/* n = (1 - lambda0) norm(o1 - lambda o2), the difference in o, for `rows` heads. */
static void join(float *n, float *rate, float *o, const float *o1, const float *o2,
                 const attn_layer *l, int rows)
{
    const int E2 = 2 * l->dims.E;
    const float by = lambda(l), keep = (float)(1 - lambda0(&l->dims));
    const size_t all = (size_t)rows * (size_t)E2;
    for (size_t i = 0; i < all; i++) o[i] = o1[i] - by * o2[i];
    rmsnorm(n, rate, o, l->w[NORM], rows, E2, EPS);
    for (size_t i = 0; i < all; i++) n[i] *= keep;
}

static void forward(const attn_layer *l, float *y, const float *x)
{
    const attn_dims *d = &l->dims;
    const int B = d->B, T = d->T, D = d->D, H = d->H, E = d->E, HE = H * E;
    const attention a = map_of(d, T, T);
    float *q = l->act[Q], *k = l->act[K], *v = l->act[V];

    linear(q, x, l->w[Q_PROJ], B * T, D, HE);
    linear(k, x, l->w[K_PROJ], B * T, D, HE);
    linear(v, x, l->w[V_PROJ], B * T, D, HE);
    rope_forward(q, l->rope, B, T, H, E, 0);
    rope_forward(k, l->rope, B, T, H, E, 0);
    for (size_t b = 0; b < (size_t)B; b++) {
        const size_t at = b * T * HE, row = b * T * (H / 2);
        attention_forward(l->act[O1] + at, l->act[LSE1] + row, q + at, k + at, v + at, &a);
        attention_forward(l->act[O2] + at, l->act[LSE2] + row, q + at + E, k + at + E, v + at, &a);
    }
    join(l->act[N], l->act[RATE], l->tmp[O], l->act[O1], l->act[O2], l, B * T * H / 2);
    linear(y, l->act[N], l->w[O_PROJ], B * T, HE, D);
}

/* dlambda is what lambda's four vectors get, each through the exponential that it is part of. */
static void lambda_backward(const attn_layer *l, double dlambda)
{
    const int E = l->dims.E;
    const double one = dlambda * exp_dot(l->w[LQ1], l->w[LK1], E);
    const double two = -dlambda * exp_dot(l->w[LQ2], l->w[LK2], E);
    for (int i = 0; i < E; i++) {
        l->dw[LQ1][i] += (float)(one * l->w[LK1][i]);
        l->dw[LK1][i] += (float)(one * l->w[LQ1][i]);
        l->dw[LQ2][i] += (float)(two * l->w[LK2][i]);
        l->dw[LK2][i] += (float)(two * l->w[LQ2][i]);
    }
}

/* The gradient of o1 in l->tmp[DN], and that of o2 in l->tmp[O], from that of n in l->tmp[DN]. */
static void join_backward(const attn_layer *l, int rows)
{
    const int E2 = 2 * l->dims.E;
    const float by = lambda(l), keep = (float)(1 - lambda0(&l->dims));
    const size_t all = (size_t)rows * (size_t)E2;
    const float *o1 = l->act[O1], *o2 = l->act[O2];
    float *o = l->tmp[O], *dn = l->tmp[DN];
    double dlambda = 0;
    for (size_t i = 0; i < all; i++) o[i] = o1[i] - by * o2[i], dn[i] *= keep;
    rmsnorm_backward(dn, l->dw[NORM], dn, o, l->act[RATE], l->w[NORM], rows, E2, 0);
    for (size_t i = 0; i < all; i++) {
        dlambda -= (double)dn[i] * o2[i];
        o[i] = -by * dn[i];
    }
    lambda_backward(l, dlambda);
}

static void backward(const attn_layer *l, float *dx, const float *dy, const float *x)
{
    const attn_dims *d = &l->dims;
    const int B = d->B, T = d->T, D = d->D, H = d->H, E = d->E, HE = H * E;
    const attention a = map_of(d, T, T);
    const float *q = l->act[Q], *k = l->act[K], *v = l->act[V];
    float *dq = l->tmp[DQ], *dk = l->tmp[DK], *dv = l->tmp[DV], *dv2 = l->tmp[DV2];

    linear_backward(l->tmp[DN], l->dw[O_PROJ], dy, l->act[N], l->w[O_PROJ], B * T, HE, D, 0);
    join_backward(l, B * T * H / 2);
    for (size_t b = 0; b < (size_t)B; b++) {
        const size_t at = b * T * HE, row = b * T * (H / 2), odd = at + E;
        attention_backward(dq + at, dk + at, dv + at, l->tmp[DN] + at, l->act[O1] + at,
                           l->act[LSE1] + row, q + at, k + at, v + at, &a);
        attention_backward(dq + odd, dk + odd, dv2 + at, l->tmp[O] + at, l->act[O2] + at,
                           l->act[LSE2] + row, q + odd, k + odd, v + at, &a);
    }
    vector_add(dv, dv2, (size_t)B * T * HE);
    rope_backward(dq, l->rope, B, T, H, E, 0);
    rope_backward(dk, l->rope, B, T, H, E, 0);
    linear_backward(dx, l->dw[Q_PROJ], dq, x, l->w[Q_PROJ], B * T, D, HE, 0);
    linear_backward(dx, l->dw[K_PROJ], dk, x, l->w[K_PROJ], B * T, D, HE, 1);
    linear_backward(dx, l->dw[V_PROJ], dv, x, l->w[V_PROJ], B * T, D, HE, 1);
}

static void extend(const attn_layer *l, float *y, const float *x, int t, int S)
{
    const attn_dims *d = &l->dims;
    const int B = d->B, D = d->D, H = d->H, E = d->E, HE = H * E;
    const attention a = map_of(d, S, t + S);
    float *q = l->tmp[DQ], *o1 = l->tmp[DN], *o2 = l->tmp[O];

    linear(q, x, l->w[Q_PROJ], B * S, D, HE);
    rope_forward(q, l->rope, B, S, H, E, t);
    for (size_t b = 0; b < (size_t)B; b++) {
        const size_t at = b * S * HE;
        float *past_k = l->cache[PAST_K] + b * d->T * HE, *k = past_k + (size_t)t * HE;
        float *past_v = l->cache[PAST_V] + b * d->T * HE, *v = past_v + (size_t)t * HE;
        linear(k, x + b * S * D, l->w[K_PROJ], S, D, HE);
        linear(v, x + b * S * D, l->w[V_PROJ], S, D, HE);
        rope_forward(k, l->rope, 1, S, H, E, t);
        attention_forward(o1 + at, NULL, q + at, past_k, past_v, &a);
        attention_forward(o2 + at, NULL, q + at + E, past_k + E, past_v, &a);
    }
    join(l->tmp[DV], l->tmp[DK], o1, o1, o2, l, B * S * H / 2);
    linear(y, l->tmp[DV], l->w[O_PROJ], B * S, HE, D);
}

// clang-format off
const attn_variant attn_differential = {
    .name = "differential",
    .summary = "the difference of two attention maps (Ye et al. 2024)",
    .equation = "o_j = softmax(q1_j k1_j / sqrt(E)) v_j - lambda softmax(q2_j k2_j / sqrt(E)) v_j    q, k with RoPE\n"
                "y = (1 - lambda0) norm(o) Wo    lambda0 = 0.8 - 0.6 exp(-0.3 layer)\n"
                "lambda = exp(lq1 . lk1) - exp(lq2 . lk2) + lambda0",
    .cache_size = "2 H E floats a token",
    .check = check,
    .rotary = rotary,
    .kv_heads = kv_heads,
    .pairs = pairs,
    .state_flops = state_flops,
    .params = params,
    .acts = acts,
    .scratch = scratch,
    .cache = cache,
    .forward = forward,
    .backward = backward,
    .extend = extend,
};
// clang-format on
