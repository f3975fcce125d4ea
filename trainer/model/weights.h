/* weights.h - starting weights, read from a safetensors file that fits the model.
 *
 * Every tensor of the model must be in the file, with the same name and shape, as float32; and the
 * file may hold nothing else but the optimizer's state, as our own checkpoints do (checkpoint.h).
 * So a transposed matrix, a bias or a further layer is refused.  What a file does not say can't be
 * checked: a transposed square matrix, another number of query heads, another RoPE.  A file with
 * more key/value heads than the model has can be converted (convert.h).
 */
#ifndef TRAINER_MODEL_WEIGHTS_H
#define TRAINER_MODEL_WEIGHTS_H

#include "core/base/safetensors.h"
#include "trainer/model/convert.h"

/* Read every weight into w, a block of the model's layout; with w NULL only check the file.  Fails
 * if the file can't be read, and (STATUS_USAGE) on the first tensor that doesn't fit, with its name
 * and both shapes. */
bool weights_load(float *w, const model *m, const char *path, error *e);

/* A file, and the hash that it must have ("": any). */
typedef struct weights_source {
    const char *file, *sha256;
} weights_source;

/* The same, but key and value projections with more heads are converted; `how` NULL: as
 * weights_load.  Fails also if the file has another hash. */
bool weights_convert(float *w, const model *m, const weights_source *from, const conversion *how,
                     error *e);

/* Does the file of train.init_from fit this run?  True if it is not set, and if it is a run, which
 * may have no weights yet. */
bool weights_check(const run_spec *spec, error *e);

/* How a file lists a tensor of ours: float32, with the dimensions of `spec`.  `data` may be NULL.
 */
safetensors_tensor weights_entry(const char *name, const tensor_spec *spec, const float *data);

#endif
