/* mqar.c - multi-query associative recall (Arora et al., Zoology, 2024; their generator's settings
 * for figure 2):
 *
 *     BOS k1 v1 k2 v2 ... kN vN  0 0 k7 v7 0 0 k2 v2 ...
 *
 * Keys are drawn from the lower half of the vocabulary and values from the upper half, both without
 * replacement.  Behind the pairs there are slots of two tokens; each key is asked for once, in the
 * slots that are drawn without replacement with p(slot x) proportional to x^(power - 1), x from 1:
 * most questions come early.  All other tokens are fillers, which no key equals.
 *
 * Two differences: the value stands in the sequence behind its question, so that the target is the
 * next token as in all of training; and which key is asked for in which slot is random, where
 * Zoology's order of draws lets earlier keys be asked for earlier.
 */
#include "trainer/tasks/generator.h"

#include <math.h>
#include <stdlib.h>

enum { PAIRS, LENGTH, VOCAB, POWER };

// clang-format off
static const generator_option OPTIONS[] = {
    { "pairs",  8,    1, 1 << 16,          false, "pairs of a key and a value; each is asked for once" },
    { "length", 128,  6, GENERATOR_LENGTH, false, "tokens of an item, BOS included; at least 4 pairs + 1" },
    { "vocab",  1024, 6, GENERATOR_VOCAB,  false, "token ids: half of them keys, half of them values" },
    { "power",  0.01, 0, 100,              true,  "exponent of the places of the questions: 1 is uniform, less is earlier" },
    { 0 },
};
// clang-format on

static int first_value(const double *opt)
{
    return (int)opt[VOCAB] / 2;
}

static bool check(const double *opt, error *e)
{
    const int keys = first_value(opt) - GENERATOR_MARK;
    if (opt[PAIRS] > keys)
        return error_usage(e, "mqar: vocab=%.0f has %d keys, too few for pairs=%.0f", opt[VOCAB],
                           keys, opt[PAIRS]);
    return 4 * opt[PAIRS] + 1 <= opt[LENGTH] ||
           error_usage(e, "mqar: pairs=%.0f needs a length of at least %.0f; it is %.0f",
                       opt[PAIRS], 4 * opt[PAIRS] + 1, opt[LENGTH]);
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
    const int N = (int)opt[PAIRS], V = (int)opt[VOCAB], half = first_value(opt);
    const int slots = (out->n - 1 - 2 * N) / 2;
    int32_t *key = error_zeroed(4 * (size_t)N, sizeof *key), *value = key + N;
    int32_t *slot = value + N, *order = slot + N;
    double *weight = error_zeroed((size_t)slots, sizeof *weight);
    (void)index;
    for (int i = 0; i < slots; i++) weight[i] = pow(i + 1, opt[POWER] - 1);
    draws_sample(key, d, GENERATOR_MARK, half - GENERATOR_MARK, N);
    draws_sample(value, d, half, V - half, N);
    draws_weighted(slot, d, weight, slots, N);
    draws_sample(order, d, 0, N, N);
    for (int i = 0; i < N; i++) {
        out->token[1 + 2 * i] = key[i];
        out->token[2 + 2 * i] = value[i];
    }
    for (int i = 0; i < N; i++) {
        const int at = 1 + 2 * N + 2 * slot[i], pair = order[i];
        out->token[at] = key[pair];
        out->token[at + 1] = value[pair];
        generator_answer_add(out, at + 1, at + 2, 2 + 2 * pair, -1);
    }
    free(key), free(weight);
}

const task_generator task_generator_mqar = {
    .name = "mqar",
    .help = "multi-query associative recall: which value came with this key?",
    .shape = "BOS k1 v1 ... kN vN, fillers, k7 [v7], fillers, k2 [v2] ...",
    .options = OPTIONS,
    .check = check,
    .length = length,
    .vocab = vocab,
    .make = make,
};
