/* broken_delta.c - DeltaNet (Schlag et al. 2021; Yang et al. 2024) as a plain recurrence, with one
 * fault or none.
 *
 *     u_t = beta_t (v_t - S_t-1 k_t)    S_t = S_t-1 + u_t k_t'    o_t = S_t q_t    y = norm(o) Wo
 *     q = unit(x Wq)    k = unit(x Wk)    v = x Wv    beta = beta_max sigmoid(x Wb)
 *
 * The cache is one state of H E E floats, however long the sequence.
 */
#include "core/compute/kernels.h"
#include "tests/broken.h"

#include <math.h>
#include <string.h>

enum {
    NONE,
    RESET,    /* extend does not clear the state at t = 0            */
    GRADIENT, /* dk lacks what it adds through u                     */
    EDGE,     /* 0 / 0 if beta_max is 0                              */
};

enum { BETA_MAX, FAULT };                                /* options     */
enum { Q_PROJ, K_PROJ, V_PROJ, B_PROJ, O_NORM, O_PROJ }; /* parameters  */
enum { Q0, K0, Q, K, V, BETA, STATE, U, O, R, ON };      /* activations */
enum { DQ, DK, DV, DBETA, DO, DN, DS };                  /* scratch     */
enum { CACHE };                                          /* cache       */

static const float EPS = 1e-5f, UNIT_EPS = 1e-6f;

static int fault(const attn_dims *d)
{
    return (int)d->opt[FAULT];
}

static bool check(const attn_dims *d, error *e)
{
    (void)d, (void)e;
    return true;
}

static double state_flops(const attn_dims *d)
{
    return 8.0 * d->H * d->E * d->E;
}

static void params(const attn_dims *d, tensor_spec *out)
{
    const int HE = d->H * d->E;
    out[Q_PROJ] = (tensor_spec){ "q_proj", { HE, d->D }, .std = attn_std() };
    out[K_PROJ] = (tensor_spec){ "k_proj", { HE, d->D }, .std = attn_std() };
    out[V_PROJ] = (tensor_spec){ "v_proj", { HE, d->D }, .std = attn_std() };
    out[B_PROJ] = (tensor_spec){ "b_proj", { d->H, d->D }, .std = attn_std() };
    out[O_NORM] = (tensor_spec){ "o_norm", { d->E }, .mean = 1 };
    out[O_PROJ] = (tensor_spec){ "o_proj", { d->D, HE }, .std = attn_std_out(d) };
}

static void acts(const attn_dims *d, tensor_spec *out)
{
    const int B = d->B, S = d->S, H = d->H, E = d->E;
    static const char *const NAME[] = { "q0", "k0", "q", "k", "v" };
    for (int i = Q0; i <= V; i++) out[i] = (tensor_spec){ NAME[i], { B, S, H, E } };
    out[BETA] = (tensor_spec){ "beta", { B, S, H } };
    out[STATE] = (tensor_spec){ "state", { B, S + 1, H, E, E } };
    out[U] = (tensor_spec){ "u", { B, S, H, E } };
    out[O] = (tensor_spec){ "o", { B, S, H, E } };
    out[R] = (tensor_spec){ "r", { B, S, H } };
    out[ON] = (tensor_spec){ "on", { B, S, H, E } };
}

static void scratch(const attn_dims *d, tensor_spec *out)
{
    const int B = d->B, S = d->S, H = d->H, E = d->E;
    out[DQ] = (tensor_spec){ "dq", { B, S, H, E } };
    out[DK] = (tensor_spec){ "dk", { B, S, H, E } };
    out[DV] = (tensor_spec){ "dv", { B, S, H, E } };
    out[DBETA] = (tensor_spec){ "dbeta", { B, S, H } };
    out[DO] = (tensor_spec){ "do", { B, S, H, E } };
    out[DN] = (tensor_spec){ "dn", { B, S, H, E } };
    out[DS] = (tensor_spec){ "ds", { E, E } };
}

static void cache(const attn_dims *d, tensor_spec *out)
{
    out[CACHE] = (tensor_spec){ "state", { d->B, d->H, d->E, d->E } };
}

/* y = x / sqrt(|x|^2 + eps), for N rows of E; y may be x. */
static void unit(float *y, const float *x, int N, int E)
{
    for (int i = 0; i < N; i++, x += E, y += E) {
        float sum = UNIT_EPS;
        for (int j = 0; j < E; j++) sum += x[j] * x[j];
        for (int j = 0; j < E; j++) y[j] = x[j] / sqrtf(sum);
    }
}

/* dx of it, in place of dy. */
static void unit_backward(float *dy, const float *x, int N, int E)
{
    for (int i = 0; i < N; i++, x += E, dy += E) {
        float sum = UNIT_EPS, dot = 0;
        for (int j = 0; j < E; j++) sum += x[j] * x[j], dot += x[j] * dy[j];
        for (int j = 0; j < E; j++) dy[j] = (dy[j] - x[j] * dot / sum) / sqrtf(sum);
    }
}

static void beta_forward(float *beta, const attn_dims *d, int N)
{
    const float most = (float)d->opt[BETA_MAX], scale = fault(d) == EDGE ? most / most : 1;
    for (int i = 0; i < N; i++) beta[i] = scale * most / (1 + expf(-beta[i]));
}

/* One step of one head: u, the new state and o. */
static void step(float *S, float *u, float *o, const float *q, const float *k, const float *v,
                 float beta, int E)
{
    for (int i = 0; i < E; i++) {
        float past = 0;
        for (int j = 0; j < E; j++) past += S[i * E + j] * k[j];
        u[i] = beta * (v[i] - past);
    }
    for (int i = 0; i < E; i++) {
        float sum = 0;
        for (int j = 0; j < E; j++) {
            S[i * E + j] += u[i] * k[j];
            sum += S[i * E + j] * q[j];
        }
        o[i] = sum;
    }
}

static void forward(const attn_layer *l, float *y, const float *x)
{
    const attn_dims *d = &l->dims;
    const int B = d->B, T = d->T, D = d->D, H = d->H, E = d->E, HE = H * E, EE = E * E;
    linear(l->act[Q0], x, l->w[Q_PROJ], B * T, D, HE);
    linear(l->act[K0], x, l->w[K_PROJ], B * T, D, HE);
    linear(l->act[V], x, l->w[V_PROJ], B * T, D, HE);
    linear(l->act[BETA], x, l->w[B_PROJ], B * T, D, H);
    unit(l->act[Q], l->act[Q0], B * T * H, E), unit(l->act[K], l->act[K0], B * T * H, E);
    beta_forward(l->act[BETA], d, B * T * H);
    for (int b = 0; b < B; b++) {
        float *state = l->act[STATE] + (size_t)b * (T + 1) * H * EE;
        memset(state, 0, sizeof *state * (size_t)(H * EE));
        for (int t = 0; t < T; t++, state += H * EE) {
            memcpy(state + H * EE, state, sizeof *state * (size_t)(H * EE));
            for (int h = 0; h < H; h++) {
                const int at = (b * T + t) * H + h;
                step(state + (H + h) * EE, l->act[U] + at * E, l->act[O] + at * E,
                     l->act[Q] + at * E, l->act[K] + at * E, l->act[V] + at * E, l->act[BETA][at],
                     E);
            }
        }
    }
    rmsnorm(l->act[ON], l->act[R], l->act[O], l->w[O_NORM], B * T * H, E, EPS);
    linear(y, l->act[ON], l->w[O_PROJ], B * T, HE, D);
}

/* dS of the state before this step out of that after it; before (E, E) and after are the states. */
static void step_backward(const attn_layer *l, int at, const float *before, const float *after)
{
    const int E = l->dims.E;
    const float *q = l->act[Q] + at * E, *k = l->act[K] + at * E, *v = l->act[V] + at * E;
    const float *u = l->act[U] + at * E, *dO = l->tmp[DO] + at * E, beta = l->act[BETA][at];
    float *dq = l->tmp[DQ] + at * E, *dk = l->tmp[DK] + at * E, *dv = l->tmp[DV] + at * E;
    float *dS = l->tmp[DS], dbeta = 0;
    for (int j = 0; j < E; j++) dq[j] = dk[j] = 0;
    for (int i = 0; i < E; i++)
        for (int j = 0; j < E; j++) {
            dS[i * E + j] += dO[i] * q[j];
            dq[j] += after[i * E + j] * dO[i];
            dk[j] += dS[i * E + j] * u[i];
        }
    for (int i = 0; i < E; i++) {
        float du = 0, past = 0;
        for (int j = 0; j < E; j++) du += dS[i * E + j] * k[j], past += before[i * E + j] * k[j];
        dbeta += du * (v[i] - past);
        dv[i] = beta * du;
        for (int j = 0; j < E; j++) {
            if (fault(&l->dims) != GRADIENT) dk[j] -= dv[i] * before[i * E + j];
            dS[i * E + j] -= dv[i] * k[j];
        }
    }
    const float most = (float)l->dims.opt[BETA_MAX];
    l->tmp[DBETA][at] = most > 0 ? dbeta * beta * (1 - beta / most) : 0;
}

static void backward(const attn_layer *l, float *dx, const float *dy, const float *x)
{
    const attn_dims *d = &l->dims;
    const int B = d->B, T = d->T, D = d->D, H = d->H, E = d->E, HE = H * E, EE = E * E;
    linear_backward(l->tmp[DN], l->dw[O_PROJ], dy, l->act[ON], l->w[O_PROJ], B * T, HE, D, 0);
    rmsnorm_backward(l->tmp[DO], l->dw[O_NORM], l->tmp[DN], l->act[O], l->act[R], l->w[O_NORM],
                     B * T * H, E, 0);
    for (int b = 0; b < B; b++)
        for (int h = 0; h < H; h++) {
            memset(l->tmp[DS], 0, sizeof(float) * (size_t)EE);
            for (int t = T - 1; t >= 0; t--) {
                const float *before = l->act[STATE] + ((size_t)(b * (T + 1) + t) * H + h) * EE;
                step_backward(l, (b * T + t) * H + h, before, before + H * EE);
            }
        }
    unit_backward(l->tmp[DQ], l->act[Q0], B * T * H, E);
    unit_backward(l->tmp[DK], l->act[K0], B * T * H, E);
    linear_backward(dx, l->dw[Q_PROJ], l->tmp[DQ], x, l->w[Q_PROJ], B * T, D, HE, 0);
    linear_backward(dx, l->dw[K_PROJ], l->tmp[DK], x, l->w[K_PROJ], B * T, D, HE, 1);
    linear_backward(dx, l->dw[V_PROJ], l->tmp[DV], x, l->w[V_PROJ], B * T, D, HE, 1);
    linear_backward(dx, l->dw[B_PROJ], l->tmp[DBETA], x, l->w[B_PROJ], B * T, D, H, 1);
}

static void extend(const attn_layer *l, float *y, const float *x, int t, int S)
{
    const attn_dims *d = &l->dims;
    const int B = d->B, D = d->D, H = d->H, E = d->E, HE = H * E, EE = E * E, N_ = B * S * H;
    float *q = l->tmp[DQ], *k = l->tmp[DK], *v = l->tmp[DV], *beta = l->tmp[DBETA], *u = l->tmp[DS];
    float *o = l->tmp[DO], *state = l->cache[CACHE];
    if (t == 0 && fault(d) != RESET) memset(state, 0, sizeof *state * (size_t)(B * H * EE));
    linear(q, x, l->w[Q_PROJ], B * S, D, HE);
    linear(k, x, l->w[K_PROJ], B * S, D, HE);
    linear(v, x, l->w[V_PROJ], B * S, D, HE);
    linear(beta, x, l->w[B_PROJ], B * S, D, H);
    unit(q, q, N_, E), unit(k, k, N_, E), beta_forward(beta, d, N_);
    for (int b = 0; b < B; b++)
        for (int s = 0; s < S; s++)
            for (int h = 0; h < H; h++) {
                const int at = (b * S + s) * H + h;
                step(state + (b * H + h) * EE, u, o + at * E, q + at * E, k + at * E, v + at * E,
                     beta[at], E);
            }
    rmsnorm(l->tmp[DN], beta, o, l->w[O_NORM], N_, E, EPS);
    linear(y, l->tmp[DN], l->w[O_PROJ], B * S, HE, D);
}

#define DELTA(name_, fault_)                                                                       \
    {                                                                                              \
        .name = name_, .summary = "the delta rule",                                                \
        .equation = "S_t = S_t-1 + beta (v - S_t-1 k) k'    y = norm(S q) Wo",                     \
        .cache_size = "H E E floats in all",                                                       \
        .options = (const attn_option[]){ { "beta_max", ATTN_REAL, 1, 0, 2, "largest step" },      \
                                          { "fault", ATTN_FIXED, fault_ },                         \
                                          { 0 } },                                                 \
        .check = check, .state_flops = state_flops, .params = params, .acts = acts,                \
        .scratch = scratch, .cache = cache, .forward = forward, .backward = backward,              \
        .extend = extend                                                                           \
    }

const attn_variant attn_delta = DELTA("delta", NONE);
const attn_variant attn_delta_reset = DELTA("delta-reset", RESET);
const attn_variant attn_delta_gradient = DELTA("delta-gradient", GRADIENT);
const attn_variant attn_delta_edge = DELTA("delta-edge", EDGE);
