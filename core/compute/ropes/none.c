/* none.c - RoPE as it was published: pair i turns by theta^(-2i / width) a position (Su et al.
 * 2021, RoFormer, equation 15).
 *
 * Every other scaling starts from these frequencies.
 */
#include "core/compute/rope.h"

const rope_scaling rope_none = {
    .name = "none",
    .help = "the frequencies as they are",
    .frequency = rope_frequency,
};
