/* ngram.c - look up what follows an n-gram of a string (Jelassi et al., Repeat after me, 2024):
 *
 *     BOS x1 ... xs | q1 ... qn a1 ... ak        the question comes last
 *     BOS q1 ... qn | x1 ... xs | a1 ... ak      first=1: it comes first
 *
 * The n-gram q occurs once in the string x, and a follows it there.  With the question first, a
 * model with a small state can keep what it needs; with the question last it must keep everything.
 */
#include "trainer/tasks/generator.h"

#include <math.h>
#include <string.h>

enum { STRING, N, ANSWER, VOCAB, FIRST };

// clang-format off
static const generator_option OPTIONS[] = {
    { "string", 64, 2, GENERATOR_LENGTH / 2, false, "length of the string" },
    { "n",      2,  1, 64,                   false, "symbols of the n-gram" },
    { "answer", 1,  1, 64,                   false, "symbols to give" },
    { "vocab",  29, 5, GENERATOR_VOCAB,      false, "token ids; all but 3 are symbols" },
    { "first",  0,  0, 1,                    false, "1: the question stands before the string" },
    { 0 },
};
// clang-format on

static bool check(const double *opt, error *e)
{
    const double kinds = opt[VOCAB] - GENERATOR_SYMBOL;
    if (opt[N] + opt[ANSWER] > opt[STRING])
        return error_usage(e, "ngram: string=%.0f is too short for n=%.0f and answer=%.0f",
                           opt[STRING], opt[N], opt[ANSWER]);
    return pow(kinds, opt[N]) >= opt[STRING] ||
           error_usage(e,
                       "ngram: hardly any n-gram of string=%.0f occurs once, as there are only "
                       "%.0f^%.0f: raise n or vocab",
                       opt[STRING], kinds, opt[N]);
}

static int length(const double *opt)
{
    return 2 + (int)(opt[STRING] + opt[N] + opt[ANSWER] + opt[FIRST]);
}

static int vocab(const double *opt)
{
    return (int)opt[VOCAB];
}

/* How often the n tokens at q are in x (s). */
static int count(const int32_t *x, int s, const int32_t *q, int n)
{
    int found = 0;
    for (int i = 0; i + n <= s; i++) found += memcmp(x + i, q, (size_t)n * sizeof *q) == 0;
    return found;
}

static void make(generator_item *out, const double *opt, draws *d, int64_t index)
{
    const int s = (int)opt[STRING], n = (int)opt[N], k = (int)opt[ANSWER];
    const int kinds = (int)opt[VOCAB] - GENERATOR_SYMBOL, first = (int)opt[FIRST];
    int32_t *x = out->token + 1 + first * (n + 1), *q = first ? out->token + 1 : x + s + 1;
    int32_t *answer = out->token + out->n - k;
    int at;
    (void)index;
    do {
        for (int i = 0; i < s; i++) x[i] = GENERATOR_SYMBOL + (int32_t)draws_below(d, kinds);
        at = (int)draws_below(d, s - n - k + 1);
    } while (count(x, s, x + at, n) > 1);
    memcpy(q, x + at, (size_t)n * sizeof *q);
    memcpy(answer, x + at + n, (size_t)k * sizeof *q);
    x[s] = GENERATOR_MARK;
    if (first) x[-1] = GENERATOR_MARK;
    generator_answer_add(out, out->n - k, out->n, (int)(x - out->token) + at + n, -1);
}

const task_generator task_generator_ngram = {
    .name = "ngram",
    .help = "look up what follows an n-gram of a string",
    .shape = "BOS x1 ... xs | q1 ... qn [a1 ... ak]",
    .options = OPTIONS,
    .check = check,
    .length = length,
    .vocab = vocab,
    .make = make,
};
