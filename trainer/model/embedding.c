/* embedding.c - x_t = e_t + 0.5 R e_(t-1), and its gradient de_t = dx_t + 0.5 R dx_(t+1).
 *
 * R is its own transpose.  Gradients are added in the order of the tokens, so bits are fixed.
 */
#include "trainer/model/embedding.h"

#include "core/compute/kernels.h"
#include "trainer/config/config.h"

#include <assert.h>
#include <string.h>

static const float PART = 0.5f;

/* y += 0.5 R x */
static void add_exchanged(float *y, const float *x, size_t D)
{
    for (size_t i = 0; i < D / 2; i++) {
        y[i] += PART * x[i + D / 2];
        y[i + D / 2] += PART * x[i];
    }
}

void embedding_forward(float *x, const float *E, const int32_t *token, int32_t before, int shift,
                       int S, int D)
{
    const size_t n = (size_t)D;
    assert(shift == TOKEN_SHIFT_NONE || D % 2 == 0);
    for (int i = 0; i < S; i++, x += n) {
        memcpy(x, E + (size_t)token[i] * n, n * sizeof *x);
        const int32_t last = i > 0 ? token[i - 1] : before;
        if (shift == TOKEN_SHIFT_HALF && last >= 0) add_exchanged(x, E + (size_t)last * n, n);
    }
}

void embedding_backward(float *dE, const float *dx, const int32_t *token, int shift, int S, int D)
{
    const size_t n = (size_t)D;
    for (int i = 0; i < S; i++, dx += n) {
        vector_add(dE + (size_t)token[i] * n, dx, n);
        if (shift == TOKEN_SHIFT_HALF && i > 0) add_exchanged(dE + (size_t)token[i - 1] * n, dx, n);
    }
}
