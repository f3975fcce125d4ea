/* llama3.c - the rule of Llama 3.1 (Grattafiori et al. 2024; Hugging Face Transformers, rope_type
 * "llama3").  With the wavelength w = 2 pi / frequency and the original context C:
 *
 *     w < C / 4        the frequency stays
 *     w > C            it is divided by the factor
 *     else             a mixture, straight in C / w:  s = (C / w - 1) / (4 - 1)
 *                      (1 - s) frequency / factor + s frequency
 *
 * 1 and 4 are the low_freq_factor and high_freq_factor of all Llama 3 models.
 */
#include "core/compute/rope.h"

static const double TWO_PI = 6.283185307179586, LOW = 1, HIGH = 4;

static double frequency(const rope_config *config, int width, int pair)
{
    const double plain = rope_frequency(config, width, pair);
    const double turns = config->original_context * plain / TWO_PI; /* in the original context */
    if (turns > HIGH) return plain;
    if (turns < LOW) return plain / config->factor;
    const double share = (turns - LOW) / (HIGH - LOW);
    return (1 - share) * plain / config->factor + share * plain;
}

const rope_scaling rope_llama3 = {
    .name = "llama3",
    .help =
        "Llama 3.1's rule: slow pairs divided by the factor, fast ones kept, a mixture in between",
    .reads_factor = true,
    .reads_original_context = true,
    .frequency = frequency,
};
