/* ntk.c - a larger base, so that the slowest pair is slowed down by the factor and the fastest not
 * at all (bloc97 2023, NTK-aware scaled RoPE):
 *
 *     theta' = theta * factor^(width / (width - 2))
 */
#include "core/compute/rope.h"

#include <math.h>

static bool check(const rope_config *config, int width, error *e)
{
    (void)config;
    return width > 2 || error_set(e, "rope: ntk scaling needs a width above 2");
}

static double frequency(const rope_config *config, int width, int pair)
{
    const double theta = config->theta * pow(config->factor, width / (width - 2.0));
    return pow(theta, -2.0 * pair / width);
}

const rope_scaling rope_ntk = {
    .name = "ntk",
    .help = "a larger base: slow pairs slow down, fast ones hardly",
    .reads_factor = true,
    .check = check,
    .frequency = frequency,
};
