/* lion.c - Lion: the sign of an interpolated momentum, one state instead of AdamW's two.
 *
 *     u = sign(b1 m + (1 - b1) g)     w = w (1 - lr decay) - lr u     m = b2 m + (1 - b2) g
 *
 * X. Chen et al., Symbolic discovery of optimization algorithms, 2023.  The sign of 0 is 0.  Every
 * entry moves by lr, so lr should be 3 to 10 times smaller than AdamW's and weight_decay as much
 * larger; the paper uses beta1 = 0.9 and beta2 = 0.99.  Tensors of rank 1 don't decay.
 */
#include "trainer/model/optimizer.h"

enum { M };

static void states(tensor_spec *out, const model_tensor *t)
{
    out[M] = optimizer_state_like("m", t);
}

static void update(const optimizer_piece *p, const optimizer_settings *s)
{
    const float b1 = (float)s->beta1, b2 = (float)s->beta2, scale = (float)s->scale;
    const float keep = (float)(1 - s->lr * (p->tensor->decay ? s->weight_decay : 0));
    const float lr = (float)s->lr;
    float *w = p->w, *m = p->state[M];
    for (size_t i = 0; i < p->n; i++) {
        const float g = p->g[i] * scale;
        const float u = b1 * m[i] + (1 - b1) * g;
        w[i] = keep * w[i] - lr * (float)((u > 0) - (u < 0));
        m[i] = b2 * m[i] + (1 - b2) * g;
    }
}

const optimizer optimizer_lion = {
    .name = "lion",
    .help = "sign of the momentum (Chen et al. 2023); reads beta1, beta2, weight_decay",
    .states = states,
    .update = update,
};
