/* conformance_extend.c - extending through the cache gives the rows of forward, however a sequence
 * is cut into calls and whatever the cache holds at t = 0.
 *
 * The simplest way comes first, so that the first broken one tells the cause: single positions from
 * a cache of zeros, chunks, a cache of garbage, the cache that another run left.
 */
#include "tests/conformance.h"
#include "tests/promise.h"

#include <math.h>
#include <string.h>

static const float ROUNDING = 1e-4f; /* of 1 + |y| */

/* Lengths of calls; the last one repeats. */
typedef struct plan {
    int chunk[3];
    const char *cause; /* that a difference is likely to have */
} plan;

static int chunk_of(const plan *p, int call, int left)
{
    int i = call < 3 ? call : 2;
    while (i > 0 && p->chunk[i] == 0) i--;
    return p->chunk[i] < left ? p->chunk[i] : left;
}

static int longest(const plan *p, int T)
{
    int most = 0;
    for (int t = 0, call = 0; t < T; t += chunk_of(p, call, T - t), call++) {
        const int S = chunk_of(p, call, T - t);
        most = S > most ? S : most;
    }
    return most;
}

/* Say at which position of which call y differs from what forward gave. */
static void differ(const plan *p, const attn_dims *d, const float *yt, const float *y, int b, int t,
                   int S, float room)
{
    const size_t row = (size_t)d->D;
    int s = 0;
    while (s < S - 1 && rig_gap(yt + s * row, y + s * row, row) <= room) s++;
    const float gap = rig_gap(yt + s * row, y + s * row, row);
    promise_broken(
        "extend: in calls of %d, %d, %d... positions, y at position %d of sequence %d (call "
        "t = %d, S = %d) %s %g: %s",
        chunk_of(p, 0, d->T), chunk_of(p, 1, d->T), chunk_of(p, 2, d->T), t + s, b, t, S,
        isnan(gap) ? "is" : "differs from forward by", gap, p->cause);
    promise_end();
}

/* Extend over x by the calls of the plan.  False if y is not as forward gave it. */
static bool follow(const rig *r, const plan *p, const float *x, const float *y, float room)
{
    const attn_dims *d = &r->l.dims;
    const size_t row = (size_t)d->D;
    bool same = true;
    for (int t = 0, S, call = 0; same && t < d->T; t += S, call++) {
        S = chunk_of(p, call, d->T - t);
        const size_t part = S * row;
        float *xt = rig_block("x", d->B * part, 0), *yt = rig_block("y", d->B * part, NAN);
        for (size_t b = 0; b < (size_t)d->B; b++)
            memcpy(xt + b * part, x + (b * d->T + t) * row, part * sizeof *x);
        rig_extend(r, yt, xt, t, S);
        for (int b = 0; same && b < d->B; b++) {
            const float *want = y + ((size_t)b * d->T + t) * row, *got = yt + b * part;
            same = rig_gap(got, want, part) <= room;
            if (!same) differ(p, d, got, want, b, t, S, room);
        }
        rig_free(xt), rig_free(yt);
    }
    return same;
}

/* A layer whose scratch holds the longest call of the plan and no more. */
static void open_for(rig *r, const trial *t, const plan *p)
{
    attn_dims d = t->r.l.dims;
    d.S = longest(p, d.T);
    rig_open(r, t->r.v, &d);
    for (int i = 0; i < r->w.n; i++) r->l.w[i] = t->r.w.at[i];
}

void check_extend(const trial *t)
{
    static const char GARBAGE[] =
        "at t = 0 the cache holds garbage and the result changed: is the state "
        "reset?";
    static const char USED[] =
        "the cache holds another sequence at t = 0 and the result changed: is the "
        "state reset?";
    const int T = t->r.l.dims.T;
    // clang-format off
    const plan plans[] = {
        { { 1 },           "single positions, from a cache of zeros" },
        { { T },           "single positions are right: are the positions of one call told apart?" },
        { { 3 },           "single positions are right: is a call continued where the last one ended?" },
        { { 1, 3, T },     "single positions are right: do calls of different lengths follow each other?" },
        { { T - 2, 1 },    "single positions are right: does a single position after a long call find its past?" },
    };
    // clang-format on
    float *y = rig_block("y", t->n, NAN);
    rig_forward(&t->r, y, t->x);
    float size = 0;
    for (size_t i = 0; i < t->n; i++) size = fmaxf(size, fabsf(y[i]));
    bool right = true;
    for (size_t i = 0; right && i < sizeof plans / sizeof *plans; i++) {
        plan p = plans[i];
        rig r;
        open_for(&r, t, &p);
        store_fill(&r.cache, 0);
        right = follow(&r, &p, t->x, y, ROUNDING * (1 + size));
        store_fill(&r.cache, NAN);
        p.cause = GARBAGE;
        right = right && follow(&r, &p, t->x, y, ROUNDING * (1 + size));
        p.cause = USED;
        right = right && follow(&r, &p, t->x, y, ROUNDING * (1 + size));
        rig_close(&r);
    }
    rig_free(y);
}
