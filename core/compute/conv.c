/* conv.c - a short causal convolution, each channel by itself.
 *
 *     y_t = sum_j w_j x_(t - 3 + j)
 *     dx_t = sum_j w_j dy_(t + 3 - j)
 *     dw_j += sum_t dy_t x_(t - 3 + j)
 *
 * Channels are taken STRIP at a time, with their weights turned so that a tap's are neighbours; a
 * piece of the grid is one strip.
 */
#include "core/compute/conv.h"

#include "core/compute/threads.h"

#include <stddef.h>
#include <string.h>

enum { W = CONV_WIDTH, STRIP = 64, PAST = W - 1 };

typedef struct work {
    float *y, *dx, *dw, *past;
    const float *x, *dy, *w;
    int B, S, N;
} work;

/* The strip's first channel; *n is how many it has; taps (W, STRIP) are its weights. */
static int strip(int *n, float taps[W][STRIP], const work *w, int i)
{
    const int from = i * STRIP;
    *n = w->N - from < STRIP ? w->N - from : STRIP;
    for (int c = 0; c < *n; c++)
        for (int j = 0; j < W; j++) taps[j][c] = w->w[(size_t)(from + c) * W + j];
    return from;
}

static void forward_piece(void *arg, int i)
{
    const work *w = arg;
    float taps[W][STRIP];
    int n;
    const size_t from = (size_t)strip(&n, taps, w, i), N = (size_t)w->N;
    for (int b = 0; b < w->B; b++)
        for (int t = 0; t < w->S; t++) {
            const size_t at = ((size_t)b * w->S + t) * N + from;
            float *y = w->y + at;
            memset(y, 0, sizeof *y * (size_t)n);
            for (int j = 0; j < W; j++) {
                const int s = t - PAST + j;
                if (s < 0 && !w->past) continue;
                const float *x = s >= 0 ? w->x + ((size_t)b * w->S + s) * N + from
                                        : w->past + ((size_t)b * PAST + PAST + s) * N + from;
                for (int c = 0; c < n; c++) y[c] += taps[j][c] * x[c];
            }
        }
}

static void backward_piece(void *arg, int i)
{
    const work *w = arg;
    float taps[W][STRIP], sums[W][STRIP] = { { 0 } };
    int n;
    const size_t from = (size_t)strip(&n, taps, w, i), N = (size_t)w->N;
    for (int b = 0; b < w->B; b++)
        for (int t = 0; t < w->S; t++) {
            const size_t at = ((size_t)b * w->S + t) * N + from;
            float *dx = w->dx + at;
            const float *x = w->x + at;
            memset(dx, 0, sizeof *dx * (size_t)n);
            for (int j = W - 1; j >= 0 && t + PAST - j < w->S; j--) {
                const float *dy = w->dy + at + (size_t)(PAST - j) * N;
                for (int c = 0; c < n; c++) {
                    dx[c] += taps[j][c] * dy[c];
                    sums[j][c] += dy[c] * x[c];
                }
            }
        }
    for (int c = 0; c < n; c++)
        for (int j = 0; j < W; j++) w->dw[(from + (size_t)c) * W + j] += sums[j][c];
}

static int strips(int N)
{
    return (N + STRIP - 1) / STRIP;
}

void conv_forward(float *y, const float *x, const float *w, int B, int S, int N)
{
    work k = { .y = y, .x = x, .w = w, .B = B, .S = S, .N = N };
    threads_grid(strips(N), forward_piece, &k);
}

void conv_backward(float *dx, float *dw, const float *dy, const float *x, const float *w, int B,
                   int S, int N)
{
    work k = { .dx = dx, .dw = dw, .dy = dy, .x = x, .w = w, .B = B, .S = S, .N = N };
    threads_grid(strips(N), backward_piece, &k);
}

void conv_extend(float *y, float *past, const float *x, const float *w, int B, int S, int N)
{
    work k = { .y = y, .x = x, .w = w, .past = past, .B = B, .S = S, .N = N };
    threads_grid(strips(N), forward_piece, &k);
    for (int b = 0; b < B; b++, past += (size_t)PAST * N)
        for (int i = 0; i < PAST; i++) { /* oldest first: slot i takes what is S positions on */
            const float *from = i + S < PAST ? past + (size_t)(i + S) * N
                                             : x + ((size_t)b * S + (i + S - PAST)) * N;
            memcpy(past + (size_t)i * N, from, sizeof *past * (size_t)N);
        }
}
