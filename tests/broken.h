/* broken.h - attention variants that break one promise each, and two that keep all.
 *
 * `gated` and `delta` are right, and their gradients are hard to check: per-head norms and unit
 * vectors concentrate them.  Each of the others is one of these with one fault, which its name
 * says.
 */
#ifndef TESTS_BROKEN_H
#define TESTS_BROKEN_H

#include "variants/attn.h"

extern const attn_variant attn_gated, attn_gated_slope, attn_gated_stride, attn_gated_large,
    attn_gated_small, attn_gated_unused, attn_gated_write, attn_gated_unfinished;
extern const attn_variant attn_delta, attn_delta_reset, attn_delta_gradient, attn_delta_edge;

#endif
