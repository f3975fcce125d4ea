/* induction.c - what followed the trigger the first time? (Gu and Dao, Mamba, 2023, appendix E.1;
 * after Olsson et al. 2022)
 *
 *     BOS x x | m x x x ... x | m
 *
 * The trigger occurs twice: near the beginning, and just before the answer.  All other tokens are
 * random symbols.
 */
#include "trainer/tasks/generator.h"

enum { LENGTH, VOCAB, WITHIN };

// clang-format off
static const generator_option OPTIONS[] = {
    { "length", 256, 6, GENERATOR_LENGTH, false, "tokens of an item, BOS included" },
    { "vocab",  19,  5, GENERATOR_VOCAB,  false, "token ids; all but 3 are symbols" },
    { "within", 10,  0, GENERATOR_LENGTH, false, "the trigger is one of so many first tokens; 0: anywhere" },
    { 0 },
};
// clang-format on

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
    const int n = out->n, most = n - 4, kinds = (int)opt[VOCAB] - GENERATOR_SYMBOL;
    const int within = opt[WITHIN] > 0 && opt[WITHIN] < most ? (int)opt[WITHIN] : most;
    const int trigger = 1 + (int)draws_below(d, within);
    (void)index;
    for (int i = 1; i < n; i++) out->token[i] = GENERATOR_SYMBOL + (int32_t)draws_below(d, kinds);
    out->token[trigger] = out->token[n - 2] = GENERATOR_MARK;
    out->token[n - 1] = out->token[trigger + 1];
    generator_answer_add(out, n - 1, n, trigger + 1, -1);
}

const task_generator task_generator_induction = {
    .name = "induction",
    .help = "what followed the trigger the first time?",
    .shape = "BOS, symbols, | m, symbols, | [m]",
    .options = OPTIONS,
    .length = length,
    .vocab = vocab,
    .make = make,
};
