/* kernels_gates.c - the functions of kernels.h for gates, cut into pieces for idle threads.
 *
 * Every row or entry is computed by itself, so the cut, which depends on sizes alone, changes no
 * bit.
 */
#include "core/compute/backend.h"
#include "core/compute/cut.h"
#include "core/compute/kernels.h"
#include "core/compute/threads.h"

#include <assert.h>
#include <limits.h>

/* Arguments, with their names in kernels.h; rows of `width` entries, or single entries. */
typedef struct gates {
    cut cut;
    size_t n;
    int width;
    float *y, *da, *db;
    const float *dy, *a, *b;
    void (*map)(float *y, const float *x, size_t n);
    void (*map_backward)(float *dx, const float *dy, const float *x, size_t n);
} gates;

static void gate_piece(void *arg, int i)
{
    const gates *k = arg;
    int n;
    const size_t from = (size_t)cut_piece(&n, &k->cut, i), at = from * (size_t)k->width;
    backend_chosen()->sigmoid_gate(k->y + at, k->a + at, k->b + from, (size_t)n, k->width);
}

void sigmoid_gate(float *y, const float *x, const float *g, size_t N, int width)
{
    assert(N <= INT_MAX);
    gates k = { .y = y, .a = x, .b = g, .width = width };
    k.cut = cut_rows((int)N, width, INT_MAX);
    threads_grid(k.cut.pieces, gate_piece, &k);
}

static void gate_backward_piece(void *arg, int i)
{
    const gates *k = arg;
    int n;
    const size_t from = (size_t)cut_piece(&n, &k->cut, i), at = from * (size_t)k->width;
    backend_chosen()->sigmoid_gate_backward(k->da + at, k->db + from, k->dy + at, k->a + at,
                                            k->b + from, (size_t)n, k->width);
}

void sigmoid_gate_backward(float *dx, float *dg, const float *dy, const float *x, const float *g,
                           size_t N, int width)
{
    assert(N <= INT_MAX);
    gates k = { .da = dx, .db = dg, .dy = dy, .a = x, .b = g, .width = width };
    k.cut = cut_rows((int)N, width, INT_MAX);
    threads_grid(k.cut.pieces, gate_backward_piece, &k);
}

static void map_piece(void *arg, int i)
{
    const gates *k = arg;
    size_t at;
    const size_t n = cut_entries_piece(&at, &k->cut, i, k->n);
    k->map(k->y + at, k->a + at, n);
}

static void map_backward_piece(void *arg, int i)
{
    const gates *k = arg;
    size_t at;
    const size_t n = cut_entries_piece(&at, &k->cut, i, k->n);
    k->map_backward(k->da + at, k->dy + at, k->a + at, n);
}

void softplus(float *y, const float *x, size_t n)
{
    gates k = { .y = y, .a = x, .n = n, .cut = cut_entries(n), .map = backend_chosen()->softplus };
    threads_grid(k.cut.pieces, map_piece, &k);
}

void softplus_backward(float *dx, const float *dy, const float *x, size_t n)
{
    gates k = { .da = dx, .dy = dy, .a = x, .n = n, .cut = cut_entries(n) };
    k.map_backward = backend_chosen()->softplus_backward;
    threads_grid(k.cut.pieces, map_backward_piece, &k);
}

void log_sigmoid(float *y, const float *x, size_t n)
{
    gates k = { .y = y, .a = x, .n = n, .cut = cut_entries(n) };
    k.map = backend_chosen()->log_sigmoid;
    threads_grid(k.cut.pieces, map_piece, &k);
}

void log_sigmoid_backward(float *dx, const float *dy, const float *x, size_t n)
{
    gates k = { .da = dx, .dy = dy, .a = x, .n = n, .cut = cut_entries(n) };
    k.map_backward = backend_chosen()->log_sigmoid_backward;
    threads_grid(k.cut.pieces, map_backward_piece, &k);
}

static void multiply_piece(void *arg, int i)
{
    const gates *k = arg;
    size_t at;
    const size_t n = cut_entries_piece(&at, &k->cut, i, k->n);
    backend_chosen()->vector_multiply(k->y + at, k->a + at, k->b + at, n);
}

void vector_multiply(float *y, const float *a, const float *b, size_t n)
{
    gates k = { .y = y, .a = a, .b = b, .n = n, .cut = cut_entries(n) };
    threads_grid(k.cut.pieces, multiply_piece, &k);
}

static void multiply_backward_piece(void *arg, int i)
{
    const gates *k = arg;
    size_t at;
    const size_t n = cut_entries_piece(&at, &k->cut, i, k->n);
    backend_chosen()->vector_multiply_backward(k->da + at, k->db + at, k->dy + at, k->a + at,
                                               k->b + at, n);
}

void vector_multiply_backward(float *da, float *db, const float *dy, const float *a, const float *b,
                              size_t n)
{
    gates k = { .da = da, .db = db, .dy = dy, .a = a, .b = b, .n = n, .cut = cut_entries(n) };
    threads_grid(k.cut.pieces, multiply_backward_piece, &k);
}
