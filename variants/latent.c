/* latent.c - multi-head latent attention (DeepSeek-V2, 2024).
 *
 * Keys and values are made from one latent vector c of width C that all heads share; position
 * enters through a separate rotated part of width R, one for all heads, so that c itself can be
 * cached:
 *
 *     [c | kr] = x Wa      [k_h | v_h] = norm(c) Wb_h      [q_h | qr_h] = x Wq_h  or  norm(x Wqa)
 * Wqb_h score = (q_h . k_h + rope(qr_h) . rope(kr)) / sqrt(E + R)        y = (softmax(score) v) Wo
 *
 * Training expands keys and values.  Extending never does: q_h Wb_h moves the query to the latent
 * space instead, where this is multi-query attention with keys [norm(c) | kr] and values norm(c).
 * Both are the same function.  The eps of the norms is that of the authors' code.
 *
 * The cache holds [norm(c) | rope(kr)]: C + R floats a token.
 */
#include "core/compute/attention.h"
#include "core/compute/kernels.h"
#include "variants/attn.h"

#include <math.h>
#include <string.h>

enum { KV_LORA_RANK, QK_ROPE_HEAD_DIM, Q_LORA_RANK };                        /* options     */
enum { KV_A_PROJ, KV_NORM, KV_B_PROJ, O_PROJ, Q_PROJ, Q_A_PROJ, Q_NORM };    /* parameters  */
enum { Q, K, KV, O, LSE, FLAT, LATENT, RATE, KR, Q_FLAT, Q_LATENT, Q_RATE }; /* activations */
enum { DQ, DK, DKV, DO, DFLAT, DLATENT, DKR, RATES, LINE_Q, LINE_O, DQ_FLAT, DQ_LATENT };
enum { CACHE };

static const float EPS = 1e-6f;

/* Widths: of the latent, the rotated part, both, a query or key in training, the query's latent. */
typedef struct widths {
    int C, R, CR, W, QC;
} widths;

static widths width(const attn_dims *d)
{
    widths w = { .C = (int)d->opt[KV_LORA_RANK], .R = (int)d->opt[QK_ROPE_HEAD_DIM] };
    if (w.C == 0) w.C = 4 * d->E;
    if (w.R == 0) w.R = d->E > 2 ? d->E / 4 * 2 : 2;
    w.CR = w.C + w.R, w.W = d->E + w.R, w.QC = (int)d->opt[Q_LORA_RANK];
    return w;
}

static bool check(const attn_dims *d, error *e)
{
    const widths w = width(d);
    if (w.R % 2) return error_set(e, "qk_rope_head_dim=%d is not even", w.R);
    if (w.C > 2 * d->H * d->E || w.QC > d->H * w.W)
        return error_set(e,
                         "a latent of width %d is wider than what it stands for, %d: kv_lora_rank "
                         "and q_lora_rank are too large",
                         w.C > 2 * d->H * d->E ? w.C : w.QC,
                         w.C > 2 * d->H * d->E ? 2 * d->H * d->E : d->H * w.W);
    if (w.C == 1) return error_set(e, "kv_lora_rank=1: the norm of one number is only its sign");
    if (w.QC == 1) return error_set(e, "q_lora_rank=1: the norm of one number is only its sign");
    return true;
}

static int rotary(const attn_dims *d)
{
    return width(d).R;
}

static double pairs(const attn_dims *d)
{
    return (d->T + 1) / 2.0;
}

/* Pairs count products of width E; the rotated part comes on top. */
static double state_flops(const attn_dims *d)
{
    return 2.0 * d->H * width(d).R * pairs(d);
}

static void params(const attn_dims *d, tensor_spec *out)
{
    const widths w = width(d);
    const int H = d->H, E = d->E, D = d->D, from = w.QC ? w.QC : D;
    out[KV_A_PROJ] = (tensor_spec){ "kv_a_proj_with_mqa", { w.CR, D }, .std = attn_std() };
    out[KV_NORM] = (tensor_spec){ "kv_a_layernorm", { w.C }, .mean = 1 };
    out[KV_B_PROJ] = (tensor_spec){ "kv_b_proj", { H * 2 * E, w.C }, .std = attn_std() };
    out[O_PROJ] = (tensor_spec){ "o_proj", { D, H * E }, .std = attn_std_out(d) };
    out[Q_PROJ] = (tensor_spec){ w.QC ? "q_b_proj" : "q_proj", { H * w.W, from }, 0, attn_std() };
    if (!w.QC) return;
    out[Q_A_PROJ] = (tensor_spec){ "q_a_proj", { w.QC, D }, .std = attn_std() };
    out[Q_NORM] = (tensor_spec){ "q_a_layernorm", { w.QC }, .mean = 1 };
}

static void acts(const attn_dims *d, tensor_spec *out)
{
    const widths w = width(d);
    const int B = d->B, S = d->S, H = d->H;
    out[Q] = (tensor_spec){ "q", { B, S, H, w.W } };
    out[K] = (tensor_spec){ "k", { B, S, H, w.W } };
    out[KV] = (tensor_spec){ "kv", { B, S, H, 2 * d->E } };
    out[O] = (tensor_spec){ "o", { B, S, H, d->E } };
    out[LSE] = (tensor_spec){ "lse", { B, S, H } };
    out[FLAT] = (tensor_spec){ "flat", { B, S, w.C } };
    out[LATENT] = (tensor_spec){ "latent", { B, S, w.C } };
    out[RATE] = (tensor_spec){ "rate", { B, S } };
    out[KR] = (tensor_spec){ "kr", { B, S, w.R } };
    if (!w.QC) return;
    out[Q_FLAT] = (tensor_spec){ "q_flat", { B, S, w.QC } };
    out[Q_LATENT] = (tensor_spec){ "q_latent", { B, S, w.QC } };
    out[Q_RATE] = (tensor_spec){ "q_rate", { B, S } };
}

static void scratch(const attn_dims *d, tensor_spec *out)
{
    const widths w = width(d);
    const int B = d->B, S = d->S, H = d->H;
    out[DQ] = (tensor_spec){ "dq", { B, S, H, w.W } };
    out[DK] = (tensor_spec){ "dk", { B, S, H, w.W } };
    out[DKV] = (tensor_spec){ "dkv", { B, S, H, 2 * d->E } };
    out[DO] = (tensor_spec){ "do", { B, S, H, d->E } };
    out[DFLAT] = (tensor_spec){ "dflat", { B, S, w.C } };
    out[DLATENT] = (tensor_spec){ "dlatent", { B, S, w.C } };
    out[DKR] = (tensor_spec){ "dkr", { B, S, w.R } };
    out[RATES] = (tensor_spec){ "rates", { B, S } };
    out[LINE_Q] = (tensor_spec){ "line_q", { S, H, w.CR } };
    out[LINE_O] = (tensor_spec){ "line_o", { S, H, w.C } };
    if (!w.QC) return;
    out[DQ_FLAT] = (tensor_spec){ "dq_flat", { B, S, w.QC } };
    out[DQ_LATENT] = (tensor_spec){ "dq_latent", { B, S, w.QC } };
}

static void cache(const attn_dims *d, tensor_spec *out)
{
    out[CACHE] = (tensor_spec){ "c_kr", { d->B, d->T, width(d).CR } };
}

/* Values lie between the keys that kv_b_proj makes; o has the strides of its own width. */
static attention shape(const attn_dims *d)
{
    const int H = d->H, E = d->E;
    attention a = { .S = d->T, .T = d->T, .H = H, .G = H, .E = width(d).W, .Ev = E };
    a.v_row = H * 2 * E, a.v_head = 2 * E;
    return a;
}

/* out = norm(flat), flat = x W. */
static void compress(float *out, float *rate, float *flat, const float *x, const float *W,
                     const float *gain, int N, int D, int C)
{
    linear(flat, x, W, N, D, C);
    rmsnorm(out, rate, flat, gain, N, C, EPS);
}

/* q, both latents and kr of the S positions of x, from t on. */
static void project(const attn_layer *l, float *q, float *q_latent, float *q_rate, float *q_flat,
                    float *latent, float *rate, float *flat, float *kr, const float *x, int t,
                    int S)
{
    const attn_dims *d = &l->dims;
    const widths w = width(d);
    const int BS = d->B * S, D = d->D, H = d->H;
    if (w.QC) compress(q_latent, q_rate, q_flat, x, l->w[Q_A_PROJ], l->w[Q_NORM], BS, D, w.QC);
    linear(q, w.QC ? q_latent : x, l->w[Q_PROJ], BS, w.QC ? w.QC : D, H * w.W);
    compress(latent, rate, flat, x, l->w[KV_A_PROJ], l->w[KV_NORM], BS, D, w.C);
    linear(kr, x, l->w[KV_A_PROJ] + (size_t)w.C * D, BS, D, w.R);
    rope_forward(q + d->E, l->rope, d->B, S, H, w.W, t);
    rope_forward(kr, l->rope, d->B, S, 1, w.R, t);
}

static void forward(const attn_layer *l, float *y, const float *x)
{
    const attn_dims *d = &l->dims;
    const widths w = width(d);
    const int B = d->B, T = d->T, H = d->H, E = d->E, HE = H * E, HW = H * w.W;
    const attention a = shape(d);
    float *q = l->act[Q], *k = l->act[K], *kv = l->act[KV], *o = l->act[O], *kr = l->act[KR];

    project(l, q, l->act[Q_LATENT], l->act[Q_RATE], l->act[Q_FLAT], l->act[LATENT], l->act[RATE],
            l->act[FLAT], kr, x, 0, T);
    linear(kv, l->act[LATENT], l->w[KV_B_PROJ], B * T, w.C, 2 * HE);
    for (size_t i = 0; i < (size_t)B * T * H; i++) {
        memcpy(k + i * w.W, kv + i * 2 * E, sizeof *k * E);
        memcpy(k + i * w.W + E, kr + i / H * w.R, sizeof *k * w.R);
    }
    for (size_t b = 0; b < (size_t)B; b++)
        attention_forward(o + b * T * HE, l->act[LSE] + b * T * H, q + b * T * HW, k + b * T * HW,
                          kv + E + b * T * 2 * HE, &a);
    linear(y, o, l->w[O_PROJ], B * T, HE, d->D);
}

/* From q to x: dx is overwritten. */
static void query_backward(const attn_layer *l, float *dx, const float *x)
{
    const attn_dims *d = &l->dims;
    const widths w = width(d);
    const int BT = d->B * d->T, D = d->D, HW = d->H * w.W;
    float *dq = l->tmp[DQ], *dlatent = l->tmp[DQ_LATENT], *dflat = l->tmp[DQ_FLAT];
    rope_backward(dq + d->E, l->rope, d->B, d->T, d->H, w.W, 0);
    if (!w.QC) {
        linear_backward(dx, l->dw[Q_PROJ], dq, x, l->w[Q_PROJ], BT, D, HW, 0);
        return;
    }
    linear_backward(dlatent, l->dw[Q_PROJ], dq, l->act[Q_LATENT], l->w[Q_PROJ], BT, w.QC, HW, 0);
    rmsnorm_backward(dflat, l->dw[Q_NORM], dlatent, l->act[Q_FLAT], l->act[Q_RATE], l->w[Q_NORM],
                     BT, w.QC, 0);
    linear_backward(dx, l->dw[Q_A_PROJ], dflat, x, l->w[Q_A_PROJ], BT, D, w.QC, 0);
}

static void backward(const attn_layer *l, float *dx, const float *dy, const float *x)
{
    const attn_dims *d = &l->dims;
    const widths w = width(d);
    const int B = d->B, T = d->T, BT = B * T, D = d->D, H = d->H, E = d->E, HE = H * E,
              HW = H * w.W;
    const attention a = shape(d);
    const size_t rotated = (size_t)w.C * D; /* rows of kv_a_proj_with_mqa that make kr */
    float *dq = l->tmp[DQ], *dk = l->tmp[DK], *dkv = l->tmp[DKV], *dO = l->tmp[DO];
    float *dkr = l->tmp[DKR], *dflat = l->tmp[DFLAT], *dlatent = l->tmp[DLATENT];

    linear_backward(dO, l->dw[O_PROJ], dy, l->act[O], l->w[O_PROJ], BT, HE, D, 0);
    for (size_t b = 0; b < (size_t)B; b++) {
        const size_t q = b * T * HW, v = b * T * 2 * HE + E, o = b * T * HE;
        attention_backward(dq + q, dk + q, dkv + v, dO + o, l->act[O] + o, l->act[LSE] + b * T * H,
                           l->act[Q] + q, l->act[K] + q, l->act[KV] + v, &a);
    }
    memset(dkr, 0, sizeof *dkr * (size_t)BT * w.R);
    for (size_t i = 0; i < (size_t)BT * H; i++) {
        const float *from = dk + i * w.W;
        memcpy(dkv + i * 2 * E, from, sizeof *dkv * E);
        for (int j = 0; j < w.R; j++) dkr[i / H * w.R + j] += from[E + j];
    }
    rope_backward(dkr, l->rope, B, T, 1, w.R, 0);
    query_backward(l, dx, x);
    linear_backward(dlatent, l->dw[KV_B_PROJ], dkv, l->act[LATENT], l->w[KV_B_PROJ], BT, w.C,
                    2 * HE, 0);
    rmsnorm_backward(dflat, l->dw[KV_NORM], dlatent, l->act[FLAT], l->act[RATE], l->w[KV_NORM], BT,
                     w.C, 0);
    linear_backward(dx, l->dw[KV_A_PROJ], dflat, x, l->w[KV_A_PROJ], BT, D, w.C, 1);
    linear_backward(dx, l->dw[KV_A_PROJ] + rotated, dkr, x, l->w[KV_A_PROJ] + rotated, BT, D, w.R,
                    1);
}

static void extend(const attn_layer *l, float *y, const float *x, int t, int S)
{
    const attn_dims *d = &l->dims;
    const widths w = width(d);
    const int H = d->H, E = d->E, HE = H * E, HW = H * w.W;
    attention a = { .S = S, .T = t + S, .H = H, .G = 1, .E = w.CR, .Ev = w.C, .v_row = w.CR };
    float *q = l->tmp[DQ], *latent = l->tmp[DLATENT], *kr = l->tmp[DKR], *o = l->tmp[DO];
    float *line_q = l->tmp[LINE_Q], *line_o = l->tmp[LINE_O];
    a.scale = 1 / sqrtf((float)w.W);

    project(l, q, l->tmp[DQ_LATENT], l->tmp[RATES], l->tmp[DQ_FLAT], latent, l->tmp[RATES],
            l->tmp[DFLAT], kr, x, t, S);
    for (size_t b = 0; b < (size_t)d->B; b++, q += S * HW, o += S * HE) {
        float *past = l->cache[CACHE] + b * d->T * w.CR, *now = past + (size_t)t * w.CR;
        for (size_t i = 0; i < (size_t)S; i++, now += w.CR) {
            memcpy(now, latent + (b * S + i) * w.C, sizeof *now * w.C);
            memcpy(now + w.C, kr + (b * S + i) * w.R, sizeof *now * w.R);
        }
        for (int h = 0; h < H; h++)
            gemm_nn(line_q + (size_t)h * w.CR, H * w.CR, q + (size_t)h * w.W, HW,
                    l->w[KV_B_PROJ] + (size_t)h * 2 * E * w.C, w.C, S, w.C, E, 1, 0);
        for (size_t i = 0; i < (size_t)S * H; i++)
            memcpy(line_q + i * w.CR + w.C, q + i * w.W + E, sizeof *q * w.R);
        attention_forward(line_o, NULL, line_q, past, past, &a);
        for (int h = 0; h < H; h++)
            gemm_nt(o + (size_t)h * E, HE, line_o + (size_t)h * w.C, H * w.C,
                    l->w[KV_B_PROJ] + ((size_t)h * 2 + 1) * E * w.C, w.C, S, E, w.C, 1, 0);
    }
    linear(y, l->tmp[DO], l->w[O_PROJ], d->B * S, HE, d->D);
}

// clang-format off
const attn_variant attn_latent = {
    .name = "latent",
    .summary = "multi-head latent attention (DeepSeek-V2, 2024)",
    .equation = "[c | kr] = x Wa    [k_h | v_h] = norm(c) Wb_h    [q_h | qr_h] = x Wq_h, or norm(x Wqa) Wqb_h\n"
                "p = softmax of (q_h . k_h + rope(qr_h) . rope(kr)) / sqrt(E + R)    y = (p v) Wo",
    .cache_size = "C + R floats a token, C = kv_lora_rank, R = qk_rope_head_dim",
    .options = (const attn_option[]){
        { "kv_lora_rank", ATTN_INTEGER, 0, 0, 1 << 16, "width of the latent; 0: 4 head widths" },
        { "qk_rope_head_dim", ATTN_INTEGER, 0, 0, 256, "width of the rotated part; 0: half a head, or 2" },
        { "q_lora_rank", ATTN_INTEGER, 0, 0, 1 << 16, "width of the query's latent; 0: none" },
        { 0 } },
    .check = check, .rotary = rotary, .pairs = pairs, .state_flops = state_flops, .params = params,
    .acts = acts, .scratch = scratch, .cache = cache, .forward = forward, .backward = backward,
    .extend = extend,
};
// clang-format on
