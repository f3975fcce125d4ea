/* sampler.c - the largest logit, or a draw by inversion: the first token at which the running sum
 * of probabilities exceeds a uniform number.
 *
 * Sums are float64.  Tokens are sorted only for top_k and top_p, and then only those that can be
 * among the kept: a token with less than (1 - top_p) / (V - 1) is never in the nucleus, since the
 * ones below it could not make up 1 - top_p.
 */
#include "trainer/decode/sampler.h"

#include "core/compute/rng.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

typedef struct sampler_item {
    double p;
    int32_t token;
} sampler_item;

bool sampler_open(sampler *s, double temperature, int top_k, double top_p, uint64_t seed, int V,
                  error *e)
{
    assert(temperature >= 0 && top_k >= 0 && top_p > 0 && top_p <= 1 && V > 0);
    *s = (sampler){ .temperature = temperature, .top_k = top_k, .top_p = top_p, .seed = seed };
    s->V = V;
    s->item = calloc((size_t)V, sizeof *s->item);
    return s->item || error_set(e, "out of memory for sampling from %d tokens", V);
}

void sampler_close(sampler *s)
{
    free(s->item);
    *s = (sampler){ 0 };
}

/* The token of the largest logit, the first of several; -1 if a logit is NaN or none is finite. */
static int32_t largest(const float *logits, int V)
{
    int32_t best = 0;
    for (int32_t v = 0; v < V; v++) {
        if (isnan(logits[v])) return -1;
        if (logits[v] > logits[best]) best = v;
    }
    return isfinite(logits[best]) ? best : -1;
}

/* The more likely first, then the lower token. */
static int by_probability(const void *a, const void *b)
{
    const sampler_item *x = a, *y = b;
    if (x->p != y->p) return x->p < y->p ? 1 : -1;
    return (x->token > y->token) - (x->token < y->token);
}

static void exchange(sampler_item *a, sampler_item *b)
{
    const sampler_item x = *a;
    *a = *b, *b = x;
}

/* Bring the k first of n items, in no order, to the front (quickselect: Hoare 1961).  No two items
 * are equal, since their tokens differ. */
static void select_items(sampler_item *item, int n, int k)
{
    int from = 0, to = n - 1; /* the item that belongs at k - 1 is among these */
    while (from < to) {
        const int middle = from + (to - from) / 2;
        int end = from;
        exchange(&item[middle], &item[to]);
        for (int i = from; i < to; i++)
            if (by_probability(&item[i], &item[to]) < 0) exchange(&item[i], &item[end++]);
        exchange(&item[end], &item[to]);
        if (end == k - 1) return;
        if (end < k - 1)
            from = end + 1;
        else
            to = end - 1;
    }
}

/* Sort the n items and keep those that top_k and top_p allow; *sum is the sum of those kept. */
static int truncate_items(double *sum, const sampler *s, int n)
{
    double all = *sum;
    const bool cut = s->top_k > 0 && s->top_k < n;
    if (cut) { /* a full sort would take longer than the model, here and below */
        select_items(s->item, n, s->top_k);
        n = s->top_k;
    } else {
        const double least = s->V > 1 ? all * (1 - s->top_p) / (s->V - 1) : 0;
        int kept = 0;
        for (int i = 0; i < n; i++)
            if (s->item[i].p >= least) s->item[kept++] = s->item[i];
        n = kept;
    }
    qsort(s->item, (size_t)n, sizeof *s->item, by_probability);
    if (cut) {
        all = 0;
        for (int i = 0; i < n; i++) all += s->item[i].p;
    }
    *sum = 0;
    for (int i = 0; i < n; i++) {
        *sum += s->item[i].p;
        if (*sum >= s->top_p * all) return i + 1;
    }
    return n;
}

bool sampler_draw(int32_t *token, const sampler *s, const float *logits, uint64_t b, uint64_t i,
                  error *e)
{
    const int32_t best = largest(logits, s->V);
    if (best < 0)
        return error_set(e, "the model's logits are not finite: its weights are those of a run "
                            "that diverged");
    *token = best;
    if (s->temperature == 0 || s->top_k == 1) return true;

    double sum = 0, below = 0;
    int n = s->V;
    for (int v = 0; v < n; v++) {
        const double p = exp(((double)logits[v] - logits[best]) / s->temperature);
        s->item[v] = (sampler_item){ p, v };
        sum += p;
    }
    if (s->top_p < 1 || (s->top_k > 0 && s->top_k < n)) n = truncate_items(&sum, s, n);

    const rng stream = rng_stream(s->seed, 0, "generate.sample");
    uint64_t bits[4];
    rng_bits(bits, &stream, b, i);
    const double u = (double)(bits[0] >> 11) * 0x1p-53 * sum; /* in [0, sum) */
    for (int j = 0; j < n; j++) {
        *token = s->item[j].token;
        if ((below += s->item[j].p) > u) break;
    }
    return true;
}
