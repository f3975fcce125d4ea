/* yarn.c - YaRN: slow pairs are divided by the factor, fast pairs stay, with a ramp in between; and
 * both q and k are multiplied by 0.1 ln(factor) + 1 (Peng et al. 2023).
 *
 * As in the code of Hugging Face Transformers, the ramp runs over the index of the pair: from the
 * one that makes 32 turns in the original context to the one that makes 1.
 */
#include "core/compute/rope.h"

#include <math.h>

static const double TWO_PI = 6.283185307179586;

/* The (fractional) pair that makes `turns` turns within the original context. */
static double pair_of(const rope_config *config, int width, double turns)
{
    return width * log(config->original_context / (turns * TWO_PI)) / (2 * log(config->theta));
}

/* How far a pair is slowed down: 0 not at all, 1 by the whole factor. */
static double ramp_of(const rope_config *config, int width, int pair)
{
    const double low = fmax(floor(pair_of(config, width, 32)), 0);
    const double high = fmin(ceil(pair_of(config, width, 1)), width - 1);
    const double range = low == high ? 0.001 : high - low;
    return fmin(fmax((pair - low) / range, 0), 1);
}

static double frequency(const rope_config *config, int width, int pair)
{
    const double plain = rope_frequency(config, width, pair), ramp = ramp_of(config, width, pair);
    return plain / config->factor * ramp + plain * (1 - ramp);
}

static double amplitude(const rope_config *config)
{
    return 0.1 * log(config->factor) + 1;
}

const rope_scaling rope_yarn = {
    .name = "yarn",
    .help = "slow pairs divided by the factor, fast ones kept, and q and k made larger",
    .reads_factor = true,
    .reads_original_context = true,
    .frequency = frequency,
    .amplitude = amplitude,
};
