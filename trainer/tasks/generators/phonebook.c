/* phonebook.c - look up numbers by name (after Jelassi et al., Repeat after me, 2024):
 *
 *     Ada Hill: 5832          one line for each of `entries` different names
 *     ...
 *                             an empty line
 *     Max Wood: [7104]        `queries` names of the book, each once
 *
 * Numbers have `digits` digits, the first of them not 0.  The numbers asked for are the answers; in
 * a suite an item ends with one of them, and the questions before it are examples.
 */
#include "core/base/growing.h"
#include "trainer/tasks/generator.h"

#include <math.h>
#include <stdlib.h>

enum { ENTRIES, QUERIES, DIGITS };

static const char *const FIRST[] = { "Ada",  "Ann",  "Ben",   "Carl",  "Dora", "Emma", "Eric",
                                     "Eva",  "Fred", "Greta", "Hans",  "Ida",  "Ivan", "Jane",
                                     "John", "Kate", "Leo",   "Lily",  "Mark", "Mary", "Max",
                                     "Nina", "Noel", "Olga",  "Oscar", "Paul", "Rosa", "Ruth",
                                     "Sam",  "Tom",  "Vera",  "Will" };
static const char *const LAST[] = { "Baker", "Bell",  "Berg",   "Brook",  "Carter", "Cook",
                                    "Dale",  "Field", "Fisher", "Ford",   "Gold",   "Green",
                                    "Hall",  "Hill",  "Hunter", "King",   "Lake",   "Lane",
                                    "Marsh", "Mason", "Miller", "Park",   "Pond",   "Rivers",
                                    "Shaw",  "Smith", "Stone",  "Taylor", "Turner", "West",
                                    "Wood",  "Young" };
enum { FIRSTS = sizeof FIRST / sizeof *FIRST, LASTS = sizeof LAST / sizeof *LAST };

// clang-format off
static const generator_option OPTIONS[] = {
    { "entries", 16, 1, FIRSTS * LASTS, false, "names in the book" },
    { "queries", 1,  1, FIRSTS * LASTS, false, "names that are asked for; at most entries" },
    { "digits",  4,  1, 18,             false, "digits of a number" },
    { 0 },
};
// clang-format on

static bool check(const double *opt, error *e)
{
    return opt[QUERIES] <= opt[ENTRIES] ||
           error_usage(e, "phonebook: queries=%.0f are more than entries=%.0f", opt[QUERIES],
                       opt[ENTRIES]);
}

/* Write a line; returns where its number begins. */
static int put_line(FILE *f, int32_t name, int64_t number)
{
    fprintf(f, "%s %s: ", FIRST[name % FIRSTS], LAST[name / FIRSTS]);
    const long at = ftell(f);
    fprintf(f, "%lld\n", (long long)number);
    return (int)at;
}

static void make(generator_item *out, const double *opt, draws *d, int64_t index)
{
    const int n = (int)opt[ENTRIES], queries = (int)opt[QUERIES], digits = (int)opt[DIGITS];
    const int64_t least = (int64_t)llround(pow(10, digits - 1));
    int32_t *name = error_zeroed(3 * (size_t)n, sizeof *name), *at = name + n, *asked = at + n;
    int64_t *number = error_zeroed((size_t)n, sizeof *number);
    growing words;
    (void)index;
    draws_sample(name, d, 0, FIRSTS * LASTS, n);
    draws_sample(asked, d, 0, n, queries);
    growing_open(&words);
    for (int i = 0; i < n; i++) {
        number[i] = least + draws_below(d, 9 * least);
        at[i] = put_line(words.f, name[i], number[i]);
    }
    fputc('\n', words.f);
    for (int i = 0; i < queries; i++) {
        const int k = asked[i], from = put_line(words.f, name[k], number[k]);
        generator_answer_add(out, from, from + digits, at[k], n > 1 ? (double)k / (n - 1) : 0);
    }
    out->text = growing_close(&words);
    free(name), free(number);
}

const task_generator task_generator_phonebook = {
    .name = "phonebook",
    .help = "look up numbers by name",
    .shape = "text: lines \"Ada Hill: 5832\", an empty line, \"Max Wood: [7104]\"",
    .options = OPTIONS,
    .check = check,
    .make = make,
};
