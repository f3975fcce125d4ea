/* linear.c - position interpolation: every frequency is divided by the factor, as if positions were
 * that much closer together (Chen et al. 2023, Extending Context Window of Large Language Models
 * via Positional Interpolation, equation 4).
 */
#include "core/compute/rope.h"

static double frequency(const rope_config *config, int width, int pair)
{
    return rope_frequency(config, width, pair) / config->factor;
}

const rope_scaling rope_linear = {
    .name = "linear",
    .help = "every frequency divided by the factor",
    .reads_factor = true,
    .frequency = frequency,
};
