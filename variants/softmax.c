/* softmax.c - the tensors and passes that softmax variants share.
 *
 *     z_ts = cap(q_t . k_s / sqrt(E)) + c_t - c_s      o_t = sum_s p_ts v_s      t - size < s <= t
 *
 * softmax.h has the equations with their sources.  While the ring has T slots, none is used twice,
 * and attention reads it in place.  Otherwise a chunk may be longer than the ring, so extend lines
 * up what is left of the past and the chunk in scratch, attends there, and only then overwrites the
 * ring.
 */
#include "variants/softmax.h"

#include "core/compute/attention.h"
#include "core/compute/kernels.h"

#include <math.h>
#include <string.h>

static const float EPS = 1e-5f; /* of QK-norm, as in the model's other norms */

/* Indices of the tensors that only some options need. */
typedef struct places {
    int q_norm, k_norm, sink;            /* parameters  */
    int raw_q, raw_k, rate_q, rate_k;    /* activations */
    int line_k, line_v, bias, rate, lse; /* scratch     */
} places;

static bool on(const attn_dims *d, int option)
{
    return d->opt[option] != 0;
}

static int window(const attn_dims *d)
{
    return (int)d->opt[SIZE];
}

/* Slots of the ring. */
static int ring(const attn_dims *d)
{
    return window(d) < d->T ? window(d) : d->T;
}

static places places_of(const attn_dims *d)
{
    const int norm = on(d, QK_NORM), alibi = on(d, ALIBI), line = ring(d) < d->T;
    places p = { .q_norm = O_PROJ + 1, .k_norm = O_PROJ + 2, .sink = O_PROJ + 1 + 2 * norm };
    p.raw_q = LSE + 1, p.raw_k = LSE + 2, p.rate_q = LSE + 3, p.rate_k = LSE + 4;
    p.line_k = DO + 1, p.line_v = DO + 2;
    p.bias = DO + 1 + 2 * line, p.rate = p.bias + alibi, p.lse = p.rate + norm;
    return p;
}

int softmax_kv_heads(const attn_dims *d)
{
    return (int)d->opt[N_KV_HEADS];
}

bool softmax_check(const attn_dims *d, error *e)
{
    if (softmax_rotary(d) % 2) return error_set(e, "the head width %d is not even", d->E);
    if (on(d, ALIBI) && !on(d, ROPE))
        return error_set(e, "alibi=1 takes the place of RoPE: leave rope=0 out");
    if (d->H % softmax_kv_heads(d))
        return error_set(e, "n_kv_heads=%d does not divide %d heads", softmax_kv_heads(d), d->H);
    return true;
}

int softmax_rotary(const attn_dims *d)
{
    return on(d, ROPE) && !on(d, ALIBI) ? d->E : 0;
}

/* The first R queries see 1, 2, ... keys; the others see R. */
double softmax_pairs(const attn_dims *d)
{
    const double R = ring(d), T = d->T;
    return R - R * (R - 1) / (2 * T);
}

void softmax_params(const attn_dims *d, tensor_spec *out)
{
    const int HE = d->H * d->E, GE = softmax_kv_heads(d) * d->E;
    const places p = places_of(d);
    out[Q_PROJ] = (tensor_spec){ "q_proj", { HE, d->D }, .std = attn_std() };
    out[K_PROJ] = (tensor_spec){ "k_proj", { GE, d->D }, .std = attn_std() };
    out[V_PROJ] = (tensor_spec){ "v_proj", { GE, d->D }, .std = attn_std() };
    out[O_PROJ] = (tensor_spec){ "o_proj", { d->D, HE }, .std = attn_std_out(d) };
    if (on(d, QK_NORM)) {
        out[p.q_norm] = (tensor_spec){ "q_norm", { d->E }, .mean = 1 };
        out[p.k_norm] = (tensor_spec){ "k_norm", { d->E }, .mean = 1 };
    }
    if (on(d, SINK)) out[p.sink] = (tensor_spec){ "sinks", { d->H } };
}

void softmax_acts(const attn_dims *d, tensor_spec *out)
{
    const int B = d->B, S = d->S, H = d->H, E = d->E, G = softmax_kv_heads(d);
    const places p = places_of(d);
    out[Q] = (tensor_spec){ "q", { B, S, H, E } };
    out[K] = (tensor_spec){ "k", { B, S, G, E } };
    out[V] = (tensor_spec){ "v", { B, S, G, E } };
    out[O] = (tensor_spec){ "o", { B, S, H, E } };
    out[LSE] = (tensor_spec){ "lse", { B, S, H } };
    if (!on(d, QK_NORM)) return;
    out[p.raw_q] = (tensor_spec){ "raw_q", { B, S, H, E } };
    out[p.raw_k] = (tensor_spec){ "raw_k", { B, S, G, E } };
    out[p.rate_q] = (tensor_spec){ "rate_q", { B, S, H } };
    out[p.rate_k] = (tensor_spec){ "rate_k", { B, S, G } };
}

void softmax_scratch(const attn_dims *d, tensor_spec *out)
{
    const int B = d->B, S = d->S, H = d->H, E = d->E, G = softmax_kv_heads(d);
    const int R = ring(d), line = R - 1 + S;
    const places p = places_of(d);
    out[DQ] = (tensor_spec){ "dq", { B, S, H, E } };
    out[DK] = (tensor_spec){ "dk", { B, S, G, E } };
    out[DV] = (tensor_spec){ "dv", { B, S, G, E } };
    out[DO] = (tensor_spec){ "do", { B, S, H, E } };
    if (R < d->T) {
        out[p.line_k] = (tensor_spec){ "line_k", { line, G, E } };
        out[p.line_v] = (tensor_spec){ "line_v", { line, G, E } };
    }
    if (on(d, ALIBI)) out[p.bias] = (tensor_spec){ "bias", { H, d->T } };
    if (on(d, QK_NORM)) out[p.rate] = (tensor_spec){ "rate", { B, S, H } };
    if (on(d, SINK)) out[p.lse] = (tensor_spec){ "new_lse", { S, H } };
}

void softmax_cache(const attn_dims *d, tensor_spec *out)
{
    const int R = ring(d), G = softmax_kv_heads(d);
    out[0] = (tensor_spec){ "k", { d->B, R, G, d->E } };
    out[1] = (tensor_spec){ "v", { d->B, R, G, d->E } };
}

int softmax_own(void (*list)(const attn_dims *, tensor_spec *), const attn_dims *d)
{
    tensor_spec all[TENSOR_MAX] = { { 0 } };
    list(d, all);
    return tensor_list_length(all);
}

/* The slopes of ALiBi's authors: m_h = 2^(-8 (h + 1) / n) for the largest power of two n <= H, and
 * for the other heads every second slope of 2 n. */
static double slope(int h, int H)
{
    int n = 1;
    while (2 * n <= H) n *= 2;
    return h < n ? exp2(-8.0 * (h + 1) / n) : exp2(-4.0 * (2 * (h - n) + 1) / n);
}

/* Attention of S new positions over T; fills the table of ALiBi, where positions count from the
 * first key, because only differences matter. */
static attention attention_of(const attn_layer *l, const places *p, int S, int T)
{
    const attn_dims *d = &l->dims;
    attention a = { .S = S, .T = T, .H = d->H, .G = softmax_kv_heads(d), .E = d->E };
    a.window = window(d), a.softcap = (float)d->opt[SOFTCAP], a.bias_head = d->T;
    if (on(d, SINK)) a.sink = l->w[p->sink], a.dsink = l->dw[p->sink];
    if (!on(d, ALIBI)) return a;
    a.bias = l->tmp[p->bias];
    for (int h = 0; h < d->H; h++) {
        const double m = slope(h, d->H);
        for (int t = 0; t < T; t++) l->tmp[p->bias][(size_t)h * d->T + t] = (float)(-m * t);
    }
    return a;
}

static void turn(float *q, float *k, const attn_layer *l, int S, int t)
{
    const attn_dims *d = &l->dims;
    if (!l->rope) return;
    rope_forward(q, l->rope, d->B, S, d->H, d->E, t);
    rope_forward(k, l->rope, d->B, S, softmax_kv_heads(d), d->E, t);
}

void softmax_forward(const attn_layer *l, const float *x, const float *c)
{
    const attn_dims *d = &l->dims;
    const int B = d->B, T = d->T, D = d->D, H = d->H, E = d->E, G = softmax_kv_heads(d);
    const places p = places_of(d);
    const bool norm = on(d, QK_NORM);
    attention a = attention_of(l, &p, T, T);
    float *q = l->act[Q], *k = l->act[K], *v = l->act[V], *o = l->act[O], *lse = l->act[LSE];

    linear(norm ? l->act[p.raw_q] : q, x, l->w[Q_PROJ], B * T, D, H * E);
    linear(norm ? l->act[p.raw_k] : k, x, l->w[K_PROJ], B * T, D, G * E);
    linear(v, x, l->w[V_PROJ], B * T, D, G * E);
    if (norm) {
        rmsnorm(q, l->act[p.rate_q], l->act[p.raw_q], l->w[p.q_norm], B * T * H, E, EPS);
        rmsnorm(k, l->act[p.rate_k], l->act[p.raw_k], l->w[p.k_norm], B * T * G, E, EPS);
    }
    turn(q, k, l, T, 0);
    for (int b = 0; b < B; b++) {
        const size_t qb = (size_t)b * T * H * E, kb = (size_t)b * T * G * E;
        if (c) a.bias = c + (size_t)b * H * T;
        attention_forward(o + qb, lse + (size_t)b * T * H, q + qb, k + kb, v + kb, &a);
    }
}

void softmax_backward(const attn_layer *l, float *dx, float *dc, const float *x, const float *c)
{
    const attn_dims *d = &l->dims;
    const int B = d->B, T = d->T, D = d->D, H = d->H, E = d->E, G = softmax_kv_heads(d);
    const places p = places_of(d);
    attention a = attention_of(l, &p, T, T);
    const float *q = l->act[Q], *k = l->act[K], *v = l->act[V], *o = l->act[O];
    const float *lse = l->act[LSE];
    float *dq = l->tmp[DQ], *dk = l->tmp[DK], *dv = l->tmp[DV], *dO = l->tmp[DO];

    for (int b = 0; b < B; b++) {
        const size_t qb = (size_t)b * T * H * E, kb = (size_t)b * T * G * E;
        if (c) a.bias = c + (size_t)b * H * T, a.dbias = dc + (size_t)b * H * T;
        attention_backward(dq + qb, dk + kb, dv + kb, dO + qb, o + qb, lse + (size_t)b * T * H,
                           q + qb, k + kb, v + kb, &a);
    }
    if (l->rope) {
        rope_backward(dq, l->rope, B, T, H, E, 0);
        rope_backward(dk, l->rope, B, T, G, E, 0);
    }
    if (on(d, QK_NORM)) {
        rmsnorm_backward(dq, l->dw[p.q_norm], dq, l->act[p.raw_q], l->act[p.rate_q], l->w[p.q_norm],
                         B * T * H, E, 0);
        rmsnorm_backward(dk, l->dw[p.k_norm], dk, l->act[p.raw_k], l->act[p.rate_k], l->w[p.k_norm],
                         B * T * G, E, 0);
    }
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

void softmax_extend(const attn_layer *l, const float *x, const float *c, int t, int S)
{
    const attn_dims *d = &l->dims;
    const int B = d->B, D = d->D, H = d->H, E = d->E, G = softmax_kv_heads(d);
    const int R = ring(d), past = t < R - 1 ? t : R - 1;
    const size_t HE = (size_t)H * E, GE = (size_t)G * E;
    const places p = places_of(d);
    attention a = attention_of(l, &p, S, past + S);
    float *q = l->tmp[DQ], *k = l->tmp[DK], *v = l->tmp[DV], *o = l->tmp[DO];
    float *line_k = l->tmp[p.line_k], *line_v = l->tmp[p.line_v];
    float *lse = on(d, SINK) ? l->tmp[p.lse] : NULL;

    linear(q, x, l->w[Q_PROJ], B * S, D, H * E);
    linear(k, x, l->w[K_PROJ], B * S, D, G * E);
    linear(v, x, l->w[V_PROJ], B * S, D, G * E);
    if (on(d, QK_NORM)) {
        rmsnorm(q, l->tmp[p.rate], q, l->w[p.q_norm], B * S * H, E, EPS);
        rmsnorm(k, l->tmp[p.rate], k, l->w[p.k_norm], B * S * G, E, EPS);
    }
    turn(q, k, l, S, t);
    for (size_t b = 0; b < (size_t)B; b++, q += S * HE, o += S * HE, k += S * GE, v += S * GE) {
        float *ring_k = l->cache[0] + b * R * GE, *ring_v = l->cache[1] + b * R * GE;
        if (c) a.bias = c + b * H * d->T;
        if (R < d->T) {
            line_up(line_k, ring_k, k, R, past, t, S, GE);
            line_up(line_v, ring_v, v, R, past, t, S, GE);
            attention_forward(o, lse, q, line_k, line_v, &a);
        }
        keep(ring_k, k, R, t, S, GE);
        keep(ring_v, v, R, t, S, GE);
        if (R == d->T) attention_forward(o, lse, q, ring_k, ring_v, &a);
    }
}
