/* adamw.c - AdamW: Adam with weight decay kept apart from the gradient.
 *
 *     m = b1 m + (1 - b1) g     v = b2 v + (1 - b2) g^2
 *     w = w (1 - lr decay) - lr (m / c1) / (sqrt(v / c2) + eps)     c1 = 1 - b1^t, c2 = 1 - b2^t
 *
 * I. Loshchilov and F. Hutter, Decoupled weight decay regularization, 2019.  Tensors of rank 1
 * don't decay.  The arithmetic is a kernel (core/compute/kernels.h).
 */
#include "core/compute/kernels.h"
#include "trainer/model/optimizer.h"

enum { M, V };

static void states(tensor_spec *out, const model_tensor *t)
{
    out[M] = optimizer_state_like("m", t);
    out[V] = optimizer_state_like("v", t);
}

static void update(const optimizer_piece *p, const optimizer_settings *s)
{
    const adamw a = optimizer_adam(p, s);
    adamw_update(p->w, p->state[M], p->state[V], p->g, p->n, &a);
}

static const char *hazard(const optimizer_settings *s)
{
    return s->eps == 0 ? "train.eps is 0, and AdamW divides 0 by 0 where a gradient is 0" : NULL;
}

const optimizer optimizer_adamw = {
    .name = "adamw",
    .help = "Adam with decoupled weight decay (Loshchilov and Hutter 2019); reads beta1, beta2, "
            "eps, weight_decay",
    .states = states,
    .update = update,
    .hazard = hazard,
};
