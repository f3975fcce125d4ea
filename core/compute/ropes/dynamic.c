/* dynamic.c - NTK-aware scaling by as much as the sequence needs (emozilla 2023; Hugging Face
 * Transformers, rope_type "dynamic").  With the original context C and a sequence of n positions:
 *
 *     theta' = theta * (factor n / C - (factor - 1))^(width / (width - 2))      for n > C
 *     theta' = theta                                                            else
 *
 * n is the length that the tables are made for: the length of the window in training and
 * evaluation, and the room of the cache in generation, so keys in the cache stay valid.
 */
#include "core/compute/rope.h"

#include <math.h>

static bool check(const rope_config *config, int width, error *e)
{
    (void)config;
    return width > 2 || error_set(e, "rope: dynamic scaling needs a width above 2");
}

static double frequency(const rope_config *config, int width, int pair)
{
    const double n = config->length, C = config->original_context;
    if (n <= C) return rope_frequency(config, width, pair);
    const double size = config->factor * n / C - (config->factor - 1);
    return pow(config->theta * pow(size, width / (width - 2.0)), -2.0 * pair / width);
}

const rope_scaling rope_dynamic = {
    .name = "dynamic",
    .help = "a larger base, by as much as the sequence is longer than the original context",
    .reads_factor = true,
    .reads_original_context = true,
    .check = check,
    .frequency = frequency,
};
