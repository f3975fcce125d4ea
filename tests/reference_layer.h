/* reference_layer.h - one layer of attention against numbers from PyTorch in float64.
 *
 * A case is a safetensors file; tests/cases/README.md describes it.
 */
#ifndef TESTS_REFERENCE_LAYER_H
#define TESTS_REFERENCE_LAYER_H

#include "core/base/safetensors.h"

/* Is this file a case of one layer? */
bool reference_layer_is(const safetensors *file);

/* y, dx and the gradient of every parameter; prints the largest error of each, and a line for each
 * that does not agree. */
bool reference_layer_check(bool *agrees, const safetensors *file, const char *path, error *e);

/* Write a case without its results: a spec at these sizes, with random weights, x and dy.  sizes:
 * "T=71,D=20" or "" changes the ones that are usual in the tests. */
bool reference_layer_write(const char *path, const char *spec, const char *sizes, error *e);

#endif
