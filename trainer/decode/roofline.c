/* roofline.c - a walk as sums over layers, for the device with the most to do.
 *
 * A processor's last-level cache: of W bytes that a walk reads, all come from a cache of C bytes if
 * W <= C / 2, none if W >= 3 C / 2, and a linear part of them between.
 */
#include "trainer/decode/roofline.h"

#include <assert.h>
#include <math.h>

const char *const roofline_bounds[] = { "weights", "cache", "flops", "link", "overhead" };

/* The most of n heads that one of N devices has, as a part of all. */
static double share_of(int n, int N)
{
    return n > 0 ? (double)((n + N - 1) / N) / n : 1;
}

/* Part of a layer's cache that one device has. */
static double cache_share(const roofline *r, int layer, int B)
{
    const model_config *c = &r->m->config;
    const attn_variant *v = c->layer[layer].variant;
    const attn_dims d = model_dims(c, layer, 1, c->T, 1);
    const int G = attn_kv_heads(v, &d);
    if (r->by_sequence) return share_of(B, r->devices);
    return share_of(G > 0 ? G : attn_cache_constant(v, &d) ? c->H : 1, r->devices);
}

/* Weights of one device: those of products with every row, of the head, and of the embedding and
 * gains, which are looked up.  Key/value projections follow their heads. */
typedef struct weights {
    double products, head, rest;
} weights;

static weights weights_of(const roofline *r)
{
    const model_config *c = &r->m->config;
    const int N = r->devices;
    weights w = { 0, (double)c->V * c->D / N, 0 };
    for (int i = 0; i < r->m->n; i++) {
        const model_tensor *t = &r->m->tensor[i];
        const double n = (double)t->n;
        if (t->role == ROLE_HEAD) continue;
        if (t->role == ROLE_EMBEDDING)
            w.rest += c->tied ? 0 : n / N;
        else if (!t->decay)
            w.rest += n;
        else
            w.products += n / N;
    }
    for (int i = 0; i < c->L && !r->by_sequence; i++) {
        const attn_dims d = model_dims(c, i, 1, c->T, 1);
        const int G = attn_kv_heads(c->layer[i].variant, &d);
        if (G > 0) w.products += 2.0 * c->D * G * c->E * (share_of(G, N) - 1.0 / N);
    }
    return w;
}

/* Floats of the cache of t positions that one device has, all layers, B sequences. */
static double cache_floats(const roofline *r, int B, int t)
{
    const model_config *c = &r->m->config;
    double sum = 0;
    for (int i = 0; i < c->L; i++) {
        const attn_dims d = model_dims(c, i, 1, t, 1);
        sum += B * attn_cache_floats(c->layer[i].variant, &d) * cache_share(r, i, B);
    }
    return sum;
}

/* FLOPs of attention beyond its weights: scores and values of S queries from t on, and states. */
static double attention_flops(const roofline *r, int B, int S, int t)
{
    const model_config *c = &r->m->config;
    double sum = 0;
    for (int i = 0; i < c->L; i++) {
        const attn_variant *v = c->layer[i].variant;
        const attn_dims to = model_dims(c, i, 1, t + S, S), from = model_dims(c, i, 1, t, S);
        const double pairs = (t + S) * attn_pairs(v, &to) - (t > 0 ? t * attn_pairs(v, &from) : 0);
        sum += 4.0 * c->H * c->E * pairs + S * attn_state_flops(v, &to);
    }
    return r->by_sequence ? sum * B * share_of(B, r->devices)
                          : sum * B * share_of(c->H, r->devices);
}

/* Bytes of the scores that a machine without fused attention keeps in one layer. */
static double score_bytes(const roofline *r, int B, int S, int T)
{
    if (S < 2) return 0;
    return r->h->score_bytes * B * r->m->config.H * share_of(r->m->config.H, r->devices) * S * T;
}

/* Seconds of an all-reduce of n bytes: a ring sends 2 (N - 1) / N of them. */
static double exchange(const roofline *r, double n)
{
    const double N = r->devices;
    if (N < 2) return 0;
    return r->h->link_latency + 2 * (N - 1) / N * n / (r->h->link * r->h->efficiency_link);
}

/* Seconds to read a byte if a walk reads n. */
static double byte_time(const roofline *r, double n)
{
    const hardware *h = r->h;
    const double memory = 1 / (h->bandwidth * h->efficiency_bandwidth);
    if (!(h->cache > 0) || !(h->cache_bandwidth > 0)) return memory;
    const double hit = fmin(1, fmax(0, 1.5 - n / h->cache));
    return hit / h->cache_bandwidth + (1 - hit) * memory;
}

static void set_bound(roofline_time *x, double read, double cache, double linear_flops,
                      double attention_flops)
{
    const double by[ROOFLINE_BOUNDS] = {
        [ROOFLINE_WEIGHTS] = read >= linear_flops ? x->linear : 0,
        [ROOFLINE_CACHE] = cache >= attention_flops ? x->attention : 0,
        [ROOFLINE_FLOPS] =
            (read < linear_flops ? x->linear : 0) + (cache < attention_flops ? x->attention : 0),
        [ROOFLINE_LINK] = x->link,
        [ROOFLINE_OVERHEAD] = x->overhead,
    };
    for (int i = 0; i < ROOFLINE_BOUNDS; i++)
        if (by[i] > by[x->bound]) x->bound = (roofline_bound)i;
}

void roofline_walk(roofline_time *out, const roofline *r, int B, int S, int t)
{
    const hardware *h = r->h;
    const model_config *c = &r->m->config;
    const weights w = weights_of(r);
    const double peak = h->flops[r->weights];
    const int size = hardware_bytes[r->weights];
    assert(peak > 0 && B > 0 && S > 0 && t >= 0);
    const double rows = (double)B * S;
    const double cache = cache_floats(r, B, t + S) * hardware_bytes[r->cache];
    const double scores = 2 * c->L * score_bytes(r, B, S, t + S);
    const double bytes = (w.products + w.head) * size;
    const double second = byte_time(r, bytes + cache);
    const double read = bytes * second, read_cache = (cache + scores) * second;
    const double linear =
        2 / peak * (w.products * rows / hardware_part(h, rows) + w.head * B / hardware_part(h, B));
    const double attention = attention_flops(r, B, S, t) / (peak * h->efficiency_attention);
    const double stream = rows * c->D * size;
    *out =
        (roofline_time){ .linear = fmax(read, linear), .attention = fmax(read_cache, attention) };
    out->link = c->L * 2 * exchange(r, stream);
    if (r->by_sequence)
        out->link += c->L * 2 * exchange(r, stream / 2); /* all-to-all, there, back */
    out->overhead = c->L * h->overhead;
    out->total = out->linear + out->attention + out->link + out->overhead;
    set_bound(out, read, read_cache, linear, attention);
}

void roofline_memory_of(roofline_memory *out, const roofline *r, int B, int S, int T)
{
    const model_config *c = &r->m->config;
    const weights w = weights_of(r);
    const int size = hardware_bytes[r->weights];
    const double rows = (double)B * S;
    out->weights = (w.products + w.head + w.rest) * size;
    out->cache = cache_floats(r, B, T) * hardware_bytes[r->cache];
    /* the stream and its norm, queries, the gate and its neighbour; logits of the last position */
    out->scratch = rows * (2.0 * c->D + ((double)c->H * c->E + 2.0 * c->F) / r->devices) * size +
                   4.0 * B * c->V + score_bytes(r, B, S, S);
    out->total = out->weights + out->cache + out->scratch;
}
