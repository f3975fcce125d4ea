/* copy.c - say a string again (Jelassi et al., Repeat after me, 2024):
 *
 *     BOS x1 ... xn | x1 ... xn
 *
 * Symbols are drawn with replacement.  The answer is the second string.
 */
#include "trainer/tasks/generator.h"

enum { SYMBOLS, VOCAB };

// clang-format off
static const generator_option OPTIONS[] = {
    { "symbols", 16, 1, (GENERATOR_LENGTH - 2) / 2, false, "length of the string; an item has 2 symbols + 2 tokens" },
    { "vocab",   32, 5, GENERATOR_VOCAB,            false, "token ids; all but 3 are symbols" },
    { 0 },
};
// clang-format on

static int length(const double *opt)
{
    return 2 * (int)opt[SYMBOLS] + 2;
}

static int vocab(const double *opt)
{
    return (int)opt[VOCAB];
}

static void make(generator_item *out, const double *opt, draws *d, int64_t index)
{
    const int n = (int)opt[SYMBOLS], kinds = (int)opt[VOCAB] - GENERATOR_SYMBOL;
    (void)index;
    for (int i = 1; i <= n; i++)
        out->token[i] = out->token[n + 1 + i] = GENERATOR_SYMBOL + (int32_t)draws_below(d, kinds);
    out->token[n + 1] = GENERATOR_MARK;
    generator_answer_add(out, n + 2, 2 * n + 2, 1, -1);
}

const task_generator task_generator_copy = {
    .name = "copy",
    .help = "say a string of random symbols again",
    .shape = "BOS x1 ... xn | [x1 ... xn]",
    .options = OPTIONS,
    .length = length,
    .vocab = vocab,
    .make = make,
};
