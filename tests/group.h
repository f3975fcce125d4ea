/* group.h - layers that work together, as one variant.
 *
 * A variant whose layers use each other's activations and cache can't be run one layer at a time.
 * Its group, from the layer that the others use to the last of them, all with the same input x, is
 * a function that can:  y = sum over the group's layers of f(x).  It has the parameters,
 * activations, scratch and cache of all of them, under their names with a number, and is checked
 * like any other.
 */
#ifndef TESTS_GROUP_H
#define TESTS_GROUP_H

#include "variants/attn.h"

/* The group that layer d->layer is in, or v itself if the layer is alone.  One at a time. */
const attn_variant *group_of(const attn_variant *v, const attn_dims *d);

#endif
