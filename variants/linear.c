/* linear.c - linear attention (Katharopoulos et al. 2020).
 *
 * The exponential of softmax is replaced by a product of positive features f(u) = elu(u) + 1, so
 * that the past is two running sums a head, a matrix S and a vector z:
 *
 *     S_t = S_(t-1) + f(k_t) v_t^T    z_t = z_(t-1) + f(k_t)
 *     n_t = f(q_t) . z_t + 1e-6       o_t = S_t^T f(q_t) / n_t        y = o Wo
 *
 * The authors' code has the same 1e-6.  Only causality tells positions apart: there is no RoPE.
 * With g_t = do_t / n_t and e_t = -(g_t . o_t), the recurrence receives g, and the sum receives
 *
 *     df(q)_t += e_t z_t      df(k)_t += sum over u >= t of e_u f(q_u)
 *
 * The cache holds S and z: H (E^2 + E) floats, however long the sequence.
 */
#include "core/compute/kernels.h"
#include "core/compute/scan.h"
#include "variants/attn.h"

#include <math.h>
#include <string.h>

enum { Q_PROJ, K_PROJ, V_PROJ, O_PROJ }; /* parameters  */
enum { FQ, FK, V, O, N, STATES };        /* activations */
enum { DQ, DK, DV, DO, Z, DSTATE };      /* scratch     */
enum { CACHE_S, CACHE_Z };               /* cache       */

static const float EPS = 1e-6f;

static bool check(const attn_dims *d, error *e)
{
    if (d->E > SCAN_WIDTH)
        return error_set(e, "the head width %d is more than %d", d->E, SCAN_WIDTH);
    return true;
}

/* S: write, read; z: write, read. */
static double state_flops(const attn_dims *d)
{
    return d->H * (4.0 * d->E * d->E + 3.0 * d->E);
}

static void params(const attn_dims *d, tensor_spec *out)
{
    const int HE = d->H * d->E;
    out[Q_PROJ] = (tensor_spec){ "q_proj", { HE, d->D }, .std = attn_std() };
    out[K_PROJ] = (tensor_spec){ "k_proj", { HE, d->D }, .std = attn_std() };
    out[V_PROJ] = (tensor_spec){ "v_proj", { HE, d->D }, .std = attn_std() };
    out[O_PROJ] = (tensor_spec){ "o_proj", { d->D, HE }, .std = attn_std_out(d) };
}

static void acts(const attn_dims *d, tensor_spec *out)
{
    out[FQ] = (tensor_spec){ "fq", { d->B, d->S, d->H, d->E } };
    out[FK] = (tensor_spec){ "fk", { d->B, d->S, d->H, d->E } };
    out[V] = (tensor_spec){ "v", { d->B, d->S, d->H, d->E } };
    out[O] = (tensor_spec){ "o", { d->B, d->S, d->H, d->E } };
    out[N] = (tensor_spec){ "n", { d->B, d->S, d->H } };
    out[STATES] = (tensor_spec){ "states", { d->B, d->H, scan_chunks(d->S), d->E, d->E } };
}

static void scratch(const attn_dims *d, tensor_spec *out)
{
    out[DQ] = (tensor_spec){ "dq", { d->B, d->S, d->H, d->E } };
    out[DK] = (tensor_spec){ "dk", { d->B, d->S, d->H, d->E } };
    out[DV] = (tensor_spec){ "dv", { d->B, d->S, d->H, d->E } };
    out[DO] = (tensor_spec){ "do", { d->B, d->S, d->H, d->E } };
    out[Z] = (tensor_spec){ "z", { d->B, d->H, d->E } };
    out[DSTATE] = (tensor_spec){ "dstate", { d->B, d->H, d->E, d->E } };
}

static void cache(const attn_dims *d, tensor_spec *out)
{
    out[CACHE_S] = (tensor_spec){ "s", { d->B, d->H, d->E, d->E } };
    out[CACHE_Z] = (tensor_spec){ "z", { d->B, d->H, d->E } };
}

static scan shape(const attn_dims *d, int S)
{
    return (scan){ .B = d->B, .S = S, .H = d->H, .E = d->E, .Ev = d->E, .scale = 1 };
}

static void feature(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) x[i] = x[i] > 0 ? x[i] + 1 : expf(x[i]);
}

/* f'(u) is 1 for u > 0, where f > 1, and f(u) itself below: f alone is enough. */
static void feature_backward(float *dx, const float *f, size_t n)
{
    for (size_t i = 0; i < n; i++) dx[i] *= f[i] < 1 ? f[i] : 1;
}

static float dot(const float *a, const float *b, int n)
{
    float sum = 0;
    for (int i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

/* y += c x */
static void add(float *y, const float *x, float c, int n)
{
    for (int i = 0; i < n; i++) y[i] += c * x[i];
}

/* Divide o, which is S^T f(q), by n = f(q) . z + EPS, moving z (B, H, E) on; n may be NULL. */
static void normalize(float *o, float *n, float *z, const float *q, const float *k, const scan *s)
{
    const int H = s->H, E = s->E;
    for (int b = 0; b < s->B; b++, z += (size_t)H * E)
        for (int i = 0; i < s->S * H; i++, q += E, k += E, o += E) {
            float *zh = z + (size_t)(i % H) * E;
            add(zh, k, 1, E);
            const float sum = dot(q, zh, E) + EPS;
            for (int j = 0; j < E; j++) o[j] /= sum;
            if (n) *n++ = sum;
        }
}

static void clear(float *z, const attn_dims *d)
{
    memset(z, 0, sizeof *z * (size_t)d->B * d->H * d->E);
}

/* q, k and v of the S positions of x, with features. */
static void project(const attn_layer *l, float *q, float *k, float *v, const float *x, int S)
{
    const int BS = l->dims.B * S, D = l->dims.D, HE = l->dims.H * l->dims.E;
    linear(q, x, l->w[Q_PROJ], BS, D, HE);
    linear(k, x, l->w[K_PROJ], BS, D, HE);
    linear(v, x, l->w[V_PROJ], BS, D, HE);
    feature(q, (size_t)BS * HE);
    feature(k, (size_t)BS * HE);
}

static void forward(const attn_layer *l, float *y, const float *x)
{
    const attn_dims *d = &l->dims;
    const int HE = d->H * d->E;
    const scan s = shape(d, d->T);
    float *q = l->act[FQ], *k = l->act[FK], *v = l->act[V], *o = l->act[O];

    project(l, q, k, v, x, d->T);
    scan_forward(o, l->act[STATES], NULL, q, k, v, NULL, NULL, &s);
    clear(l->tmp[Z], d);
    normalize(o, l->act[N], l->tmp[Z], q, k, &s);
    linear(y, o, l->w[O_PROJ], d->B * d->T, HE, d->D);
}

/* From do, which becomes g, to what the sum n adds to dq and dk.  z runs forward with the queries,
 * and then, as the sum of e_u f(q_u), backward with the keys; g . o is kept in e. */
static void normalize_backward(const attn_layer *l, float *dq, float *dk, const float *dO)
{
    const attn_dims *d = &l->dims;
    const int H = d->H, E = d->E, TH = d->T * H;
    const float *q = l->act[FQ], *k = l->act[FK], *o = l->act[O];
    for (size_t b = 0; b < (size_t)d->B; b++) {
        float *z = l->tmp[Z] + b * H * E;
        const size_t first = b * TH;
        memset(z, 0, sizeof *z * (size_t)H * E);
        for (int i = 0; i < TH; i++) {
            const size_t at = (first + i) * E;
            add(z + (size_t)(i % H) * E, k + at, 1, E);
            add(dq + at, z + (size_t)(i % H) * E, -dot(dO + at, o + at, E), E);
        }
        memset(z, 0, sizeof *z * (size_t)H * E);
        for (int i = TH - 1; i >= 0; i--) {
            const size_t at = (first + i) * E;
            add(z + (size_t)(i % H) * E, q + at, -dot(dO + at, o + at, E), E);
            add(dk + at, z + (size_t)(i % H) * E, 1, E);
        }
    }
}

static void backward(const attn_layer *l, float *dx, const float *dy, const float *x)
{
    const attn_dims *d = &l->dims;
    const int BT = d->B * d->T, D = d->D, E = d->E, HE = d->H * E;
    const scan s = shape(d, d->T);
    const float *q = l->act[FQ], *k = l->act[FK], *v = l->act[V], *o = l->act[O];
    float *dq = l->tmp[DQ], *dk = l->tmp[DK], *dv = l->tmp[DV], *dO = l->tmp[DO];

    linear_backward(dO, l->dw[O_PROJ], dy, o, l->w[O_PROJ], BT, HE, D, 0);
    for (size_t i = 0; i < (size_t)BT * d->H; i++)
        for (int j = 0; j < E; j++) dO[i * E + j] /= l->act[N][i];
    scan_backward(dq, dk, dv, NULL, NULL, l->tmp[DSTATE], dO, l->act[STATES], v, q, k, NULL, NULL,
                  &s);
    normalize_backward(l, dq, dk, dO);
    feature_backward(dq, q, (size_t)BT * HE);
    feature_backward(dk, k, (size_t)BT * HE);
    linear_backward(dx, l->dw[Q_PROJ], dq, x, l->w[Q_PROJ], BT, D, HE, 0);
    linear_backward(dx, l->dw[K_PROJ], dk, x, l->w[K_PROJ], BT, D, HE, 1);
    linear_backward(dx, l->dw[V_PROJ], dv, x, l->w[V_PROJ], BT, D, HE, 1);
}

static void extend(const attn_layer *l, float *y, const float *x, int t, int S)
{
    const attn_dims *d = &l->dims;
    const int HE = d->H * d->E;
    const scan s = shape(d, S);
    float *q = l->tmp[DQ], *k = l->tmp[DK], *v = l->tmp[DV], *o = l->tmp[DO];

    if (t == 0) {
        memset(l->cache[CACHE_S], 0, sizeof(float) * (size_t)d->B * HE * d->E);
        clear(l->cache[CACHE_Z], d);
    }
    project(l, q, k, v, x, S);
    scan_extend(o, l->cache[CACHE_S], NULL, q, k, v, NULL, NULL, &s);
    normalize(o, NULL, l->cache[CACHE_Z], q, k, &s);
    linear(y, o, l->w[O_PROJ], d->B * S, HE, d->D);
}

const attn_variant attn_linear = {
    .name = "linear",
    .summary = "linear attention (Katharopoulos et al. 2020)",
    .equation = "S_t = S_(t-1) + f(k_t) v_t^T    z_t = z_(t-1) + f(k_t)    f(u) = elu(u) + 1\n"
                "y_t = (S_t^T f(q_t) / (f(q_t) . z_t + 1e-6)) Wo",
    .cache_size = "H (E^2 + E) floats in all",
    .check = check,
    .state_flops = state_flops,
    .params = params,
    .acts = acts,
    .scratch = scratch,
    .cache = cache,
    .forward = forward,
    .backward = backward,
    .extend = extend,
};
