/* stored_shape.h - the model of a configuration in the database, from its keys model.* alone.
 *
 * Speed and memory depend on nothing else; a corpus need not be there.
 */
#ifndef TRAINER_DECODE_STORED_SHAPE_H
#define TRAINER_DECODE_STORED_SHAPE_H

#include "trainer/config/run_spec.h"

/* Set spec->config and spec->model from `json`, the canonical form of a configuration; the rest of
 * *spec is not touched.  Fails if this build doesn't know a key or a variant. */
bool stored_shape_read(run_spec *spec, const char *json, error *e);

#endif
