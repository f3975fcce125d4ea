/* broken_gated.c - grouped-query attention with a gate for each head (Qiu et al. 2025) and, as an
 * option, RMSNorm of every q and k with one gain for all heads (Henry et al. 2020); with one fault
 * or none.
 *
 *     q = rope(norm(x Wq))   k = rope(norm(x Wk))   v = x Wv   g = sigmoid(x Wg)
 *     y = (g_h attention(q, k, v)_h) Wo
 *
 * The cache holds k and v: 2 G E floats a token.
 */
#include "core/compute/attention.h"
#include "core/compute/kernels.h"
#include "tests/broken.h"

#include <math.h>
#include <string.h>

enum {
    NONE,
    SLOPE,  /* the gate's slope is g (1 - 0.97 g)                               */
    STRIDE, /* backward finds a sequence's gates as if there were G of them     */
    LARGE,  /* the cache is declared for H heads, and holds G                   */
    SMALL,  /* ... for one head                                                 */
    UNUSED, /* a parameter is declared that nothing reads                       */
    WRITE,  /* forward writes one float past the gates                          */
};

enum { N_KV_HEADS, NORM, FAULT };                                /* options     */
enum { Q_PROJ, K_PROJ, V_PROJ, G_PROJ, O_PROJ, Q_NORM, K_NORM }; /* parameters  */
enum { Q0, K0, Q, K, V, O, LSE, GATE, GO, RQ, RK };              /* activations */
enum { DQ, DK, DV, DO, DGATE, DRAW_Q, DRAW_K };                  /* scratch     */
enum { CACHE_K, CACHE_V };                                       /* cache       */

static const float EPS = 1e-5f;

static int groups(const attn_dims *d)
{
    return (int)d->opt[N_KV_HEADS];
}

static int fault(const attn_dims *d)
{
    return (int)d->opt[FAULT];
}

static bool check(const attn_dims *d, error *e)
{
    if (d->H % groups(d)) return error_set(e, "n_kv_heads=%d does not divide %d", groups(d), d->H);
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
    const int HE = d->H * d->E, GE = groups(d) * d->E, norm = d->opt[NORM] > 0;
    out[Q_PROJ] = (tensor_spec){ "q_proj", { HE, d->D }, .std = attn_std() };
    out[K_PROJ] = (tensor_spec){ "k_proj", { GE, d->D }, .std = attn_std() };
    out[V_PROJ] = (tensor_spec){ "v_proj", { GE, d->D }, .std = attn_std() };
    out[G_PROJ] = (tensor_spec){ "g_proj", { d->H, d->D }, .std = attn_std() };
    out[O_PROJ] = (tensor_spec){ "o_proj", { d->D, HE }, .std = attn_std_out(d) };
    if (norm) out[Q_NORM] = (tensor_spec){ "q_norm", { d->E }, .mean = 1 };
    if (norm) out[K_NORM] = (tensor_spec){ "k_norm", { d->E }, .mean = 1 };
    if (fault(d) == UNUSED) out[norm ? K_NORM + 1 : Q_NORM] = (tensor_spec){ "spare", { d->E } };
}

static void acts(const attn_dims *d, tensor_spec *out)
{
    const int B = d->B, S = d->S, H = d->H, G = groups(d), E = d->E;
    out[Q0] = (tensor_spec){ "q0", { B, S, H, E } };
    out[K0] = (tensor_spec){ "k0", { B, S, G, E } };
    out[Q] = (tensor_spec){ "q", { B, S, H, E } };
    out[K] = (tensor_spec){ "k", { B, S, G, E } };
    out[V] = (tensor_spec){ "v", { B, S, G, E } };
    out[O] = (tensor_spec){ "o", { B, S, H, E } };
    out[LSE] = (tensor_spec){ "lse", { B, S, H } };
    out[GATE] = (tensor_spec){ "gate", { B, S, H } };
    out[GO] = (tensor_spec){ "go", { B, S, H, E } };
    out[RQ] = (tensor_spec){ "rq", { B, S, H } };
    out[RK] = (tensor_spec){ "rk", { B, S, G } };
}

static void scratch(const attn_dims *d, tensor_spec *out)
{
    const int B = d->B, S = d->S, H = d->H, G = groups(d), E = d->E;
    out[DQ] = (tensor_spec){ "dq", { B, S, H, E } };
    out[DK] = (tensor_spec){ "dk", { B, S, G, E } };
    out[DV] = (tensor_spec){ "dv", { B, S, G, E } };
    out[DO] = (tensor_spec){ "do", { B, S, H, E } };
    out[DGATE] = (tensor_spec){ "dgate", { B, S, H } };
    out[DRAW_Q] = (tensor_spec){ "draw_q", { B, S, H, E } };
    out[DRAW_K] = (tensor_spec){ "draw_k", { B, S, G, E } };
}

static void cache(const attn_dims *d, tensor_spec *out)
{
    const int heads = fault(d) == LARGE ? d->H : fault(d) == SMALL ? 1 : groups(d);
    out[CACHE_K] = (tensor_spec){ "k", { d->B, d->T, heads, d->E } };
    out[CACHE_V] = (tensor_spec){ "v", { d->B, d->T, heads, d->E } };
}

/* q (or k) from x, with heads of its own. */
static void project(const attn_layer *l, float *q, float *raw, float *r, const float *x, int proj,
                    int norm, int heads, int t, int S)
{
    const attn_dims *d = &l->dims;
    const int rows = d->B * S;
    const bool normed = d->opt[NORM] > 0;
    linear(normed ? raw : q, x, l->w[proj], rows, d->D, heads * d->E);
    if (normed) rmsnorm(q, r, raw, l->w[norm], rows * heads, d->E, EPS);
    rope_forward(q, l->rope, d->B, S, heads, d->E, t);
}

/* go = gate o, where gate (N, H) is sigmoid of itself. */
static void gate_forward(float *go, float *gate, const float *o, int N, int E)
{
    for (int i = 0; i < N; i++) {
        gate[i] = 1 / (1 + expf(-gate[i]));
        for (int j = 0; j < E; j++) go[i * E + j] = gate[i] * o[i * E + j];
    }
}

static void forward(const attn_layer *l, float *y, const float *x)
{
    const attn_dims *d = &l->dims;
    const int B = d->B, T = d->T, D = d->D, H = d->H, E = d->E, G = groups(d);
    const attention a = { .S = T, .T = T, .H = H, .G = G, .E = E };
    project(l, l->act[Q], l->act[Q0], l->act[RQ], x, Q_PROJ, Q_NORM, H, 0, T);
    project(l, l->act[K], l->act[K0], l->act[RK], x, K_PROJ, K_NORM, G, 0, T);
    linear(l->act[V], x, l->w[V_PROJ], B * T, D, G * E);
    linear(l->act[GATE], x, l->w[G_PROJ], B * T, D, H);
    for (int b = 0; b < B; b++) {
        const size_t q = (size_t)b * T * H * E, k = (size_t)b * T * G * E;
        attention_forward(l->act[O] + q, l->act[LSE] + (size_t)b * T * H, l->act[Q] + q,
                          l->act[K] + k, l->act[V] + k, &a);
    }
    gate_forward(l->act[GO], l->act[GATE], l->act[O], B * T * H, E);
    if (fault(d) == WRITE) l->act[GATE][B * T * H] = 0;
    linear(y, l->act[GO], l->w[O_PROJ], B * T, H * E, D);
}

static void gate_backward(const attn_layer *l, float *dO, float *dgate)
{
    const attn_dims *d = &l->dims;
    const int T = d->T, H = d->H, E = d->E;
    const float *o = l->act[O];
    for (int b = 0; b < d->B; b++)
        for (int i = 0; i < T * H; i++) {
            const int at = b * T * H + i, from = fault(d) == STRIDE ? b * T * groups(d) + i : at;
            const float g = l->act[GATE][from];
            float dg = 0;
            for (int j = 0; j < E; j++) {
                dg += dO[at * E + j] * o[at * E + j];
                dO[at * E + j] *= g;
            }
            dgate[at] = dg * g * (1 - (fault(d) == SLOPE ? 0.97f : 1) * g);
        }
}

/* dx and the weights' gradients from dq (or dk). */
static void project_backward(const attn_layer *l, float *dx, float *dq, float *draw,
                             const float *raw, const float *r, const float *x, int proj, int norm,
                             int heads, float beta)
{
    const attn_dims *d = &l->dims;
    const int N = d->B * d->T, E = d->E;
    const bool normed = d->opt[NORM] > 0;
    rope_backward(dq, l->rope, d->B, d->T, heads, E, 0);
    if (normed) rmsnorm_backward(draw, l->dw[norm], dq, raw, r, l->w[norm], N * heads, E, 0);
    linear_backward(dx, l->dw[proj], normed ? draw : dq, x, l->w[proj], N, d->D, heads * E, beta);
}

static void backward(const attn_layer *l, float *dx, const float *dy, const float *x)
{
    const attn_dims *d = &l->dims;
    const int B = d->B, T = d->T, D = d->D, H = d->H, E = d->E, G = groups(d);
    const attention a = { .S = T, .T = T, .H = H, .G = G, .E = E };
    float *dq = l->tmp[DQ], *dk = l->tmp[DK], *dv = l->tmp[DV], *dO = l->tmp[DO];
    linear_backward(dO, l->dw[O_PROJ], dy, l->act[GO], l->w[O_PROJ], B * T, H * E, D, 0);
    gate_backward(l, dO, l->tmp[DGATE]);
    for (int b = 0; b < B; b++) {
        const size_t q = (size_t)b * T * H * E, k = (size_t)b * T * G * E;
        attention_backward(dq + q, dk + k, dv + k, dO + q, l->act[O] + q,
                           l->act[LSE] + (size_t)b * T * H, l->act[Q] + q, l->act[K] + k,
                           l->act[V] + k, &a);
    }
    linear_backward(dx, l->dw[V_PROJ], dv, x, l->w[V_PROJ], B * T, D, G * E, 0);
    linear_backward(dx, l->dw[G_PROJ], l->tmp[DGATE], x, l->w[G_PROJ], B * T, D, H, 1);
    project_backward(l, dx, dq, l->tmp[DRAW_Q], l->act[Q0], l->act[RQ], x, Q_PROJ, Q_NORM, H, 1);
    project_backward(l, dx, dk, l->tmp[DRAW_K], l->act[K0], l->act[RK], x, K_PROJ, K_NORM, G, 1);
}

static void extend(const attn_layer *l, float *y, const float *x, int t, int S)
{
    const attn_dims *d = &l->dims;
    const int B = d->B, D = d->D, H = d->H, E = d->E, G = groups(d), HE = H * E, GE = G * E;
    const attention a = { .S = S, .T = t + S, .H = H, .G = G, .E = E };
    float *q = l->tmp[DQ], *k = l->tmp[DK], *v = l->tmp[DV], *o = l->tmp[DO];
    project(l, q, l->tmp[DRAW_Q], l->tmp[DGATE], x, Q_PROJ, Q_NORM, H, t, S);
    project(l, k, l->tmp[DRAW_K], l->tmp[DGATE], x, K_PROJ, K_NORM, G, t, S);
    linear(v, x, l->w[V_PROJ], B * S, D, GE);
    linear(l->tmp[DGATE], x, l->w[G_PROJ], B * S, D, H);
    for (int b = 0; b < B; b++) {
        float *all_k = l->cache[CACHE_K] + (size_t)b * d->T * GE;
        float *all_v = l->cache[CACHE_V] + (size_t)b * d->T * GE;
        memcpy(all_k + t * GE, k + b * S * GE, sizeof *k * (size_t)(S * GE));
        memcpy(all_v + t * GE, v + b * S * GE, sizeof *v * (size_t)(S * GE));
        attention_forward(o + b * S * HE, NULL, q + b * S * HE, all_k, all_v, &a);
    }
    gate_forward(o, l->tmp[DGATE], o, B * S * H, E);
    linear(y, o, l->w[O_PROJ], B * S, HE, D);
}

#define OPTIONS(fault_)                                                                            \
    .options = (const attn_option[])                                                               \
    {                                                                                              \
        { "n_kv_heads", ATTN_INTEGER, ATTN_HEADS, 1, INT_MAX, "key/value heads" },                 \
            { "norm", ATTN_INTEGER, 0, 0, 1, "normalize q and k" },                                \
            { "fault", ATTN_FIXED, fault_ },                                                       \
        {                                                                                          \
            0                                                                                      \
        }                                                                                          \
    }

#define PASSES .forward = forward, .backward = backward, .extend = extend
#define GATED                                                                                      \
    .summary = "heads with gates", .equation = "y = (sigmoid(x Wg) o) Wo",                         \
    .cache_size = "2 G E floats a token", .check = check, .rotary = rotary, .pairs = pairs,        \
    .params = params, .acts = acts, .scratch = scratch, .cache = cache

// clang-format off
const attn_variant attn_gated            = { .name = "gated",            OPTIONS(NONE),   GATED, PASSES };
const attn_variant attn_gated_slope      = { .name = "gated-slope",      OPTIONS(SLOPE),  GATED, PASSES };
const attn_variant attn_gated_stride     = { .name = "gated-stride",     OPTIONS(STRIDE), GATED, PASSES };
const attn_variant attn_gated_large      = { .name = "gated-large",      OPTIONS(LARGE),  GATED, PASSES };
const attn_variant attn_gated_small      = { .name = "gated-small",      OPTIONS(SMALL),  GATED, PASSES };
const attn_variant attn_gated_unused     = { .name = "gated-unused",     OPTIONS(UNUSED), GATED, PASSES };
const attn_variant attn_gated_write      = { .name = "gated-write",      OPTIONS(WRITE),  GATED, PASSES };
const attn_variant attn_gated_unfinished = { .name = "gated-unfinished", OPTIONS(NONE),   GATED, .forward = forward };
// clang-format on
