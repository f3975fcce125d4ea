/* convert.h - fewer key/value heads out of more (Ainslie et al. 2023, section 2.1).
 *
 *     head g of the new projection comes from the n = from / to heads of group g, which are
 *     contiguous:     mean      (1/n) sum over i < n of head g n + i
 *                     first     head g n
 *                     random    drawn anew, as an initial weight is
 *
 * Query heads and the output stay as they are, and query head h still reads group h / (H / G), so
 * it reads the head that its own one went into.  If the heads of each group are equal, `mean` and
 * `first` give exactly the same function as before; with as many heads as before, they copy.
 */
#ifndef TRAINER_MODEL_CONVERT_H
#define TRAINER_MODEL_CONVERT_H

#include "core/base/safetensors.h"
#include "trainer/model/model.h"

/* How a tensor is converted. */
typedef struct conversion {
    int64_t kind;           /* CONVERT_ (config.h)         */
    uint64_t seed, replica; /* of the numbers that `random` draws */
} conversion;

/* out (to E, D) from in (from E, D), which may be unaligned and hold any number of heads that `to`
 * divides.  The mean is summed in float64. */
void convert_mean(float *out, const void *in, int to, int from, int E, int D);
void convert_first(float *out, const void *in, int to, int from, int E, int D);

/* Key/value heads of the tensor `have` of a file, if they can be made into those that this model
 * has at its tensor i: float32, the same width, and a multiple of its heads.  0: they can't, or
 * this is no projection of keys or values. */
int convert_heads(const model *m, int i, const safetensors_tensor *have);

/* Draw a tensor anew: the stream "convert.NAME" of the seed, so these are not the numbers that the
 * source began with. */
void convert_draw(float *out, const char *name, const tensor_spec *spec, const conversion *how);

/* Fill in the model's tensor i (w is the whole block) from a tensor that convert_heads accepts. */
void convert_tensor(float *w, const model *m, int i, const safetensors_tensor *have,
                    const conversion *how);

#endif
