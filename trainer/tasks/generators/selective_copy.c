/* selective_copy.c - say the symbols among fillers again, in their order (Gu and Dao, Mamba, 2023,
 * appendix E.1; after Jing et al. 2019):
 *
 *     BOS 0 x1 0 0 x2 0 ... xn 0 | x1 x2 ... xn
 *
 * Places are drawn without replacement and symbols with replacement.  The answer is what follows
 * the bar.
 */
#include "trainer/tasks/generator.h"

#include <stdlib.h>

enum { SYMBOLS, LENGTH, VOCAB };

// clang-format off
static const generator_option OPTIONS[] = {
    { "symbols", 16,  1, GENERATOR_LENGTH / 2, false, "symbols among the fillers" },
    { "length",  256, 4, GENERATOR_LENGTH,     false, "tokens of an item, BOS included; at least 2 symbols + 2" },
    { "vocab",   16,  5, GENERATOR_VOCAB,      false, "token ids; all but 3 are symbols" },
    { 0 },
};
// clang-format on

static bool check(const double *opt, error *e)
{
    return 2 * opt[SYMBOLS] + 2 <= opt[LENGTH] ||
           error_usage(e,
                       "selective-copy: symbols=%.0f needs a length of at least %.0f; it is %.0f",
                       opt[SYMBOLS], 2 * opt[SYMBOLS] + 2, opt[LENGTH]);
}

static int length(const double *opt)
{
    return (int)opt[LENGTH];
}

static int vocab(const double *opt)
{
    return (int)opt[VOCAB];
}

static void make(generator_item *out, const double *opt, draws *d, int64_t index)
{
    const int n = (int)opt[SYMBOLS], kinds = (int)opt[VOCAB] - GENERATOR_SYMBOL;
    const int bar = out->n - n - 1;
    int32_t *place = error_zeroed((size_t)n, sizeof *place);
    double *equal = error_zeroed((size_t)bar, sizeof *equal);
    (void)index;
    for (int i = 0; i < bar; i++) equal[i] = 1;
    draws_weighted(place, d, equal, bar - 1, n);
    out->token[bar] = GENERATOR_MARK;
    for (int i = 0; i < n; i++)
        out->token[1 + place[i]] = out->token[bar + 1 + i] =
            GENERATOR_SYMBOL + (int32_t)draws_below(d, kinds);
    generator_answer_add(out, bar + 1, out->n, 1 + place[0], -1);
    free(place), free(equal);
}

const task_generator task_generator_selective_copy = {
    .name = "selective-copy",
    .help = "say the symbols among fillers again, in their order",
    .shape = "BOS, symbols x1 ... xn among fillers, | [x1 ... xn]",
    .options = OPTIONS,
    .check = check,
    .length = length,
    .vocab = vocab,
    .make = make,
};
