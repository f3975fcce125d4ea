/* forgetting.c - attention that forgets by gates that depend on the data (Lin et al., Forgetting
 * transformer: softmax attention with a forget gate, 2025; arXiv 2503.02130).
 *
 *     f_t = sigmoid(x_t wf + bf), one for each head      c_t = sum over u <= t of log f_u
 *     z_ts = q_t . k_s / sqrt(E) + c_t - c_s             y = (softmax(z) v) Wo
 *
 * c_t - c_s is the logarithm of the product of the gates after s, up to t.  There is no RoPE unless
 * rope=1, as in the paper.  bf starts at 0.  The cache holds k, v and c: 2 G E + H floats a token,
 * for the last `size` tokens.  c falls without bound, and a difference is exact to |c| 2^-24.
 */
#include "core/compute/kernels.h"
#include "variants/softmax.h"

enum { F_PROJ, F_BIAS }; /* own parameters  */
enum { F, C };           /* own activations */
enum { DF, DC };         /* own scratch     */
enum { PAST_C };         /* own cache       */

static void params(const attn_dims *d, tensor_spec *out)
{
    softmax_params(d, out);
    out += tensor_list_length(out);
    out[F_PROJ] = (tensor_spec){ "f_proj", { d->H, d->D }, .std = attn_std() };
    out[F_BIAS] = (tensor_spec){ "f_bias", { d->H } };
}

static void acts(const attn_dims *d, tensor_spec *out)
{
    softmax_acts(d, out);
    out += tensor_list_length(out);
    out[F] = (tensor_spec){ "f", { d->B, d->S, d->H } };
    out[C] = (tensor_spec){ "c", { d->B, d->H, d->S } };
}

static void scratch(const attn_dims *d, tensor_spec *out)
{
    softmax_scratch(d, out);
    out += tensor_list_length(out);
    out[DF] = (tensor_spec){ "df", { d->B, d->S, d->H } };
    out[DC] = (tensor_spec){ "dc", { d->B, d->H, d->S } };
}

static void cache(const attn_dims *d, tensor_spec *out)
{
    softmax_cache(d, out);
    out += tensor_list_length(out);
    out[PAST_C] = (tensor_spec){ "c", { d->B, d->H, d->T } };
}

/* f (B, S, H) = x wf + bf. */
static void gate(float *f, const attn_layer *l, const float *x, int S)
{
    const attn_dims *d = &l->dims;
    const float *const *w = l->w + softmax_own(softmax_params, d);
    linear(f, x, w[F_PROJ], d->B * S, d->D, d->H);
    for (int i = 0; i < d->B * S; i++)
        for (int h = 0; h < d->H; h++) f[(size_t)i * d->H + h] += w[F_BIAS][h];
}

static void forward(const attn_layer *l, float *y, const float *x)
{
    const attn_dims *d = &l->dims;
    const int B = d->B, T = d->T, H = d->H;
    float *const *act = l->act + softmax_own(softmax_acts, d);
    float *logs = l->tmp[softmax_own(softmax_scratch, d) + DF];

    gate(act[F], l, x, T);
    log_sigmoid(logs, act[F], (size_t)B * T * H);
    for (int b = 0; b < B; b++)
        for (int h = 0; h < H; h++) {
            float *c = act[C] + ((size_t)b * H + h) * T, sum = 0;
            for (int t = 0; t < T; t++) c[t] = sum += logs[((size_t)b * T + t) * H + h];
        }
    softmax_forward(l, x, act[C]);
    linear(y, l->act[O], l->w[O_PROJ], B * T, H * d->E, d->D);
}

static void backward(const attn_layer *l, float *dx, const float *dy, const float *x)
{
    const attn_dims *d = &l->dims;
    const int B = d->B, T = d->T, D = d->D, H = d->H, first = softmax_own(softmax_params, d);
    float *const *act = l->act + softmax_own(softmax_acts, d);
    float *const *tmp = l->tmp + softmax_own(softmax_scratch, d);
    float *df = tmp[DF], *dbias = l->dw[first + F_BIAS];

    linear_backward(l->tmp[DO], l->dw[O_PROJ], dy, l->act[O], l->w[O_PROJ], B * T, H * d->E, D, 0);
    softmax_backward(l, dx, tmp[DC], x, act[C]);
    for (int b = 0; b < B; b++) /* the log of a gate is part of every c from it on */
        for (int h = 0; h < H; h++) {
            const float *dc = tmp[DC] + ((size_t)b * H + h) * T;
            double sum = 0; /* all of them add up to nearly 0 */
            for (int t = T - 1; t >= 0; t--)
                df[((size_t)b * T + t) * H + h] = (float)(sum += dc[t]);
        }
    log_sigmoid_backward(df, df, act[F], (size_t)B * T * H);
    for (int i = 0; i < B * T; i++)
        for (int h = 0; h < H; h++) dbias[h] += df[(size_t)i * H + h];
    linear_backward(dx, l->dw[first + F_PROJ], df, x, l->w[first + F_PROJ], B * T, D, H, 1);
}

/* Continue c, whose past is in the cache, by S positions. */
static void forget(float *c, const float *logs, const attn_dims *d, int t, int S)
{
    for (int b = 0; b < d->B; b++)
        for (int h = 0; h < d->H; h++, c += d->T) {
            float sum = t > 0 ? c[t - 1] : 0;
            for (int i = 0; i < S; i++) c[t + i] = sum += logs[((size_t)b * S + i) * d->H + h];
        }
}

static void extend(const attn_layer *l, float *y, const float *x, int t, int S)
{
    const attn_dims *d = &l->dims;
    float *f = l->tmp[softmax_own(softmax_scratch, d) + DF];
    float *c = l->cache[softmax_own(softmax_cache, d) + PAST_C];

    gate(f, l, x, S);
    log_sigmoid(f, f, (size_t)d->B * S * d->H);
    forget(c, f, d, t, S);
    softmax_extend(l, x, c, t, S);
    linear(y, l->tmp[DO], l->w[O_PROJ], d->B * S, d->H * d->E, d->D);
}

// clang-format off
const attn_variant attn_forgetting = {
    .name = "forgetting",
    .summary = "attention with forget gates in its scores (Lin et al. 2025)",
    .equation = "q = x Wq    k = x Wk    v = x Wv    c_t = sum over u <= t of log sigmoid(x_u wf + bf)\n"
                "p_ts = softmax over s <= t of q_t . k_s / sqrt(E) + c_t - c_s    y = (p v) Wo",
    .cache_size = "2 G E + H floats a token",
    .options = (const attn_option[]){
        { "size", ATTN_FIXED, INT_MAX },
        { "n_kv_heads", ATTN_INTEGER, ATTN_HEADS, 1, INT_MAX, "key/value heads" },
        { "rope", ATTN_INTEGER, 0, 0, 1, "1: rotary positions as well" },
        { "alibi", ATTN_FIXED, 0 },
        { "qk_norm", ATTN_INTEGER, 0, 0, 1, "1: RMSNorm of each head of q and k" },
        { "softcap", ATTN_REAL, 0, 0, 1e6, "bound of the scores; 0: none" },
        { "sink", ATTN_INTEGER, 0, 0, 1, "1: a learned logit for each head in the denominator" },
        { 0 } },
    .check = softmax_check,
    .rotary = softmax_rotary,
    .kv_heads = softmax_kv_heads,
    .pairs = softmax_pairs,
    .params = params,
    .acts = acts,
    .scratch = scratch,
    .cache = cache,
    .forward = forward,
    .backward = backward,
    .extend = extend,
};
// clang-format on
