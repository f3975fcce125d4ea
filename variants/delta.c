/* delta.c - DeltaNet (Schlag et al. 2021; Yang et al. 2024) and gated DeltaNet (Yang et al. 2025).
 *
 *     q = unit(silu(conv(x Wq)))      k = unit(silu(conv(x Wk)))      v = silu(conv(x Wv))
 *     beta = beta_max sigmoid(x Wb)
 *     S_t = a_t S_(t-1) + k_t (beta_t (v_t - a_t S_(t-1)^T k_t))^T
 *     o_t = S_t^T q_t / sqrt(E)       y = (gain rmsnorm(o)) Wo
 *
 * The state is a memory that a key reads before it writes: what is there already is replaced, not
 * added to.  DeltaNet has a = 1.  Gated DeltaNet forgets, and gates what it reads:
 *
 *     a_t = exp(-exp(A_log) softplus(x_t Wa + dt_bias))      y = (silu(x Wg) gain rmsnorm(o)) Wo
 *
 * conv is a causal convolution over 4 positions, unit divides a head's row by its length.
 * Constants are those of the authors' code: eps of 1e-6 in lengths and of 1e-5 in norms; A_log and
 * dt_bias begin with the mean and the spread of its draws (A uniform in 0..16, the softplus of
 * dt_bias log-uniform in 0.001..0.1), and conv with those of PyTorch's convolution.
 *
 * The cache holds S and the last 3 inputs of conv: H E Ev + 3 H (2 E + Ev) floats.
 */
#include "core/compute/conv.h"
#include "core/compute/kernels.h"
#include "core/compute/scan.h"
#include "variants/attn.h"

#include <math.h>
#include <string.h>

enum { GATED, CONV, BETA_MAX, EXPAND_V }; /* options */
enum { Q, K, V, INPUTS };                 /* what conv sees: the first entries of most lists */
enum { O_PROJ = INPUTS, B_PROJ, O_NORM, MORE, A_PROJ = MORE, G_PROJ, A_LOG, DT_BIAS }; /* params */
enum {
    UNIT = INPUTS,
    VALUE = UNIT + V,
    BETA,
    LENGTH,
    STATES = LENGTH + V,
    R,
    O,
    RATE,
    G,
    A,
    DECAY
};
enum { FLAT = INPUTS, SILU, GATE, NORM, DO, DSTATE, DBETA, DDECAY, DA, LENGTHS }; /* scratch */
enum { CACHE, PAST };                                                             /* cache   */

static bool gated(const attn_dims *d)
{
    return d->opt[GATED] != 0;
}

static bool convolved(const attn_dims *d)
{
    return d->opt[CONV] != 0;
}

static int value_width(const attn_dims *d)
{
    return d->E * (int)d->opt[EXPAND_V];
}

/* Of q, k or v: all heads. */
static int width(const attn_dims *d, int i)
{
    return d->H * (i == V ? value_width(d) : d->E);
}

static int conv_param(const attn_dims *d)
{
    return gated(d) ? DT_BIAS + 1 : MORE;
}

static bool check(const attn_dims *d, error *e)
{
    if (value_width(d) <= SCAN_WIDTH) return true;
    return error_set(e, "values of width %d x expand_v=%.0f are wider than %d", d->E,
                     d->opt[EXPAND_V], SCAN_WIDTH);
}

/* The state: fade, predict, write, read. */
static double state_flops(const attn_dims *d)
{
    return (gated(d) ? 7.0 : 6.0) * d->H * d->E * value_width(d);
}

static void params(const attn_dims *d, tensor_spec *out)
{
    const int HE = width(d, Q), HV = width(d, V), conv = conv_param(d);
    out[Q] = (tensor_spec){ "q_proj", { HE, d->D }, .std = attn_std() };
    out[K] = (tensor_spec){ "k_proj", { HE, d->D }, .std = attn_std() };
    out[V] = (tensor_spec){ "v_proj", { HV, d->D }, .std = attn_std() };
    out[O_PROJ] = (tensor_spec){ "o_proj", { d->D, HV }, .std = attn_std_out(d) };
    out[B_PROJ] = (tensor_spec){ "b_proj", { d->H, d->D }, .std = attn_std() };
    out[O_NORM] = (tensor_spec){ "o_norm", { value_width(d) }, .mean = 1 };
    if (gated(d)) {
        out[A_PROJ] = (tensor_spec){ "a_proj", { d->H, d->D }, .std = attn_std() };
        out[G_PROJ] = (tensor_spec){ "g_proj", { HV, d->D }, .std = attn_std() };
        out[A_LOG] = (tensor_spec){ "A_log", { d->H }, .mean = 1.77f, .std = 1 };
        out[DT_BIAS] = (tensor_spec){ "dt_bias", { d->H }, .mean = -4.6f, .std = 1.33f };
    }
    static const char *const NAME[] = { "q_conv1d", "k_conv1d", "v_conv1d" };
    for (int i = Q; convolved(d) && i < INPUTS; i++)
        out[conv + i] = (tensor_spec){ NAME[i], { width(d, i), 1, CONV_WIDTH }, .std = 0.2887f };
}

static void acts(const attn_dims *d, tensor_spec *out)
{
    const int B = d->B, S = d->S, H = d->H, E = d->E, Ev = value_width(d);
    out[Q] = (tensor_spec){ "xq", { B, S, H, E } };
    out[K] = (tensor_spec){ "xk", { B, S, H, E } };
    out[V] = (tensor_spec){ "xv", { B, S, H, Ev } };
    out[UNIT + Q] = (tensor_spec){ "q", { B, S, H, E } };
    out[UNIT + K] = (tensor_spec){ "k", { B, S, H, E } };
    out[VALUE] = (tensor_spec){ "v", { B, S, H, Ev } };
    out[BETA] = (tensor_spec){ "beta", { B, S, H } };
    out[LENGTH + Q] = (tensor_spec){ "q_length", { B, S, H } };
    out[LENGTH + K] = (tensor_spec){ "k_length", { B, S, H } };
    out[STATES] = (tensor_spec){ "states", { B, H, scan_chunks(S), E, Ev } };
    out[R] = (tensor_spec){ "r", { B, S, H, Ev } };
    out[O] = (tensor_spec){ "o", { B, S, H, Ev } };
    out[RATE] = (tensor_spec){ "rate", { B, S, H } };
    if (!gated(d)) return;
    out[G] = (tensor_spec){ "g", { B, S, H, Ev } };
    out[A] = (tensor_spec){ "a", { B, S, H } };
    out[DECAY] = (tensor_spec){ "decay", { B, S, H } };
}

static void scratch(const attn_dims *d, tensor_spec *out)
{
    const int B = d->B, S = d->S, H = d->H, E = d->E, Ev = value_width(d);
    static const char *const WIDE[] = { "flat", "silu", "gate", "norm", "do" };
    static const char *const NARROW[] = { "dbeta", "ddecay", "da", "lengths" };
    out[Q] = (tensor_spec){ "dq", { B, S, H, E } };
    out[K] = (tensor_spec){ "dk", { B, S, H, E } };
    out[V] = (tensor_spec){ "dv", { B, S, H, Ev } };
    for (int i = FLAT; i <= DO; i++) out[i] = (tensor_spec){ WIDE[i - FLAT], { B, S, H, Ev } };
    out[DSTATE] = (tensor_spec){ "dstate", { B, H, E, Ev } };
    for (int i = DBETA; i <= LENGTHS; i++) out[i] = (tensor_spec){ NARROW[i - DBETA], { B, S, H } };
}

static void cache(const attn_dims *d, tensor_spec *out)
{
    static const char *const NAME[] = { "past_q", "past_k", "past_v" };
    out[CACHE] = (tensor_spec){ "s", { d->B, d->H, d->E, value_width(d) } };
    for (int i = Q; convolved(d) && i < INPUTS; i++)
        out[PAST + i] = (tensor_spec){ NAME[i], { d->B, CONV_WIDTH - 1, width(d, i) } };
}

static scan shape(const attn_dims *d, int S)
{
    return (scan){ d->B, S, d->H, d->E, value_width(d), 1 / sqrtf((float)d->E) };
}

/* From input i, p (B, S, width), to its convolution, which is returned and may be p, and its silu.
 * `past` is NULL for whole sequences. */
static const float *activate(const attn_layer *l, float *silu, float *past, const float *p, int i,
                             int S)
{
    const attn_dims *d = &l->dims;
    const int N = width(d, i);
    const float *flat = p, *w = l->w[conv_param(d) + i];
    if (convolved(d)) {
        flat = l->tmp[FLAT];
        if (past)
            conv_extend(l->tmp[FLAT], past, p, w, d->B, S, N);
        else
            conv_forward(l->tmp[FLAT], p, w, d->B, S, N);
    }
    sigmoid_gate(silu, flat, flat, (size_t)d->B * (size_t)S * (size_t)N, 1);
    return flat;
}

/* ds, the gradient of silu, becomes that of input i, and goes on to x and its weights. */
static void activate_backward(const attn_layer *l, float *dx, float *ds, const float *flat,
                              const float *x, int i, float beta)
{
    const attn_dims *d = &l->dims;
    const int N = width(d, i), BT = d->B * d->T, conv = conv_param(d) + i;
    const size_t n = (size_t)BT * (size_t)N;
    sigmoid_gate_backward(ds, l->tmp[GATE], ds, flat, flat, n, 1);
    vector_add(ds, l->tmp[GATE], n);
    if (convolved(d)) {
        conv_backward(l->tmp[GATE], l->dw[conv], ds, l->act[i], l->w[conv], d->B, d->T, N);
        ds = l->tmp[GATE];
    }
    linear_backward(dx, l->dw[i], ds, x, l->w[i], BT, d->D, N, beta);
}

static float sigmoid(float x)
{
    return 1 / (1 + expf(-x));
}

/* beta, and for gated DeltaNet g, a and decay, of S positions. */
static void project_gates(const attn_layer *l, float *beta, float *g, float *a, float *decay,
                          const float *x, int S)
{
    const attn_dims *d = &l->dims;
    const int BS = d->B * S, H = d->H;
    linear(beta, x, l->w[B_PROJ], BS, d->D, H);
    for (int i = 0; i < BS * H; i++) beta[i] = (float)d->opt[BETA_MAX] * sigmoid(beta[i]);
    if (!gated(d)) return;
    linear(g, x, l->w[G_PROJ], BS, d->D, width(d, V));
    linear(a, x, l->w[A_PROJ], BS, d->D, H);
    for (int i = 0; i < BS * H; i++) a[i] += l->w[DT_BIAS][i % H];
    softplus(decay, a, (size_t)BS * (size_t)H);
    for (int i = 0; i < BS * H; i++) decay[i] *= -expf(l->w[A_LOG][i % H]);
}

/* From dbeta and ddecay to x and the weights of project_gates, except those of g. */
static void project_gates_backward(const attn_layer *l, float *dx, const float *x)
{
    const attn_dims *d = &l->dims;
    const int BT = d->B * d->T, H = d->H;
    const float *beta = l->act[BETA], *decay = l->act[DECAY], *ddecay = l->tmp[DDECAY];
    float *dbeta = l->tmp[DBETA], *da = l->tmp[DA];
    for (int i = 0; i < BT * H; i++) dbeta[i] *= beta[i] * (1 - beta[i] / (float)d->opt[BETA_MAX]);
    linear_backward(dx, l->dw[B_PROJ], dbeta, x, l->w[B_PROJ], BT, d->D, H, 1);
    if (!gated(d)) return;
    for (int i = 0; i < BT * H; i++) {
        const int h = i % H;
        l->dw[A_LOG][h] += ddecay[i] * decay[i];
        da[i] = -expf(l->w[A_LOG][h]) * sigmoid(l->act[A][i]) * ddecay[i];
        l->dw[DT_BIAS][h] += da[i];
    }
    linear_backward(dx, l->dw[A_PROJ], da, x, l->w[A_PROJ], BT, d->D, H, 1);
}

/* y from o (B, S, H, Ev), which it leaves normalized and gated in `mixed`. */
static void read_out(const attn_layer *l, float *y, float *mixed, float *rate, const float *o,
                     const float *g, int S)
{
    const attn_dims *d = &l->dims;
    const int BS = d->B * S, HV = width(d, V);
    rmsnorm(mixed, rate, o, l->w[O_NORM], BS * d->H, value_width(d), 1e-5f);
    if (gated(d)) swiglu(mixed, g, mixed, (size_t)BS * (size_t)HV);
    linear(y, mixed, l->w[O_PROJ], BS, HV, d->D);
}

static void forward(const attn_layer *l, float *y, const float *x)
{
    const attn_dims *d = &l->dims;
    const int BT = d->B * d->T;
    const scan s = shape(d, d->T);
    float *const *act = l->act;

    for (int i = Q; i < INPUTS; i++) {
        linear(act[i], x, l->w[i], BT, d->D, width(d, i));
        activate(l, i == V ? act[VALUE] : l->tmp[SILU], NULL, act[i], i, d->T);
        if (i != V) l2norm(act[UNIT + i], act[LENGTH + i], l->tmp[SILU], BT * d->H, d->E, 1e-6f);
    }
    project_gates(l, act[BETA], act[G], act[A], act[DECAY], x, d->T);
    scan_forward(act[O], act[STATES], act[R], act[UNIT + Q], act[UNIT + K], act[VALUE],
                 gated(d) ? act[DECAY] : NULL, act[BETA], &s);
    read_out(l, y, l->tmp[NORM], act[RATE], act[O], act[G], d->T);
}

static void backward(const attn_layer *l, float *dx, const float *dy, const float *x)
{
    const attn_dims *d = &l->dims;
    const int BT = d->B * d->T, D = d->D, HV = width(d, V), Ev = value_width(d);
    const scan s = shape(d, d->T);
    const float *decay = gated(d) ? l->act[DECAY] : NULL;
    float *const *act = l->act, *const *tmp = l->tmp, *norm = tmp[NORM], *dnorm = tmp[V];
    float *mixed = gated(d) ? tmp[SILU] : norm;

    rmsnorm(norm, act[RATE], act[O], l->w[O_NORM], BT * d->H, Ev, 1e-5f);
    if (gated(d)) swiglu(mixed, act[G], norm, (size_t)BT * (size_t)HV);
    linear_backward(dnorm, l->dw[O_PROJ], dy, mixed, l->w[O_PROJ], BT, HV, D, 0);
    if (gated(d)) {
        swiglu_backward(tmp[GATE], dnorm, mixed, dnorm, act[G], norm, (size_t)BT * (size_t)HV);
        linear_backward(dx, l->dw[G_PROJ], tmp[GATE], x, l->w[G_PROJ], BT, D, HV, 0);
    }
    rmsnorm_backward(tmp[DO], l->dw[O_NORM], dnorm, act[O], act[RATE], l->w[O_NORM], BT * d->H, Ev,
                     0);
    scan_backward(tmp[Q], tmp[K], tmp[V], decay ? tmp[DDECAY] : NULL, tmp[DBETA], tmp[DSTATE],
                  tmp[DO], act[STATES], act[R], act[UNIT + Q], act[UNIT + K], decay, act[BETA], &s);
    for (int i = Q; i < INPUTS; i++) {
        const float *flat = activate(l, tmp[SILU], NULL, act[i], i, d->T);
        if (i != V) l2norm_backward(tmp[i], tmp[i], tmp[SILU], act[LENGTH + i], BT * d->H, d->E, 0);
        activate_backward(l, dx, tmp[i], flat, x, i, i > Q || gated(d) ? 1 : 0);
    }
    project_gates_backward(l, dx, x);
}

static void extend(const attn_layer *l, float *y, const float *x, int t, int S)
{
    const attn_dims *d = &l->dims;
    const int BS = d->B * S;
    const scan s = shape(d, S);
    float *const *tmp = l->tmp, *decay = gated(d) ? tmp[DDECAY] : NULL;

    tensor_spec list[TENSOR_MAX] = { { 0 } };
    cache(d, list);
    for (int i = 0; t == 0 && i < tensor_list_length(list); i++)
        memset(l->cache[i], 0, sizeof(float) * tensor_floats(&list[i]));
    for (int i = Q; i < INPUTS; i++) {
        float *past = convolved(d) ? l->cache[PAST + i] : NULL;
        linear(tmp[NORM], x, l->w[i], BS, d->D, width(d, i));
        activate(l, i == V ? tmp[V] : tmp[SILU], past, tmp[NORM], i, S);
        if (i != V) l2norm(tmp[i], tmp[LENGTHS], tmp[SILU], BS * d->H, d->E, 1e-6f);
    }
    project_gates(l, tmp[DBETA], tmp[GATE], tmp[DA], tmp[DDECAY], x, S);
    scan_extend(tmp[DO], l->cache[CACHE], tmp[NORM], tmp[Q], tmp[K], tmp[V], decay, tmp[DBETA], &s);
    read_out(l, y, tmp[NORM], tmp[LENGTHS], tmp[DO], tmp[GATE], S);
}

#define DELTA                                                                                      \
    .check = check, .state_flops = state_flops, .params = params, .acts = acts,                    \
    .scratch = scratch, .cache = cache, .forward = forward, .backward = backward, .extend = extend

// clang-format off
const attn_variant attn_delta = {
    .name = "delta",
    .summary = "DeltaNet: linear attention by the delta rule (Schlag et al. 2021, Yang et al. 2024)",
    .equation = "q, k = unit(silu(conv(x Wq))), likewise k    v = silu(conv(x Wv))    beta = beta_max sigmoid(x Wb)\n"
                "S_t = S_(t-1) + k_t (beta_t (v_t - S_(t-1)^T k_t))^T\n"
                "y_t = (gain rmsnorm(S_t^T q_t / sqrt(E))) Wo",
    .cache_size = "H E Ev + 3 H (2 E + Ev) floats in all, Ev = expand_v E",
    .options = (const attn_option[]){
        { "gated", ATTN_FIXED, 0 },
        { "conv", ATTN_INTEGER, 1, 0, 1, "0: no short convolution" },
        { "beta_max", ATTN_REAL, 1, 0.125, 2, "largest rate of writing; above 1, a key can be flipped" },
        { "expand_v", ATTN_INTEGER, 1, 1, 4, "width of a value, in head widths" },
        { 0 } },
    DELTA,
};

const attn_variant attn_gated_delta = {
    .name = "gated-delta",
    .summary = "gated DeltaNet: the delta rule with forgetting (Yang et al. 2025)",
    .equation = "a_t = exp(-exp(A_log) softplus(x_t Wa + dt_bias))    q, k, v and beta as in delta\n"
                "S_t = a_t S_(t-1) + k_t (beta_t (v_t - a_t S_(t-1)^T k_t))^T\n"
                "y_t = (silu(x_t Wg) gain rmsnorm(S_t^T q_t / sqrt(E))) Wo",
    .cache_size = "H E Ev + 3 H (2 E + Ev) floats in all, Ev = expand_v E",
    .options = (const attn_option[]){
        { "gated", ATTN_FIXED, 1 },
        { "conv", ATTN_INTEGER, 1, 0, 1, "0: no short convolution" },
        { "beta_max", ATTN_REAL, 1, 0.125, 2, "largest rate of writing; above 1, a key can be flipped" },
        { "expand_v", ATTN_INTEGER, 1, 1, 4, "width of a value, in head widths" },
        { 0 } },
    DELTA,
};
// clang-format on
