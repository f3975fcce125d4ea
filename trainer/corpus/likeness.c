/* likeness.c - Jensen-Shannon divergence of two texts, and what chance alone would make of it.
 *
 * Chance: the pooled tokens, N = n + m, are dealt at random to texts of n and m tokens.  Of a piece
 * that is there c times, y ~ Binomial(c, m / N) fall to the second text, and its expected term is
 * the sum over y.  For large c the term tends to (1/n + 1/m) / (8 ln 2), whatever c is: from (p -
 * q)^2 / 8 over the mean share, the second-order expansion.  Words are not dealt at random but come
 * in clusters, so real text lies above this value.
 */
#include "trainer/corpus/likeness.h"

#include <math.h>
#include <stdlib.h>

static const int64_t MANY = 2000; /* occurrences: the expansion is right to 1e-3 from here on */

static double part(double p, double q)
{
    const double mean = 0.5 * (p + q);
    return 0.5 * ((p > 0 ? p * log2(p / mean) : 0) + (q > 0 ? q * log2(q / mean) : 0));
}

/* The expected part of a piece that is there c times. */
static double expected_part(int64_t c, double n, double m)
{
    if (c > MANY) return (1 / n + 1 / m) / (8 * log(2));
    const double share = m / (n + m);
    double sum = 0;
    for (int64_t y = 0; y <= c; y++) {
        const double x = (double)(c - y), k = (double)y;
        const double log_p = lgamma((double)c + 1) - lgamma(x + 1) - lgamma(k + 1) +
                             x * log1p(-share) + k * log(share);
        sum += exp(log_p) * part(x / n, k / m);
    }
    return sum;
}

/* Put a piece into the list of the worst, which is sorted. */
static void rank(likeness *out, const likeness_piece *p)
{
    int at = out->n < LIKENESS_WORST ? out->n++ : LIKENESS_WORST;
    for (; at > 0 && out->worst[at - 1].bits < p->bits; at--)
        if (at < LIKENESS_WORST) out->worst[at] = out->worst[at - 1];
    if (at < LIKENESS_WORST) out->worst[at] = *p;
}

void likeness_measure(likeness *out, const int64_t *train, const int64_t *val, int V)
{
    *out = (likeness){ 0 };
    double n = 0, m = 0;
    double *known = calloc((size_t)MANY + 2, sizeof *known); /* expected parts by c; 0: not yet */
    if (!known) error_memory();
    for (int i = 0; i < V; i++) n += (double)train[i], m += (double)val[i];
    for (int i = 0; n > 0 && m > 0 && i < V; i++) {
        const int64_t c = train[i] + val[i], slot = c > MANY ? MANY + 1 : c;
        if (c == 0) continue;
        if (known[slot] == 0) known[slot] = expected_part(c, n, m);
        likeness_piece p = { .token = i, .train = (double)train[i] / n, .val = (double)val[i] / m };
        p.bits = part(p.train, p.val);
        out->bits += p.bits, out->expected += known[slot];
        rank(out, &p);
    }
    free(known);
}

static void count(int64_t *out, const corpus *c, const corpus_split *s)
{
    int32_t chunk[4096];
    for (int64_t at = 0; at < s->n_tokens;) {
        const int64_t n = s->n_tokens - at < 4096 ? s->n_tokens - at : 4096;
        corpus_read(chunk, s, at, n);
        for (int64_t i = 0; i < n; i++) out[chunk[i]]++;
        at += n;
    }
    out[c->bos] = 0;
}

void likeness_of_corpus(likeness *out, const corpus *c)
{
    const size_t V = (size_t)c->vocab_size;
    int64_t *counts = calloc(2 * V, sizeof *counts);
    if (!counts) error_memory();
    count(counts, c, &c->train), count(counts + V, c, &c->val);
    likeness_measure(out, counts, counts + V, (int)V);
    free(counts);
}

bool likeness_is_strange(const likeness_piece *p)
{
    return p->bits >= 0.002;
}

bool likeness_is_far(const likeness *l)
{
    return l->bits > 0.1;
}
