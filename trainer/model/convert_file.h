/* convert_file.h - a checkpoint with fewer key/value heads, made of a checkpoint (convert.h). */
#ifndef TRAINER_MODEL_CONVERT_FILE_H
#define TRAINER_MODEL_CONVERT_FILE_H

#include "trainer/model/convert.h"

/* Write the tensors of the safetensors file `in` to `out`, the key and value projections (names
 * that end in k_proj.weight and v_proj.weight) with `heads` heads of width head_dim; without an
 * optimizer's state, which has no meaning for the copy.  *layers counts the layers that were
 * converted.  Fails, with nothing written, if there is no such projection, or one whose heads can't
 * be joined into so many (STATUS_USAGE). */
bool convert_file(int *layers, const char *out, const char *in, int heads, int head_dim,
                  const conversion *how, error *e);

#endif
