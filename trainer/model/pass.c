/* pass.c - the layers of Llama 2 (Touvron et al. 2023), forward and backward side by side, and the
 * memory that they work in.
 *
 *     h1 = rmsnorm(x)    xm = x + attention(h1)    h2 = rmsnorm(xm)
 *     out = xm + W_down (silu(W_gate h2) * W_up h2)
 *
 * All activations lie in one block.  The product of SwiGLU is not kept: backward computes it again.
 * Logits exist one slice of rows at a time, with their gradient right after them.
 */
#include "trainer/model/pass.h"

#include "core/base/timer.h"
#include "core/compute/kernels.h"
#include "trainer/model/embedding.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { X, H1, XM, H2, R1, R2, GATE, UP };                       /* of a layer */
enum { END_X, END_H, END_R, Y, A, LOGITS, DX, DH, DGATE, DUP }; /* shared     */

static void layer_list(tensor_spec *out, const model_config *c, int B, int S)
{
    const char *const name[] = { "x", "h1", "xm", "h2" };
    for (int i = 0; i < 4; i++) out[X + i] = (tensor_spec){ name[i], { B, S, c->D } };
    out[R1] = (tensor_spec){ "r1", { B, S } };
    out[R2] = (tensor_spec){ "r2", { B, S } };
    out[GATE] = (tensor_spec){ "gate", { B, S, c->F } };
    out[UP] = (tensor_spec){ "up", { B, S, c->F } };
}

static void shared_list(tensor_spec *out, const model_config *c, pass_kind kind, int B, int S)
{
    out[END_X] = (tensor_spec){ "end_x", { B, S, c->D } };
    out[END_H] = (tensor_spec){ "end_h", { B, S, c->D } };
    out[END_R] = (tensor_spec){ "end_r", { B, S } };
    out[Y] = (tensor_spec){ "y", { B, S, c->D } };
    out[A] = (tensor_spec){ "a", { B, S, c->F } };
    out[LOGITS] = (tensor_spec){ "logits", { PASS_SLICE, c->V } };
    if (kind != PASS_TRAIN) return;
    out[DX] = (tensor_spec){ "dx", { B, S, c->D } };
    out[DH] = (tensor_spec){ "dh", { B, S, c->D } };
    out[DGATE] = (tensor_spec){ "dgate", { B, S, c->F } };
    out[DUP] = (tensor_spec){ "dup", { B, S, c->F } };
}

typedef struct lists {
    tensor_spec own[TENSOR_MAX], acts[TENSOR_MAX], scratch[TENSOR_MAX], cache[TENSOR_MAX];
} lists;

static void lists_of(lists *out, const model_config *c, pass_kind kind, int layer, int B, int T,
                     int S)
{
    const attn_variant *v = c->layer[layer].variant;
    const attn_dims d = model_dims(c, layer, B, T, S);
    memset(out, 0, sizeof *out);
    layer_list(out->own, c, B, S);
    v->acts(&d, out->acts);
    v->scratch(&d, out->scratch);
    if (kind == PASS_DECODE) v->cache(&d, out->cache);
}

/* The layer whose keys, values and cache this one uses: most use their own. */
static int source_of(const model_config *c, int layer)
{
    const attn_dims d = model_dims(c, layer, 1, c->T, c->T);
    return attn_source(c->layer[layer].variant, &d);
}

/* Must a layer's activations last until the end of the pass?  When training, for backward; else
 * only if a later layer uses them. */
static bool lasts(const model_config *c, pass_kind kind, int layer)
{
    bool used = kind == PASS_TRAIN;
    for (int i = layer + 1; !used && i < c->L; i++) used = source_of(c, i) == layer;
    return used;
}

/* Floats of each part of the block, which lie in this order. */
typedef struct extent {
    size_t turns;  /* the largest of the layers that take turns                         */
    size_t layers; /* that, and what lasts                                              */
    size_t caches; /* of all layers                                                     */
    size_t tmp;    /* the variants' scratch: of the largest layer                       */
    size_t shared;
} extent;

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static extent measure(const model_config *c, pass_kind kind, int B, int T, int S)
{
    extent x = { 0 };
    lists of;
    for (int i = 0; i < c->L; i++) {
        lists_of(&of, c, kind, i, B, T, S);
        const size_t kept = tensor_list_floats(of.own) + tensor_list_floats(of.acts);
        if (lasts(c, kind, i))
            x.layers += kept;
        else
            x.turns = larger(x.turns, kept);
        x.caches += tensor_list_floats(of.cache);
        x.tmp = larger(x.tmp, tensor_list_floats(of.scratch));
    }
    x.layers += x.turns;
    tensor_spec shared[TENSOR_MAX] = { { 0 } };
    shared_list(shared, c, kind, B, S);
    x.shared = tensor_list_floats(shared);
    return x;
}

/* Which RoPE tables there are: one for each width that some layer asks for. */
typedef struct rope_plan {
    int n, width[MODEL_LAYERS]; /* of each table                      */
    int table[MODEL_LAYERS];    /* of each layer; -1: it has no table */
} rope_plan;

static void plan_ropes(rope_plan *out, const model_config *c, int B, int T, int S)
{
    *out = (rope_plan){ 0 };
    for (int i = 0; i < c->L; i++) {
        const attn_dims d = model_dims(c, i, B, T, S);
        const int width = attn_rotary(c->layer[i].variant, &d);
        int j = 0;
        while (j < out->n && out->width[j] != width) j++;
        out->table[i] = width > 0 ? j : -1;
        if (width > 0 && j == out->n) out->width[out->n++] = width;
    }
}

/* Tokens that decoding has to remember: each position of a shift reads the one before. */
static size_t seen_tokens(const model_config *c, pass_kind kind, int B, int T)
{
    return kind == PASS_DECODE && c->shift != TOKEN_SHIFT_NONE ? (size_t)B * (size_t)T : 0;
}

void pass_memory(size_t *activations, size_t *scratch, const model *m, pass_kind kind, int B, int T,
                 int S)
{
    const extent x = measure(&m->config, kind, B, T, S);
    rope_plan ropes;
    plan_ropes(&ropes, &m->config, B, T, S);
    *activations = (x.layers + x.caches) * sizeof(float);
    *scratch = tensor_block_bytes(x.layers + x.caches + x.tmp + x.shared) - *activations;
    *scratch += seen_tokens(&m->config, kind, B, T) * sizeof(int32_t);
    for (int i = 0; i < ropes.n; i++)
        *scratch += (size_t)T * (size_t)ropes.width[i] * sizeof(float);
}

size_t pass_cache(const model_config *c, int B, int T)
{
    return measure(c, PASS_DECODE, B, T, 1).caches * sizeof(float);
}

static void place(pass *p, const extent *x)
{
    const model_config *c = &p->m->config;
    float *next = p->block + x->turns, *caches = p->block + x->layers, *tmp = caches + x->caches;
    float *at[TENSOR_MAX];
    lists of;
    for (int i = 0; i < c->L; i++) {
        pass_layer *l = &p->layer[i];
        lists_of(&of, c, p->kind, i, p->B, p->T, p->S);
        const size_t own = tensor_list_floats(of.own);
        const bool stays = lasts(c, p->kind, i);
        float *layer = stays ? next : p->block;
        if (stays) next += own + tensor_list_floats(of.acts);
        tensor_list_place(of.own, layer, at);
        l->x = at[X], l->h1 = at[H1], l->xm = at[XM], l->h2 = at[H2];
        l->r1 = at[R1], l->r2 = at[R2], l->gate = at[GATE], l->up = at[UP];
        tensor_list_place(of.acts, layer + own, l->attention.act);
        tensor_list_place(of.scratch, tmp, l->attention.tmp);
        tensor_list_place(of.cache, caches, l->attention.cache);
        const int source = source_of(c, i);
        l->attention.source = source == i ? NULL : &p->layer[source].attention;
        caches += tensor_list_floats(of.cache);
    }
    p->caches = p->block + x->layers;
    tensor_spec shared[TENSOR_MAX] = { { 0 } };
    shared_list(shared, c, p->kind, p->B, p->S);
    tensor_list_place(shared, tmp + x->tmp, at);
    p->x = at[END_X], p->h = at[END_H], p->r = at[END_R];
    p->y = at[Y], p->a = at[A], p->logits = at[LOGITS];
    if (p->kind == PASS_TRAIN)
        p->dx = at[DX], p->dh = at[DH], p->dgate = at[DGATE], p->dup = at[DUP];
}

/* Where a pass keeps its pointers to a weight tensor and to its gradient. */
typedef struct slot {
    const float **w;
    float **dw;
} slot;

static slot slot_of(pass *p, const model_tensor *t)
{
    pass_layer *l = t->layer >= 0 ? &p->layer[t->layer] : NULL;
    switch (t->role) {
    case ROLE_EMBEDDING:
        return (slot){ &p->embed, &p->dembed };
    case ROLE_NORM1:
        return (slot){ &l->norm1, &l->dnorm1 };
    case ROLE_ATTENTION:
        return (slot){ &l->attention.w[t->index], &l->attention.dw[t->index] };
    case ROLE_NORM2:
        return (slot){ &l->norm2, &l->dnorm2 };
    case ROLE_GATE:
        return (slot){ &l->gate_w, &l->dgate_w };
    case ROLE_UP:
        return (slot){ &l->up_w, &l->dup_w };
    case ROLE_DOWN:
        return (slot){ &l->down_w, &l->ddown_w };
    case ROLE_NORM:
        return (slot){ &p->norm, &p->dnorm };
    default:
        assert(t->role == ROLE_HEAD);
        return (slot){ &p->head, &p->dhead };
    }
}

/* Point at every weight in w and at its gradient in dw; a tied head is the embedding. */
static void point(pass *p, const float *w, float *dw)
{
    for (int i = 0; i < p->m->n; i++) {
        const model_tensor *t = &p->m->tensor[i];
        const slot at = slot_of(p, t);
        *at.w = w + t->at;
        if (dw) *at.dw = dw + t->at;
    }
    if (p->m->config.tied) p->head = p->embed, p->dhead = p->dembed;
}

static bool open_ropes(pass *p, error *e)
{
    rope_plan plan;
    plan_ropes(&plan, &p->m->config, p->B, p->T, p->S);
    for (; p->ropes < plan.n; p->ropes++)
        if (!rope_open(&p->rope[p->ropes], &p->m->config.rope, p->T, plan.width[p->ropes], e))
            return false;
    for (int i = 0; i < p->m->config.L; i++)
        p->layer[i].attention.rope = plan.table[i] >= 0 ? &p->rope[plan.table[i]] : NULL;
    return true;
}

bool pass_open(pass *p, const model *m, pass_kind kind, int B, int T, int S, const float *w,
               float *dw, error *e)
{
    const model_config *c = &m->config;
    const extent x = measure(c, kind, B, T, S);
    assert(kind == PASS_DECODE ? S <= T : S == T);
    *p = (pass){ .m = m, .kind = kind, .B = B, .T = T, .S = S };
    p->layer = calloc((size_t)c->L, sizeof *p->layer);
    p->rope = calloc((size_t)c->L, sizeof *p->rope);
    p->block = tensor_block(x.layers + x.caches + x.tmp + x.shared);
    const size_t seen = seen_tokens(c, kind, B, T);
    if (seen > 0) p->seen = calloc(seen, sizeof *p->seen);
    if (!p->layer || !p->rope || !p->block || (seen > 0 && !p->seen)) {
        pass_close(p);
        return error_set(e, "out of memory for the activations of %d x %d positions", B, S);
    }
    for (int i = 0; i < c->L; i++) p->layer[i].attention.dims = model_dims(c, i, B, T, S);
    place(p, &x);
    point(p, w, dw);
    if (open_ropes(p, e)) return true;
    pass_close(p);
    return false;
}

void pass_close(pass *p)
{
    for (int i = 0; i < p->ropes; i++) rope_close(&p->rope[i]);
    free(p->layer), free(p->rope), free(p->block), free(p->seen);
    *p = (pass){ 0 };
}

void pass_save_cache(const pass *p, float *out)
{
    memcpy(out, p->caches, pass_cache(&p->m->config, p->B, p->T));
}

void pass_load_cache(pass *p, const float *in)
{
    memcpy(p->caches, in, pass_cache(&p->m->config, p->B, p->T));
}

/* --- the computation -------------------------------------------------------------------------- */

const char *const pass_parts[PARTS] = { "attention",    "attention backward",
                                        "feed-forward", "feed-forward backward",
                                        "norms",        "head and loss",
                                        "embedding",    "adding gradients",
                                        "optimizer",    "other" };

/* Count the time since the last call towards this part. */
static void spent(pass *p, pass_part part)
{
    const double now = timer_now();
    p->seconds[part] += now - p->began;
    p->began = now;
}

/* x (B, S, D): the input of the first layer, of S positions from t on. */
static void embed(float *x, pass *p, const int32_t *token, int B, int t, int S)
{
    const model_config *c = &p->m->config;
    for (int i = 0; i < B * S; i++) assert(token[i] >= 0 && token[i] < c->V);
    for (int b = 0; b < B; b++, x += (size_t)S * (size_t)c->D, token += S) {
        int32_t *seen = p->seen ? p->seen + (size_t)b * (size_t)p->T : NULL;
        const int32_t before = seen && t > 0 ? seen[t - 1] : -1;
        embedding_forward(x, p->embed, token, before, c->shift, S, c->D);
        if (seen) memcpy(seen + t, token, (size_t)S * sizeof *seen);
    }
}

/* out (N, D) = the residual stream after layer l: of whole sequences if t < 0, else through the
 * cache from position t on. */
static void layer_forward(pass *p, pass_layer *l, int i, float *out, int N, int t, int S)
{
    const model_config *c = &p->m->config;
    const attn_variant *v = c->layer[i].variant;
    const size_t ND = (size_t)N * c->D, NF = (size_t)N * c->F;

    rmsnorm(l->h1, l->r1, l->x, l->norm1, N, c->D, (float)c->eps);
    spent(p, PART_NORM);
    if (t < 0)
        v->forward(&l->attention, l->xm, l->h1);
    else
        v->extend(&l->attention, l->xm, l->h1, t, S);
    vector_add(l->xm, l->x, ND);
    spent(p, PART_ATTENTION);

    rmsnorm(l->h2, l->r2, l->xm, l->norm2, N, c->D, (float)c->eps);
    spent(p, PART_NORM);
    linear(l->gate, l->h2, l->gate_w, N, c->D, c->F);
    linear(l->up, l->h2, l->up_w, N, c->D, c->F);
    swiglu(p->a, l->gate, l->up, NF);
    linear(p->y, p->a, l->down_w, N, c->F, c->D);
    vector_add(p->y, l->xm, ND);
    memcpy(out, p->y, ND * sizeof *out); /* out may be l->x: layers can share memory */
    spent(p, PART_FFN);
}

/* p->dx (N, D): on entry the gradient of the layer's output, on return that of its input. */
static void layer_backward(pass *p, const pass_layer *l, int i, int N)
{
    const model_config *c = &p->m->config;
    const size_t NF = (size_t)N * c->F;

    /* dup holds the gradient of swiglu's output until swiglu_backward has read it. */
    swiglu(p->a, l->gate, l->up, NF);
    linear_backward(p->dup, l->ddown_w, p->dx, p->a, l->down_w, N, c->F, c->D, 0);
    swiglu_backward(p->dgate, p->dup, p->a, p->dup, l->gate, l->up, NF);
    linear_backward(p->dh, l->dgate_w, p->dgate, l->h2, l->gate_w, N, c->D, c->F, 0);
    linear_backward(p->dh, l->dup_w, p->dup, l->h2, l->up_w, N, c->D, c->F, 1);
    spent(p, PART_FFN_BACKWARD);
    rmsnorm_backward(p->dx, l->dnorm2, p->dh, l->xm, l->r2, l->norm2, N, c->D, 1);
    spent(p, PART_NORM);

    c->layer[i].variant->backward(&l->attention, p->dh, p->dx, l->h1);
    spent(p, PART_ATTENTION_BACKWARD);
    rmsnorm_backward(p->dx, l->dnorm1, p->dh, l->x, l->r1, l->norm1, N, c->D, 1);
    spent(p, PART_NORM);
}

/* Set every layer to B sequences, at most as many as the memory was laid out for. */
static void set_batch(pass *p, int B)
{
    assert(B >= 1 && B <= p->B);
    for (int i = 0; i < p->m->config.L; i++) p->layer[i].attention.dims.B = B;
}

/* B sequences: whole if t < 0, else S positions from t on. */
static void walk(pass *p, const int32_t *token, int B, int t, int S)
{
    const model_config *c = &p->m->config;
    const int N = B * S;
    p->began = timer_now();
    embed(p->layer[0].x, p, token, B, t < 0 ? 0 : t, S);
    spent(p, PART_EMBED);
    for (int i = 0; i < c->L; i++)
        layer_forward(p, &p->layer[i], i, i + 1 < c->L ? p->layer[i + 1].x : p->x, N, t, S);
    rmsnorm(p->h, p->r, p->x, p->norm, N, c->D, (float)c->eps);
    spent(p, PART_NORM);
}

void pass_forward(pass *p, const int32_t *token, int B)
{
    assert(p->S == p->T);
    set_batch(p, B);
    walk(p, token, B, -1, p->T);
}

void pass_extend(pass *p, const int32_t *token, int t, int S)
{
    assert(p->kind == PASS_DECODE && S <= p->S && t + S <= p->T);
    const bool before = linear_keep_apart(S < PASS_FEW);
    walk(p, token, p->B, t, S);
    linear_keep_apart(before);
}

void pass_logits(const pass *p, float *out, int from, int n)
{
    const model_config *c = &p->m->config;
    linear(out, p->h + (size_t)from * c->D, p->head, n, c->D, c->V);
}

void pass_last_logits(pass *p, float *out, int S)
{
    const size_t D = (size_t)p->m->config.D;
    for (size_t b = 0; b < (size_t)p->B; b++)
        memmove(p->h + b * D, p->h + ((b + 1) * (size_t)S - 1) * D, D * sizeof *p->h);
    const bool before = linear_keep_apart(true);
    pass_logits(p, out, 0, p->B);
    linear_keep_apart(before);
}

/* Is the target the first of the largest logits (V)?  A row with a NaN has none. */
static bool is_largest(const float *logits, int target, int V)
{
    const float own = logits[target];
    int larger = 0;
    for (int i = 0; i < target; i++) larger |= !(logits[i] < own);
    for (int i = target; i < V; i++) larger |= !(logits[i] <= own);
    return !larger;
}

double pass_loss(pass *p, float *nll, uint8_t *right, const int32_t *target, int B)
{
    const int N = B * p->T, V = p->m->config.V;
    double sum = 0;
    for (int i = 0; i < N; i += PASS_SLICE) {
        const int n = N - i < PASS_SLICE ? N - i : PASS_SLICE;
        pass_logits(p, p->logits, i, n);
        sum += cross_entropy(nll + i, p->logits, target + i, n, V);
        for (int j = 0; j < n; j++) {
            const int32_t at = target[i + j];
            right[i + j] = at >= 0 && is_largest(p->logits + (size_t)j * (size_t)V, at, V);
        }
    }
    return sum;
}

double pass_train(pass *p, float *nll, const int32_t *token, const int32_t *target, int B,
                  float scale)
{
    const model_config *c = &p->m->config;
    const int N = B * p->T, D = c->D, V = c->V;
    double sum = 0;
    assert(p->kind == PASS_TRAIN);
    pass_forward(p, token, B);
    for (int i = 0; i < N; i += PASS_SLICE) {
        const int n = N - i < PASS_SLICE ? N - i : PASS_SLICE;
        const size_t at = (size_t)i * D;
        pass_logits(p, p->logits, i, n);
        sum += cross_entropy_backward(nll + i, p->logits, target + i, n, V, scale);
        linear_backward(p->dh + at, p->dhead, p->logits, p->h + at, p->head, n, D, V, 0);
    }
    spent(p, PART_HEAD);
    rmsnorm_backward(p->dx, p->dnorm, p->dh, p->x, p->r, p->norm, N, D, 0);
    spent(p, PART_NORM);
    for (int i = c->L - 1; i >= 0; i--) layer_backward(p, &p->layer[i], i, N);
    for (int b = 0; b < B; b++)
        embedding_backward(p->dembed, p->dx + (size_t)b * (size_t)(p->T * D),
                           token + (size_t)b * (size_t)p->T, c->shift, p->T, D);
    spent(p, PART_EMBED);
    return sum;
}
