/* retention.c - multi-scale retention (RetNet: Sun et al. 2023), optionally with a decay that
 * depends on the data (gated retention: Sun et al., YOCO, 2024).
 *
 *     q = rope(x Wq)   k = rope(x Wk)   v = x Wv   g = x Wg
 *     S_t = a_t S_(t-1) + k_t v_t^T     o_t = S_t^T q_t / sqrt(E)
 *     y = (silu(g) groupnorm(o)) Wo
 *
 * Head h = 0 ... H - 1 keeps a_t = 1 - 2^(-5 - h), or, with gated=1, a_t = sigmoid(x_t Wa)^(1/16).
 * Values are expand_v times as wide as keys (2 in the paper), and the group norm has a group a
 * head, no gain, and the eps of 1e-6 of the authors' code.
 *
 * The cache holds S: H E Ev floats, however long the sequence.
 */
#include "core/compute/kernels.h"
#include "core/compute/scan.h"
#include "variants/attn.h"

#include <math.h>
#include <string.h>

enum { EXPAND_V, GATED };                                      /* options     */
enum { Q_PROJ, K_PROJ, V_PROJ, G_PROJ, O_PROJ, A_PROJ };       /* parameters  */
enum { Q, K, V, G, O, NORM, RATE, STATES, DECAY, A };          /* activations */
enum { DQ, DK, DV, DG, DO, MIXED, RATES, DSTATE, DDECAY, DA }; /* scratch */
enum { CACHE };                                                /* cache       */

static const float EPS = 1e-6f, TAU = 16;

static int value_width(const attn_dims *d)
{
    return d->E * (int)d->opt[EXPAND_V];
}

static bool gated(const attn_dims *d)
{
    return d->opt[GATED] != 0;
}

static bool check(const attn_dims *d, error *e)
{
    if (d->E % 2) return error_set(e, "the head width %d is not even", d->E);
    if (value_width(d) < 4)
        return error_set(e, "values of width %d: the group norm of two numbers is only a sign",
                         value_width(d));
    if (value_width(d) > SCAN_WIDTH)
        return error_set(e, "values of width %d x expand_v=%.0f are wider than %d", d->E,
                         d->opt[EXPAND_V], SCAN_WIDTH);
    return true;
}

static int rotary(const attn_dims *d)
{
    return d->E;
}

/* The state: fade, write, read. */
static double state_flops(const attn_dims *d)
{
    return 5.0 * d->H * d->E * value_width(d);
}

static void params(const attn_dims *d, tensor_spec *out)
{
    const int HE = d->H * d->E, HV = d->H * value_width(d);
    out[Q_PROJ] = (tensor_spec){ "q_proj", { HE, d->D }, .std = attn_std() };
    out[K_PROJ] = (tensor_spec){ "k_proj", { HE, d->D }, .std = attn_std() };
    out[V_PROJ] = (tensor_spec){ "v_proj", { HV, d->D }, .std = attn_std() };
    out[G_PROJ] = (tensor_spec){ "g_proj", { HV, d->D }, .std = attn_std() };
    out[O_PROJ] = (tensor_spec){ "o_proj", { d->D, HV }, .std = attn_std_out(d) };
    if (gated(d)) out[A_PROJ] = (tensor_spec){ "a_proj", { d->H, d->D }, .std = attn_std() };
}

static void acts(const attn_dims *d, tensor_spec *out)
{
    const int V_ = value_width(d);
    out[Q] = (tensor_spec){ "q", { d->B, d->S, d->H, d->E } };
    out[K] = (tensor_spec){ "k", { d->B, d->S, d->H, d->E } };
    out[V] = (tensor_spec){ "v", { d->B, d->S, d->H, V_ } };
    out[G] = (tensor_spec){ "g", { d->B, d->S, d->H, V_ } };
    out[O] = (tensor_spec){ "o", { d->B, d->S, d->H, V_ } };
    out[NORM] = (tensor_spec){ "norm", { d->B, d->S, d->H, V_ } };
    out[RATE] = (tensor_spec){ "rate", { d->B, d->S, d->H } };
    out[STATES] = (tensor_spec){ "states", { d->B, d->H, scan_chunks(d->S), d->E, V_ } };
    out[DECAY] = (tensor_spec){ "decay", { d->B, d->S, d->H } };
    if (gated(d)) out[A] = (tensor_spec){ "a", { d->B, d->S, d->H } };
}

static void scratch(const attn_dims *d, tensor_spec *out)
{
    const int V_ = value_width(d);
    out[DQ] = (tensor_spec){ "dq", { d->B, d->S, d->H, d->E } };
    out[DK] = (tensor_spec){ "dk", { d->B, d->S, d->H, d->E } };
    out[DV] = (tensor_spec){ "dv", { d->B, d->S, d->H, V_ } };
    out[DG] = (tensor_spec){ "dg", { d->B, d->S, d->H, V_ } };
    out[DO] = (tensor_spec){ "do", { d->B, d->S, d->H, V_ } };
    out[MIXED] = (tensor_spec){ "mixed", { d->B, d->S, d->H, V_ } };
    out[RATES] = (tensor_spec){ "rates", { d->B, d->S, d->H } };
    out[DSTATE] = (tensor_spec){ "dstate", { d->B, d->H, d->E, V_ } };
    out[DDECAY] = (tensor_spec){ "ddecay", { d->B, d->S, d->H } };
    out[DA] = (tensor_spec){ "da", { d->B, d->S, d->H } };
}

static void cache(const attn_dims *d, tensor_spec *out)
{
    out[CACHE] = (tensor_spec){ "s", { d->B, d->H, d->E, value_width(d) } };
}

static scan shape(const attn_dims *d, int S)
{
    return (scan){ d->B, S, d->H, d->E, value_width(d), 1 / sqrtf((float)d->E) };
}

/* What the S positions of x, from t on, give to the recurrence; `a` only if the decay is gated. */
static void project(const attn_layer *l, float *const out[5], float *a, const float *x, int t,
                    int S)
{
    const attn_dims *d = &l->dims;
    const int BS = d->B * S, D = d->D, H = d->H, HE = H * d->E, HV = H * value_width(d);
    float *q = out[Q], *k = out[K], *decay = out[4];
    linear(q, x, l->w[Q_PROJ], BS, D, HE);
    linear(k, x, l->w[K_PROJ], BS, D, HE);
    linear(out[V], x, l->w[V_PROJ], BS, D, HV);
    linear(out[G], x, l->w[G_PROJ], BS, D, HV);
    rope_forward(q, l->rope, d->B, S, H, d->E, t);
    rope_forward(k, l->rope, d->B, S, H, d->E, t);
    if (gated(d)) {
        linear(a, x, l->w[A_PROJ], BS, D, H);
        log_sigmoid(decay, a, (size_t)BS * H);
        for (int i = 0; i < BS * H; i++) decay[i] /= TAU;
    } else
        for (int i = 0; i < BS * H; i++) decay[i] = log1pf(-exp2f((float)(-5 - i % H)));
}

/* Take the mean of each row of x (N, width) away; this is its own backward. */
static void center(float *x, int N, int width)
{
    for (int i = 0; i < N; i++, x += width) {
        float mean = 0;
        for (int j = 0; j < width; j++) mean += x[j] / (float)width;
        for (int j = 0; j < width; j++) x[j] -= mean;
    }
}

static void forward(const attn_layer *l, float *y, const float *x)
{
    const attn_dims *d = &l->dims;
    const int BT = d->B * d->T, V_ = value_width(d), HV = d->H * V_;
    const scan s = shape(d, d->T);
    float *o = l->act[O], *norm = l->act[NORM], *mixed = l->tmp[MIXED], *decay = l->act[DECAY];
    float *const to[5] = { l->act[Q], l->act[K], l->act[V], l->act[G], decay };

    project(l, to, l->act[A], x, 0, d->T);
    scan_forward(o, l->act[STATES], NULL, l->act[Q], l->act[K], l->act[V], decay, NULL, &s);
    center(o, BT * d->H, V_);
    rmsnorm(norm, l->act[RATE], o, NULL, BT * d->H, V_, EPS);
    swiglu(mixed, l->act[G], norm, (size_t)BT * HV);
    linear(y, mixed, l->w[O_PROJ], BT, HV, d->D);
}

static void backward(const attn_layer *l, float *dx, const float *dy, const float *x)
{
    const attn_dims *d = &l->dims;
    const int BT = d->B * d->T, D = d->D, H = d->H, HE = H * d->E, V_ = value_width(d), HV = H * V_;
    const scan s = shape(d, d->T);
    const float *norm = l->act[NORM], *g = l->act[G], *decay = l->act[DECAY];
    float *dq = l->tmp[DQ], *dk = l->tmp[DK], *dv = l->tmp[DV], *dg = l->tmp[DG];
    float *dO = l->tmp[DO], *mixed = l->tmp[MIXED];
    float *ddecay = gated(d) ? l->tmp[DDECAY] : NULL, *da = l->tmp[DA];

    swiglu(mixed, g, norm, (size_t)BT * HV);
    linear_backward(dv, l->dw[O_PROJ], dy, mixed, l->w[O_PROJ], BT, HV, D, 0);
    swiglu_backward(dg, dv, mixed, dv, g, norm, (size_t)BT * HV);
    rmsnorm_backward(dO, NULL, dv, l->act[O], l->act[RATE], NULL, BT * H, V_, 0);
    center(dO, BT * H, V_);
    scan_backward(dq, dk, dv, ddecay, NULL, l->tmp[DSTATE], dO, l->act[STATES], l->act[V],
                  l->act[Q], l->act[K], decay, NULL, &s);
    rope_backward(dq, l->rope, d->B, d->T, H, d->E, 0);
    rope_backward(dk, l->rope, d->B, d->T, H, d->E, 0);
    linear_backward(dx, l->dw[Q_PROJ], dq, x, l->w[Q_PROJ], BT, D, HE, 0);
    linear_backward(dx, l->dw[K_PROJ], dk, x, l->w[K_PROJ], BT, D, HE, 1);
    linear_backward(dx, l->dw[V_PROJ], dv, x, l->w[V_PROJ], BT, D, HV, 1);
    linear_backward(dx, l->dw[G_PROJ], dg, x, l->w[G_PROJ], BT, D, HV, 1);
    if (!gated(d)) return;
    log_sigmoid_backward(da, ddecay, l->act[A], (size_t)BT * H);
    for (int i = 0; i < BT * H; i++) da[i] /= TAU;
    linear_backward(dx, l->dw[A_PROJ], da, x, l->w[A_PROJ], BT, D, H, 1);
}

static void extend(const attn_layer *l, float *y, const float *x, int t, int S)
{
    const attn_dims *d = &l->dims;
    const int BS = d->B * S, V_ = value_width(d), HV = d->H * V_;
    const scan s = shape(d, S);
    float *q = l->tmp[DQ], *k = l->tmp[DK], *v = l->tmp[DV], *g = l->tmp[DG], *o = l->tmp[DO];
    float *mixed = l->tmp[MIXED], *decay = l->tmp[DDECAY], *state = l->cache[CACHE];
    float *const to[5] = { q, k, v, g, decay };

    if (t == 0) memset(state, 0, sizeof *state * (size_t)d->B * HV * d->E);
    project(l, to, l->tmp[DA], x, t, S);
    scan_extend(o, state, NULL, q, k, v, decay, NULL, &s);
    center(o, BS * d->H, V_);
    rmsnorm(mixed, l->tmp[RATES], o, NULL, BS * d->H, V_, EPS);
    swiglu(mixed, g, mixed, (size_t)BS * HV);
    linear(y, mixed, l->w[O_PROJ], BS, HV, d->D);
}

// clang-format off
const attn_variant attn_retention = {
    .name = "retention",
    .summary = "multi-scale retention (Sun et al. 2023)",
    .equation = "q = rope(x Wq)    k = rope(x Wk)    S_t = a_t S_(t-1) + k_t (x_t Wv)^T\n"
                "y_t = (silu(x_t Wg) groupnorm(S_t^T q_t / sqrt(E))) Wo\n"
                "a_t = 1 - 2^(-5 - h) of head h, or sigmoid(x_t Wa)^(1/16) if gated",
    .cache_size = "H E Ev floats in all, Ev = expand_v E",
    .options = (const attn_option[]){
        { "expand_v", ATTN_INTEGER, 2, 1, 4, "width of a value, in head widths" },
        { "gated", ATTN_INTEGER, 0, 0, 1, "1: the decay depends on the data" },
        { 0 } },
    .check = check, .rotary = rotary, .state_flops = state_flops, .params = params, .acts = acts,
    .scratch = scratch, .cache = cache, .forward = forward, .backward = backward, .extend = extend,
};
// clang-format on
