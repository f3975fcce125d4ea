/* passkey.c - a number hidden in irrelevant text, asked for at the end (after Mohtashami and Jaggi,
 * Landmark attention, 2023; the wording is attnlab's).
 *
 *     introduction, filler x X, the number, filler x Y, the question, [the number]
 *
 * X + Y = filler.  Items walk through `depths` equally spaced depths X / (X + Y) from 0 to 1 by
 * their index, so n items for each of several lengths are a grid of depth and length.
 */
#include "core/base/growing.h"
#include "trainer/tasks/generator.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FILLER, DEPTHS, DIGITS };

// clang-format off
static const generator_option OPTIONS[] = {
    { "filler", 16, 0, 1 << 16, false, "times that the filler of five sentences stands in the text" },
    { "depths", 5,  1, 1000,    false, "places of the number, from the beginning to the end" },
    { "digits", 5,  1, 18,      false, "digits of the number" },
    { 0 },
};
// clang-format on

static const char INTRODUCTION[] =
    "One number is hidden in the text below. Remember it; it is asked for at the end.\n";
static const char FILLING[] =
    "The sea is calm. The road is long. The night is clear. We walk on. Then we rest.\n";

static void make(generator_item *out, const double *opt, draws *d, int64_t index)
{
    const int filler = (int)opt[FILLER], depths = (int)opt[DEPTHS], digits = (int)opt[DIGITS];
    const double depth = depths > 1 ? (double)(index % depths) / (depths - 1) : 0.5;
    const int before = (int)lround(depth * filler);
    const int64_t least = (int64_t)llround(pow(10, digits - 1));
    const long long number = (long long)(least + draws_below(d, 9 * least));
    growing words;
    growing_open(&words);
    fputs(INTRODUCTION, words.f);
    for (int i = 0; i < before; i++) fputs(FILLING, words.f);
    fputs("The secret number is ", words.f);
    const long evidence = ftell(words.f);
    fprintf(words.f, "%lld. Keep %lld in mind.\n", number, number);
    for (int i = before; i < filler; i++) fputs(FILLING, words.f);
    fputs("What is the secret number? The secret number is ", words.f);
    const long from = ftell(words.f);
    fprintf(words.f, "%lld", number);
    out->text = growing_close(&words);
    generator_answer_add(out, (int)from, (int)from + digits, (int)evidence, depth);
}

const task_generator task_generator_passkey = {
    .name = "passkey",
    .help = "find a number in irrelevant text, at several depths",
    .shape = "text: filler, \"The secret number is 48213.\", filler, the question [48213]",
    .options = OPTIONS,
    .make = make,
};
