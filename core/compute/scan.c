/* scan.c - linear recurrences chunk by chunk: forward, backward and continuation.
 *
 * The equations are in scan.h.  Backward goes through the chunks from the last to the first, with
 * dS, the gradient of the state after the chunk, and b_i = a_0 ... a_i, c_j = a_(j+1) ... a_(n-1):
 *
 *     du = c K dS + (A o Q K^T)^T do              dq = b do S^T + M K      M = A o (do u^T)
 *     z = du - (A o K K^T, j < i)^T diag(beta) z  dk = c u dS^T + M^T Q + N^T K + dk'
 *     dv = beta z     dbeta = r . z               dk' = N K - b dv S^T     N = -A o (dv u^T), j < i
 *     dS becomes b_(n-1) dS + Q^T (b do) - K^T (b dv)
 *
 * dk' is the part of dk from k in the place of a query.  Every factor a_t lies between a position
 * that reads and one that writes, so what multiplies log a_i is, summed over i >= t in the chunk,
 *
 *     q_i . dq_i + k_i . dk'_i - k_i . (dk - dk')_i   and, once, the sum of S o dS after the chunk
 *
 * Without the delta rule u = v, dv = du, and what has a z vanishes.
 *
 * A piece of the grid is one head of one sequence; products are general ones (kernels.h).
 */
#include "core/compute/scan.h"

#include "core/compute/kernels.h"
#include "core/compute/threads.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { C = SCAN_CHUNK, BLOCK = 16 /* rows of the triangular system that are solved one by one */ };

int scan_chunks(int S)
{
    return (S + C - 1) / C;
}

/* Arguments, with their names in scan.h; state is the one that is carried from call to call. */
typedef struct work {
    float *o, *states, *state, *r, *dq, *dk, *dv, *ddecay, *dbeta, *dstate;
    const float *q, *k, *v, *decay, *beta, *dO, *rc, *sc;
    const scan *s;
} work;

/* One chunk of one head: where its first position is in tensors of H E, H Ev and H floats a
 * position, and the products of its decays. */
typedef struct chunk {
    int n; /* positions */
    size_t qk, v, one;
    float pair[C * C];         /* A; 0 beyond the diagonal */
    float start[C], finish[C]; /* b and c                  */
} chunk;

static void chunk_set(chunk *c, const work *w, int b, int h, int i)
{
    const scan *s = w->s;
    const size_t row = (size_t)b * (size_t)s->S + (size_t)i * C;
    const size_t at = row * (size_t)s->H + (size_t)h;
    c->n = s->S - i * C < C ? s->S - i * C : C;
    c->qk = at * (size_t)s->E, c->v = at * (size_t)s->Ev, c->one = at;

    float start = 1;
    for (int t = 0; t < c->n; t++) {
        const float a = w->decay ? expf(w->decay[at + (size_t)t * (size_t)s->H]) : 1;
        float *row_of = c->pair + t * C;
        const float *above = row_of - C;
        for (int j = 0; j < t; j++) row_of[j] = above[j] * a;
        row_of[t] = 1;
        for (int j = t + 1; j < C; j++) row_of[j] = 0;
        start *= a;
        c->start[t] = start;
    }
    memcpy(c->finish, c->pair + (c->n - 1) * C, sizeof c->finish);
}

/* p = A o p on and below the diagonal, 0 beyond it, where p may be NaN. */
static void fade(float *p, const chunk *c)
{
    for (int i = 0; i < c->n; i++) {
        for (int j = 0; j <= i; j++) p[i * C + j] *= c->pair[i * C + j];
        for (int j = i + 1; j < c->n; j++) p[i * C + j] = 0;
    }
}

/* Row i of x (n, width) times factor[i * step]. */
static void scale_rows(float *x, int row, const float *factor, int step, int n, int width)
{
    for (int i = 0; i < n; i++, x += row)
        for (int j = 0; j < width; j++) x[j] *= factor[(long)i * step];
}

/* y (n, width), contiguous, is x with row i times factor[i * step], or x itself if factor is NULL.
 */
static void copy_rows(float *y, const float *x, int row, const float *factor, int step, int n,
                      int width)
{
    for (int i = 0; i < n; i++, x += row, y += width) {
        const float f = factor ? factor[(long)i * step] : 1;
        for (int j = 0; j < width; j++) y[j] = f * x[j];
    }
}

/* With LANES partial sums, so that it can use vectors. */
static float dot(const float *a, const float *b, int n)
{
    enum { LANES = 16 };
    float part[LANES] = { 0 }, sum = 0;
    int i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int j = 0; j < LANES; j++) part[j] += a[i + j] * b[i + j];
    for (; i < n; i++) sum += a[i] * b[i];
    for (int j = 0; j < LANES; j++) sum += part[j];
    return sum;
}

/* p (n, n) = A_ij k_i . k_j for j < i, else 0. */
static void overlaps(float *p, const work *w, const chunk *c)
{
    const int E = w->s->E, HE = w->s->H * E;
    gemm_nt(p, C, w->k + c->qk, HE, w->k + c->qk, HE, c->n, c->n, E, 1, 0);
    fade(p, c);
    for (int i = 0; i < c->n; i++) p[i * C + i] = 0;
}

/* Solve u = x - p u in place, where u comes in as x (n, Ev) and p is strictly lower triangular:
 * blocks of rows by products, and one by one within a block. */
static void solve_down(float *u, int row, const float *p, int n, int Ev)
{
    for (int from = 0; from < n; from += BLOCK) {
        const int m = n - from < BLOCK ? n - from : BLOCK;
        float *ub = u + (size_t)from * (size_t)row;
        const float *pb = p + from * C;
        if (from > 0) gemm_nn(ub, row, pb, C, u, row, m, Ev, from, -1, 1);
        for (int i = 1; i < m; i++)
            for (int j = 0; j < i; j++) {
                float *ui = ub + (size_t)i * (size_t)row;
                const float *uj = ub + (size_t)j * (size_t)row, f = pb[i * C + from + j];
                for (int x = 0; x < Ev; x++) ui[x] -= f * uj[x];
            }
    }
}

/* The same for z = x - p^T z, from the last row to the first. */
static void solve_up(float *z, int row, const float *p, int n, int Ev)
{
    for (int from = (n - 1) / BLOCK * BLOCK; from >= 0; from -= BLOCK) {
        const int m = n - from < BLOCK ? n - from : BLOCK, after = from + m;
        float *zb = z + (size_t)from * (size_t)row;
        const float *pb = p + from * C + from;
        if (after < n)
            gemm_tn(zb, row, p + after * C + from, C, z + (size_t)after * (size_t)row, row, m, Ev,
                    n - after, -1, 1);
        for (int j = m - 2; j >= 0; j--)
            for (int i = j + 1; i < m; i++) {
                float *zj = zb + (size_t)j * (size_t)row;
                const float *zi = zb + (size_t)i * (size_t)row, f = pb[i * C + j];
                for (int x = 0; x < Ev; x++) zj[x] -= f * zi[x];
            }
    }
}

/* The first row of u (n, Ev) that is not finite, or n. */
static int first_odd(const float *u, int n, int Ev)
{
    for (int i = 0; i < n; i++, u += Ev) {
        int odd = 0;
        for (int j = 0; j < Ev; j++) {
            uint32_t bits;
            memcpy(&bits, u + j, sizeof bits);
            odd |= (bits & 0x7f800000) == 0x7f800000;
        }
        if (odd) return i;
    }
    return n;
}

static void poison(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) x[i] = NAN;
}

/* u (n, Ev) = what the chunk writes, if the state before it is S; for the delta rule also r. */
static void written(float *u, const work *w, const chunk *c, const float *S)
{
    const int E = w->s->E, Ev = w->s->Ev, H = w->s->H, HE = H * E, HEv = H * Ev, n = c->n;
    const float *v = w->v + c->v;
    if (!w->beta) {
        copy_rows(u, v, HEv, NULL, 0, n, Ev);
        return;
    }
    const float *beta = w->beta + c->one;
    float p[C * C], *r = w->r + c->v;
    gemm_nn(r, HEv, w->k + c->qk, HE, S, Ev, n, Ev, E, -1, 0);
    scale_rows(r, HEv, c->start, 1, n, Ev);
    for (int i = 0; i < n; i++)
        for (int x = 0; x < Ev; x++) r[(long)i * HEv + x] += v[(long)i * HEv + x];
    overlaps(p, w, c);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < i; j++) p[i * C + j] *= beta[(long)j * H];
    solve_down(r, HEv, p, n, Ev);
    copy_rows(u, r, HEv, beta, H, n, Ev);
}

/* One chunk: o, and `after` (E, Ev), the state after it, from the one before.  Both may be the same
 * place, and after may be NULL.  From the first row of u on that is not finite, u is left out of
 * the products, where 0 times it would spoil earlier rows, and everything later becomes NaN. */
static void chunk_forward(float *after, const float *before, const work *w, const chunk *c)
{
    const scan *s = w->s;
    const int E = s->E, Ev = s->Ev, HE = s->H * E, HEv = s->H * Ev, n = c->n;
    const float *q = w->q + c->qk, *k = w->k + c->qk;
    float *o = w->o + c->v, u[C * SCAN_WIDTH], p[C * C];

    written(u, w, c, before);
    const int sound = first_odd(u, n, Ev);
    memset(u + (long)sound * Ev, 0, sizeof *u * (size_t)(n - sound) * (size_t)Ev);

    gemm_nn(o, HEv, q, HE, before, Ev, n, Ev, E, s->scale, 0);
    scale_rows(o, HEv, c->start, 1, n, Ev);
    gemm_nt(p, C, q, HE, k, HE, n, n, E, s->scale, 0);
    fade(p, c);
    gemm_nn(o, HEv, p, C, u, Ev, n, Ev, n, 1, 1);
    for (int i = sound; i < n; i++) poison(o + (long)i * HEv, (size_t)Ev);

    if (!after) return;
    scale_rows(u, Ev, c->finish, 1, n, Ev);
    if (after != before) memcpy(after, before, sizeof *after * (size_t)E * (size_t)Ev);
    gemm_tn(after, Ev, k, HE, u, Ev, E, Ev, n, 1, c->start[n - 1]);
    if (sound < n) poison(after, (size_t)E * (size_t)Ev);
}

static size_t state_floats(const scan *s)
{
    return (size_t)s->E * (size_t)s->Ev;
}

static void forward_piece(void *arg, int i)
{
    const work *w = arg;
    const scan *s = w->s;
    const int chunks = scan_chunks(s->S);
    const size_t floats = state_floats(s);
    float *state = w->states + (size_t)i * (size_t)chunks * floats;
    chunk c;
    memset(state, 0, sizeof *state * floats);
    for (int j = 0; j < chunks; j++, state += floats) {
        chunk_set(&c, w, i / s->H, i % s->H, j);
        chunk_forward(j + 1 < chunks ? state + floats : NULL, state, w, &c);
    }
}

static void extend_piece(void *arg, int i)
{
    const work *w = arg;
    const scan *s = w->s;
    float *state = w->state + (size_t)i * state_floats(s);
    chunk c;
    for (int j = 0; j < scan_chunks(s->S); j++) {
        chunk_set(&c, w, i / s->H, i % s->H, j);
        chunk_forward(state, state, w, &c);
    }
}

/* From z, which is where dv belongs, to dv; dbeta, and the part of dk that the triangular system
 * makes: dk' in `query`, the other added to dk.  u is what the chunk wrote. */
static void delta_backward(float *query, const float *u, const float *S, const work *w,
                           const chunk *c)
{
    const scan *s = w->s;
    const int E = s->E, Ev = s->Ev, H = s->H, HE = H * E, HEv = H * Ev, n = c->n;
    const float *k = w->k + c->qk, *beta = w->beta + c->one;
    float *dv = w->dv + c->v, p[C * C];

    overlaps(p, w, c);
    scale_rows(p, C, beta, H, n, n);
    solve_up(dv, HEv, p, n, Ev);
    for (int i = 0; i < n; i++)
        w->dbeta[c->one + (size_t)i * (size_t)H] =
            dot(w->rc + c->v + (long)i * HEv, dv + (long)i * HEv, Ev);
    scale_rows(dv, HEv, beta, H, n, Ev);

    gemm_nt(p, C, dv, HEv, u, Ev, n, n, Ev, -1, 0);
    fade(p, c);
    for (int i = 0; i < n; i++) p[i * C + i] = 0;
    gemm_nt(query, E, dv, HEv, S, Ev, n, E, Ev, -1, 0);
    scale_rows(query, E, c->start, 1, n, E);
    gemm_nn(query, E, p, C, k, HE, n, E, n, 1, 1);
    gemm_tn(w->dk + c->qk, HE, p, C, k, HE, n, E, n, 1, 1);
}

/* The gradient of the logarithms of decays; dk does not yet contain `query`, which is NULL without
 * the delta rule.  `last` is the sum of S o dS after the chunk. */
static void decay_backward(const float *query, float last, const work *w, const chunk *c)
{
    const int E = w->s->E, H = w->s->H, HE = H * E;
    double sum = last;
    for (int i = c->n - 1; i >= 0; i--) {
        const size_t at = c->qk + (size_t)i * (size_t)HE;
        const float *k = w->k + at;
        sum += dot(w->q + at, w->dq + at, E) - dot(k, w->dk + at, E);
        if (query) sum += dot(k, query + i * E, E);
        w->ddecay[c->one + (size_t)i * (size_t)H] = (float)sum;
    }
}

/* One chunk.  dS (E, Ev) is the gradient of the state after it, and becomes that of S, before it;
 * `last` is the sum of dS o the state after it. */
static void chunk_backward(float *dS, const float *S, float last, const work *w, const chunk *c)
{
    const scan *s = w->s;
    const int E = s->E, Ev = s->Ev, HE = s->H * E, HEv = s->H * Ev, n = c->n;
    const float *q = w->q + c->qk, *k = w->k + c->qk, *dO = w->dO + c->v;
    float *dq = w->dq + c->qk, *dk = w->dk + c->qk, *dv = w->dv + c->v;
    float p[C * C], u[C * SCAN_WIDTH], query[C * SCAN_WIDTH];

    copy_rows(u, w->rc + c->v, HEv, w->beta ? w->beta + c->one : NULL, s->H, n, Ev);
    gemm_nt(p, C, q, HE, k, HE, n, n, E, s->scale, 0);
    fade(p, c);
    gemm_nn(dv, HEv, k, HE, dS, Ev, n, Ev, E, 1, 0);
    scale_rows(dv, HEv, c->finish, 1, n, Ev);
    gemm_tn(dv, HEv, p, C, dO, HEv, n, Ev, n, 1, 1);

    gemm_nt(p, C, dO, HEv, u, Ev, n, n, Ev, s->scale, 0);
    fade(p, c);
    gemm_nt(dq, HE, dO, HEv, S, Ev, n, E, Ev, s->scale, 0);
    scale_rows(dq, HE, c->start, 1, n, E);
    gemm_nn(dq, HE, p, C, k, HE, n, E, n, 1, 1);
    gemm_nt(dk, HE, u, Ev, dS, Ev, n, E, Ev, 1, 0);
    scale_rows(dk, HE, c->finish, 1, n, E);
    gemm_tn(dk, HE, p, C, q, HE, n, E, n, 1, 1);

    if (w->beta) delta_backward(query, u, S, w, c);
    if (w->ddecay) decay_backward(w->beta ? query : NULL, last, w, c);
    for (int i = 0; w->beta && i < n; i++)
        for (int x = 0; x < E; x++) dk[(long)i * HE + x] += query[i * E + x];

    copy_rows(u, dO, HEv, c->start, 1, n, Ev);
    gemm_tn(dS, Ev, q, HE, u, Ev, E, Ev, n, s->scale, c->start[n - 1]);
    if (!w->beta) return;
    copy_rows(u, dv, HEv, c->start, 1, n, Ev);
    gemm_tn(dS, Ev, k, HE, u, Ev, E, Ev, n, -1, 1);
}

static void backward_piece(void *arg, int i)
{
    const work *w = arg;
    const scan *s = w->s;
    const int chunks = scan_chunks(s->S);
    const size_t floats = state_floats(s);
    const float *states = w->sc + (size_t)i * (size_t)chunks * floats;
    float *dS = w->dstate + (size_t)i * floats;
    chunk c;
    memset(dS, 0, sizeof *dS * floats);
    for (int j = chunks - 1; j >= 0; j--) {
        const float *S = states + (size_t)j * floats;
        const float last = j + 1 < chunks ? dot(S + floats, dS, (int)floats) : 0;
        chunk_set(&c, w, i / s->H, i % s->H, j);
        chunk_backward(dS, S, last, w, &c);
    }
}

static void check(const scan *s)
{
    assert(s->B > 0 && s->S > 0 && s->H > 0 && s->E > 0 && s->Ev > 0);
    assert(s->E <= SCAN_WIDTH && s->Ev <= SCAN_WIDTH);
    (void)s;
}

void scan_forward(float *o, float *states, float *r, const float *q, const float *k, const float *v,
                  const float *decay, const float *beta, const scan *s)
{
    work w = { .o = o, .states = states, .r = r, .q = q, .k = k, .v = v, .s = s };
    w.decay = decay, w.beta = beta;
    check(s);
    threads_grid(s->B * s->H, forward_piece, &w);
}

void scan_extend(float *o, float *state, float *r, const float *q, const float *k, const float *v,
                 const float *decay, const float *beta, const scan *s)
{
    work w = { .o = o, .state = state, .r = r, .q = q, .k = k, .v = v, .s = s };
    w.decay = decay, w.beta = beta;
    check(s);
    threads_grid(s->B * s->H, extend_piece, &w);
}

void scan_backward(float *dq, float *dk, float *dv, float *ddecay, float *dbeta, float *dstate,
                   const float *dO, const float *states, const float *r, const float *q,
                   const float *k, const float *decay, const float *beta, const scan *s)
{
    work w = { .dq = dq, .dk = dk, .dv = dv, .ddecay = ddecay, .dbeta = dbeta, .s = s };
    w.dstate = dstate, w.dO = dO, w.sc = states, w.rc = r, w.q = q, w.k = k;
    w.decay = decay, w.beta = beta;
    check(s);
    threads_grid(s->B * s->H, backward_piece, &w);
}
