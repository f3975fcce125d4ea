/* kernels_rows.c - the functions of kernels.h whose rows or entries are independent.
 *
 * They are cut into pieces for idle threads, by sizes alone.  A sum over rows is taken within
 * each piece first, and these sums are added in the order of the pieces, so the result does not
 * depend on the number of threads.  Products and attention cut themselves; the optimizer is cut
 * by the training step.
 */
#include "core/compute/backend.h"
#include "core/compute/cut.h"
#include "core/compute/kernels.h"
#include "core/compute/threads.h"

#include <limits.h>
#include <string.h>

enum {
    PIECES = 16,    /* at most, if pieces leave sums to be added */
    SUMS = 1 << 16, /* floats for these sums                     */
};

/* Arguments, with their names in kernels.h; rc is the r that backward reads. */
typedef struct rows {
    cut cut;
    float *y, *r, *dx, *dgain;
    const float *x, *dy, *rc, *gain;
    int D, over; /* width of a row; see norm in backend.h */
    float eps, beta, scale;
    const int32_t *target;
    double sum[PIECES];
    float *part; /* (pieces, D) of dgain */
} rows;

static void norm_piece(void *arg, int i)
{
    const rows *k = arg;
    int n;
    const int from = cut_piece(&n, &k->cut, i);
    const size_t at = (size_t)from * k->D;
    backend_chosen()->norm(k->y + at, k->r + from, k->x + at, k->gain, n, k->D, k->over, k->eps);
}

static void norm(rows *k, int N)
{
    k->cut = cut_rows(N, k->D, INT_MAX);
    threads_grid(k->cut.pieces, norm_piece, k);
}

void rmsnorm(float *y, float *r, const float *x, const float *gain, int N, int D, float eps)
{
    rows k = { .y = y, .r = r, .x = x, .gain = gain, .D = D, .over = D, .eps = eps };
    norm(&k, N);
}

void l2norm(float *y, float *r, const float *x, int N, int D, float eps)
{
    rows k = { .y = y, .r = r, .x = x, .D = D, .over = 1, .eps = eps };
    norm(&k, N);
}

static void norm_backward_piece(void *arg, int i)
{
    const rows *k = arg;
    int n;
    const int from = cut_piece(&n, &k->cut, i);
    const size_t at = (size_t)from * k->D;
    float *dgain = k->part ? k->part + (size_t)i * k->D : k->dgain;
    backend_chosen()->norm_backward(k->dx + at, dgain, k->dy + at, k->x + at, k->rc + from, k->gain,
                                    n, k->D, k->over, k->beta);
}

void rmsnorm_backward(float *dx, float *dgain, const float *dy, const float *x, const float *r,
                      const float *gain, int N, int D, float beta)
{
    float part[SUMS];
    rows k = { .dx = dx, .dgain = dgain, .dy = dy, .x = x, .rc = r, .gain = gain, .D = D };
    k.over = D;
    const int room = SUMS / D < PIECES ? SUMS / D : PIECES;
    k.cut = cut_rows(N, D, gain ? room > 1 ? room : 1 : INT_MAX);
    k.beta = beta;
    if (gain && k.cut.pieces > 1) {
        k.part = part;
        memset(part, 0, sizeof *part * (size_t)k.cut.pieces * (size_t)D);
    }
    threads_grid(k.cut.pieces, norm_backward_piece, &k);
    for (int i = 0; k.part && i < k.cut.pieces; i++)
        backend_chosen()->vector_add(dgain, part + (size_t)i * D, (size_t)D);
}

void l2norm_backward(float *dx, const float *dy, const float *x, const float *r, int N, int D,
                     float beta)
{
    rows k = { .dx = dx, .dy = dy, .x = x, .rc = r, .D = D, .over = 1, .beta = beta };
    k.cut = cut_rows(N, D, INT_MAX);
    threads_grid(k.cut.pieces, norm_backward_piece, &k);
}

typedef struct entries {
    cut cut;
    size_t n;
    float *y, *dgate, *dup;
    const float *x, *gate, *up, *dy;
} entries;

static void swiglu_piece(void *arg, int i)
{
    const entries *k = arg;
    size_t at;
    const size_t n = cut_entries_piece(&at, &k->cut, i, k->n);
    backend_chosen()->swiglu(k->y + at, k->gate + at, k->up + at, n);
}

void swiglu(float *y, const float *gate, const float *up, size_t n)
{
    entries k = { .y = y, .gate = gate, .up = up, .n = n, .cut = cut_entries(n) };
    threads_grid(k.cut.pieces, swiglu_piece, &k);
}

static void swiglu_backward_piece(void *arg, int i)
{
    const entries *k = arg;
    size_t at;
    const size_t n = cut_entries_piece(&at, &k->cut, i, k->n);
    backend_chosen()->swiglu_backward(k->dgate + at, k->dup + at, k->y + at, k->dy + at,
                                      k->gate + at, k->up + at, n);
}

void swiglu_backward(float *dgate, float *dup, float *y, const float *dy, const float *gate,
                     const float *up, size_t n)
{
    entries k = { .dgate = dgate, .dup = dup, .y = y, .dy = dy, .gate = gate, .up = up, .n = n };
    k.cut = cut_entries(n);
    threads_grid(k.cut.pieces, swiglu_backward_piece, &k);
}

static void add_piece(void *arg, int i)
{
    const entries *k = arg;
    size_t at;
    const size_t n = cut_entries_piece(&at, &k->cut, i, k->n);
    backend_chosen()->vector_add(k->y + at, k->x + at, n);
}

void vector_add(float *y, const float *x, size_t n)
{
    entries k = { .y = y, .x = x, .n = n, .cut = cut_entries(n) };
    threads_grid(k.cut.pieces, add_piece, &k);
}

static void loss_piece(void *arg, int i)
{
    rows *k = arg;
    int n;
    const int from = cut_piece(&n, &k->cut, i);
    k->sum[i] = backend_chosen()->cross_entropy(k->r + from, k->x + (size_t)from * k->D,
                                                k->target + from, n, k->D);
}

static double sum_of_pieces(const rows *k)
{
    double sum = 0;
    for (int i = 0; i < k->cut.pieces; i++) sum += k->sum[i];
    return sum;
}

double cross_entropy(float *nll, const float *logits, const int32_t *target, int N, int V)
{
    rows k = { .r = nll, .x = logits, .target = target, .D = V, .cut = cut_rows(N, V, PIECES) };
    threads_grid(k.cut.pieces, loss_piece, &k);
    return sum_of_pieces(&k);
}

static void loss_backward_piece(void *arg, int i)
{
    rows *k = arg;
    int n;
    const int from = cut_piece(&n, &k->cut, i);
    k->sum[i] = backend_chosen()->cross_entropy_backward(k->r + from, k->y + (size_t)from * k->D,
                                                         k->target + from, n, k->D, k->scale);
}

double cross_entropy_backward(float *nll, float *logits, const int32_t *target, int N, int V,
                              float scale)
{
    rows k = { .r = nll, .y = logits, .target = target, .D = V, .scale = scale };
    k.cut = cut_rows(N, V, PIECES);
    threads_grid(k.cut.pieces, loss_backward_piece, &k);
    return sum_of_pieces(&k);
}
