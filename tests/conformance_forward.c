/* conformance_forward.c - forward is finite and repeatable, and row t of y depends on rows 0..t of
 * x in the same sequence and on nothing else.
 */
#include "tests/conformance.h"
#include "tests/promise.h"

#include <math.h>
#include <string.h>

static const float UNSEEN = 1e-6f, SEEN = 1e-4f; /* changes of y, as a part of 1 + |y| */

static float largest(const float *y, size_t n)
{
    float most = 0;
    for (size_t i = 0; i < n; i++) most = fmaxf(most, fabsf(y[i]));
    return most;
}

/* Forward with one tensor poisoned (NULL: none), and the others all zero.  Is y free of NaN? */
static bool clean(const trial *t, float *y, float *poisoned, size_t n)
{
    const rig *r = &t->r;
    store_fill(&r->act, 0), store_fill(&r->tmp, 0);
    if (poisoned) rig_fill(poisoned, n, NAN);
    r->v->forward(&r->l, y, t->x);
    return rig_nan(y, t->n) == t->n;
}

/* y has a NaN: is it read from memory, and which, or made? */
static void explain(const trial *t, float *y)
{
    const attn_dims *d = &t->r.l.dims;
    const size_t at = rig_nan(y, t->n) / (size_t)d->D;
    const int b = (int)at / d->T, row = (int)at % d->T;
    if (!clean(t, y, NULL, 0)) {
        promise(
            false,
            "finite: y is NaN at sequence %d, position %d: 0 / 0, or the root or logarithm of a "
            "negative number?",
            b, row);
        return;
    }
    const store *list[] = { &t->r.act, &t->r.tmp };
    for (int k = 0; k < 2; k++)
        for (int i = 0; i < list[k]->n; i++)
            if (!clean(t, y, list[k]->at[i], tensor_floats(&list[k]->spec[i]))) {
                promise(false,
                        "poison: forward reads %s (%s) before it is written: y is NaN at "
                        "sequence %d, position %d",
                        list[k]->spec[i].name, list[k]->list, b, row);
                return;
            }
    promise(false,
            "poison: forward reads memory that it did not write: y is NaN at sequence %d, "
            "position %d",
            b, row);
}

void check_forward(const trial *t)
{
    float *y = rig_block("y", t->n, NAN), *again = rig_block("y", t->n, NAN);
    rig_forward(&t->r, y, t->x);
    if (rig_nan(y, t->n) < t->n)
        explain(t, y);
    else if (promise(isfinite(largest(y, t->n)), "finite: y is infinite")) {
        rig_forward(&t->r, again, t->x);
        promise(memcmp(y, again, t->n * sizeof *y) == 0,
                "repeat: two forward passes differ by %g: is state kept between calls?",
                rig_gap(y, again, t->n));
    }
    rig_free(y), rig_free(again);
}

/* Sequence b with 1 added to positions from..to. */
static void move(float *x2, const trial *t, int b, int from, int to)
{
    const attn_dims *d = &t->r.l.dims;
    memcpy(x2, t->x, t->n * sizeof *x2);
    for (size_t i = (size_t)(b * d->T + from) * d->D; i < (size_t)(b * d->T + to + 1) * d->D; i++)
        x2[i] += 1;
}

/* Rows before `from` changed: which of them, and because of which position? */
static void blame(const trial *t, const float *y, float *x2, float *y2, int from, float unseen)
{
    const attn_dims *d = &t->r.l.dims;
    const size_t row = (size_t)d->D;
    for (int s = from; s < d->T; s++) {
        move(x2, t, 0, s, s);
        rig_forward(&t->r, y2, x2);
        for (int i = 0; i < s; i++) {
            const float gap = rig_gap(y + i * row, y2 + i * row, row);
            if (gap <= unseen) continue;
            promise(false,
                    "causality: y at position %d reads x at position %d, which is later "
                    "(it changes by %g)",
                    i, s, gap);
            return;
        }
    }
    promise(false, "causality: y before position %d changes with x from there on", from);
}

static void check_leak(const trial *t, const float *y, const float *y2, int b, float unseen)
{
    const attn_dims *d = &t->r.l.dims;
    const size_t one = (size_t)d->T * (size_t)d->D;
    for (int other = 0; other < d->B; other++) {
        const float gap = rig_gap(y + other * one, y2 + other * one, one);
        if (other != b)
            promise(gap <= unseen,
                    "leak: y of sequence %d reads x of sequence %d (it changes by %g)", other, b,
                    gap);
    }
}

/* NaN from position s of sequence 0 on, since 0 times a number hides what is read.  A scan by
 * chunks may multiply later positions of its own sequence by 0, so there only other sequences
 * count. */
static void check_spread(const trial *t, const float *y, float *x2, float *y2, int s)
{
    const attn_dims *d = &t->r.l.dims;
    const size_t cut = (size_t)s * d->D, one = (size_t)d->T * d->D;
    memcpy(x2, t->x, t->n * sizeof *x2);
    rig_fill(x2 + cut, one - cut, NAN);
    rig_forward(&t->r, y2, x2);
    promise(t->r.v->state_flops || memcmp(y, y2, cut * sizeof *y) == 0,
            "nan: NaN in x from position %d on reaches y before it: is the future multiplied by 0?",
            s);
    promise(memcmp(y + one, y2 + one, (t->n - one) * sizeof *y) == 0,
            "nan: NaN in x of sequence 0 reaches y of another sequence: is it multiplied by 0?");
}

void check_causality(const trial *t)
{
    const attn_dims *d = &t->r.l.dims;
    const size_t row = (size_t)d->D;
    float *y = rig_block("y", t->n, NAN), *y2 = rig_block("y", t->n, NAN);
    float *x2 = rig_block("x", t->n, 0);
    rig_forward(&t->r, y, t->x);
    const float size = largest(y, t->n), unseen = UNSEEN * (1 + size);
    for (int s = 1; s<d->T; s += d->T> 8 ? 9 : 1) {
        move(x2, t, 0, s, d->T - 1);
        rig_forward(&t->r, y2, x2);
        const float self = rig_gap(y + s * row, y2 + s * row, row);
        check_leak(t, y, y2, 0, unseen);
        if (!(rig_gap(y, y2, s * row) <= unseen)) blame(t, y, x2, y2, s, unseen);
        if (size > 0) /* a spec may well switch everything off */
            promise(self > SEEN * fminf(1, size),
                    "self: y at position %d does not depend on x there", s);
        move(x2, t, d->B - 1, s, d->T - 1); /* others may look ahead to the last sequence */
        rig_forward(&t->r, y2, x2);
        check_leak(t, y, y2, d->B - 1, unseen);
        check_spread(t, y, x2, y2, s);
    }
    rig_free(y), rig_free(y2), rig_free(x2);
}

/* Counts the pairs of positions (t, s) in which y_t depends on x_s, when each is moved in turn. */
void check_pairs(const trial *t)
{
    const attn_dims *d = &t->r.l.dims;
    const size_t row = (size_t)d->D;
    const double pairs = attn_pairs(t->r.v, d), most = (d->T + 1) / 2.0;
    if (!promise(pairs >= 0 && pairs <= most,
                 "pairs: %g a query, but causality allows at most %g at T = %d", pairs, most, d->T))
        return;
    if (!t->r.v->pairs || d->T > 10) return;

    float *y = rig_block("y", t->n, NAN), *y2 = rig_block("y", t->n, NAN);
    float *x2 = rig_block("x", t->n, 0);
    int seen = 0;
    rig_forward(&t->r, y, t->x);
    for (int s = 0; s < d->T; s++) {
        move(x2, t, 0, s, s);
        rig_forward(&t->r, y2, x2);
        for (int i = 0; i < d->T; i++) seen += rig_gap(y + i * row, y2 + i * row, row) > 0;
    }
    promise(fabs(pairs * d->T - seen) < 0.5,
            "pairs: %g a query of %d makes %g, but %d pairs of positions depend on each other",
            pairs, d->T, pairs * d->T, seen);
    rig_free(y), rig_free(y2), rig_free(x2);
}
